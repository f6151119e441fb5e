"""Record who opened data about single members: one row for each user, view and hour."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import asyncpg
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.models import MemberDataView

RETENTION = timedelta(days=90)
MAX_REMEMBERED = 10_000


class MemberView(StrEnum):
    """Where data about single members is shown."""

    OVERVIEW = "overview"
    DOWNLOAD = "download"
    API = "api"
    RESPONDERS = "responders"
    """Who answered tickets, below the reply of `/ticket-stats`."""
    TOP = "top"
    """`/top members` or `/top voice`, for the member who ran it."""
    PUBLIC_TOP = "public_top"
    """The same, posted for everyone in a channel."""


@dataclass(frozen=True, slots=True)
class RecordedView:
    """A user opened a view in the hour that starts at `hour`. `user_id` is 0 after the user was erased."""

    hour: datetime
    user_id: int
    view: MemberView


class MemberViewRecorder:
    """Records views of one process. What it has recorded in the present hour costs no statement again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._hour = datetime.min.replace(tzinfo=UTC)
        self._recorded: set[tuple[int, int, MemberView]] = set()

    async def record(self, guild_id: int, user_id: int, view: MemberView) -> None:
        """Record that the user opens the view now. The row is stored before the data is shown."""
        hour = utc_now().replace(minute=0, second=0, microsecond=0)
        if hour != self._hour or len(self._recorded) >= MAX_REMEMBERED:
            self._hour, self._recorded = hour, set()
        if (guild_id, user_id, view) in self._recorded:
            return
        async with self._database.transaction() as session:
            statement = insert(MemberDataView).values(guild_id=guild_id, hour=hour, user_id=user_id, view=view.value)
            await session.execute(statement.on_conflict_do_nothing())
        self._recorded.add((guild_id, user_id, view))


async def purge_member_views(connection: asyncpg.Connection, *, now: datetime) -> None:
    """Delete views that are older than RETENTION."""
    await connection.execute("DELETE FROM member_data_view WHERE hour < $1", now - RETENTION)


async def list_member_views(session: AsyncSession, *, guild_id: int, limit: int) -> tuple[RecordedView, ...]:
    """List up to `limit` views of data about a guild's members, newest first."""
    query = select(MemberDataView).where(col(MemberDataView.guild_id) == guild_id)
    rows = await session.scalars(query.order_by(col(MemberDataView.hour).desc(), col(MemberDataView.id)).limit(limit))
    return tuple(RecordedView(row.hour, row.user_id, MemberView(row.view)) for row in rows)
