"""Requests to ask Discord what servers have bought. The bot makes them at events, the worker carries them out."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.clock import utc_now
from herwa_shared.models import EntitlementCheck

ALL_GUILDS = 0


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """A request to ask Discord what a guild has bought; None stands for all guilds."""

    guild_id: int | None
    requested_at: datetime


async def request_check(session: AsyncSession, *, guild_id: int | None) -> None:
    """Request to ask Discord what a guild has bought, or all guilds; the worker asks within a second."""
    statement = insert(EntitlementCheck).values(guild_id=guild_id or ALL_GUILDS, requested_at=utc_now())
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["guild_id"], set_={"requested_at": statement.excluded.requested_at}
        )
    )


async def list_check_requests(session: AsyncSession) -> tuple[CheckRequest, ...]:
    """List the requests; one for all guilds stands alone, because it includes the others."""
    rows = await session.scalars(select(EntitlementCheck).order_by(col(EntitlementCheck.guild_id)))
    requests = tuple(CheckRequest(row.guild_id or None, row.requested_at) for row in rows)
    return requests[:1] if requests and requests[0].guild_id is None else requests


async def finish_check(session: AsyncSession, request: CheckRequest) -> None:
    """Delete a request that was carried out, unless it was made again meanwhile.

    With one for all guilds, delete also those for single guilds that are not newer.
    """
    query = delete(EntitlementCheck).where(col(EntitlementCheck.requested_at) <= request.requested_at)
    if request.guild_id is not None:
        query = query.where(col(EntitlementCheck.guild_id) == request.guild_id)
    await session.execute(query)
