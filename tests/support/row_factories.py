"""Inserts guilds, coverage and events directly into the databases, for tests of analytics."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.catalog import Limit
from herwa_shared.changes.data_versions import RAISE_SQL
from herwa_shared.models import (
    Channel,
    EntitlementGrant,
    GatewaySession,
    Guild,
    GuildMembership,
    ImportedPeriod,
    Member,
    Ticket,
)
from herwa_shared.stores import Stores

EVENT_COLUMNS = ["guild_id", "kind", "at", "channel_id", "thread_id", "user_id", "reply", "value", "attachments"]
COMMAND_COLUMNS = ["command", "command_surface", "command_outcome"]
OWNER_ID = 42
BOT_JOINED_AT = datetime(2015, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event: a message, or another kind with its value."""

    at: datetime
    user: int = 7
    channel: int = 1
    kind: str = "message"
    value: int | None = None


def make_utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


async def insert_events(stores: Stores, guild_id: int, events: Iterable[EventRow]) -> None:
    rows = [
        [guild_id, event.kind, event.at, event.channel, 0, event.user, False, event.value, None] for event in events
    ]
    await stores.clickhouse_writer.insert("activity_events", rows, column_names=EVENT_COLUMNS)
    await raise_data_version(stores, guild_id)


async def raise_data_version(stores: Stores, guild_id: int) -> None:
    """Raise the data version of a guild, as the mover does after its inserts."""
    async with stores.database.acquire_connection() as connection:
        await connection.execute(RAISE_SQL, [guild_id])


def grant_all_history(session: AsyncSession, guild_id: int) -> None:
    """Let a guild read its complete history, for tests about windows that are older than a tier allows."""
    limit = Limit.HISTORY_DAYS
    session.add(EntitlementGrant(guild_id=guild_id, limit_key=limit, starts_at=BOT_JOINED_AT, granted_by="test"))


async def add_guild(
    stores: Stores,
    *,
    joined_at: datetime = BOT_JOINED_AT,
    timezone: str | None = None,
    left_at: datetime | None = None,
    has_all_history: bool = True,
) -> int:
    """Create a guild without data, with a random id and thus its own shard; return the id.

    `has_all_history`: statistics reach back further than its tier allows.
    """
    guild_id = random.getrandbits(62)
    async with stores.database.transaction() as session:
        session.add(
            Guild(id=guild_id, name="Tea", owner_id=OWNER_ID, joined_at=joined_at, timezone=timezone, left_at=left_at)
        )
        await session.flush()
        session.add(GuildMembership(guild_id=guild_id, joined_at=joined_at, left_at=left_at))
        if has_all_history:
            grant_all_history(session, guild_id)
    return guild_id


async def add_imported_period(stores: Stores, guild_id: int, start: datetime, end: datetime) -> None:
    async with stores.database.transaction() as session:
        session.add(ImportedPeriod(guild_id=guild_id, from_at=start, to_at=end, source="import"))


async def add_gateway_session(
    stores: Stores, guild_id: int, start: datetime, seen_at: datetime, *, intents: int = 0, break_planned: bool = True
) -> None:
    """Add a gateway session of this guild's shard; the shard count is so large that no other guild shares the shard."""
    shard_count = (1 << 31) - 1
    async with stores.database.transaction() as session:
        session.add(
            GatewaySession(
                shard_id=(guild_id >> 22) % shard_count,
                shard_count=shard_count,
                started_at=start,
                seen_at=seen_at,
                intents=intents,
                break_planned=break_planned,
            )
        )


async def add_channel(stores: Stores, guild_id: int, name: str, *, kind: int = 0, parent_id: int | None = None) -> int:
    channel_id = random.getrandbits(62)
    async with stores.database.transaction() as session:
        session.add(Channel(id=channel_id, guild_id=guild_id, kind=kind, name=name, parent_id=parent_id))
    return channel_id


async def add_member(stores: Stores, guild_id: int, user_id: int, name: str) -> None:
    async with stores.database.transaction() as session:
        session.add(Member(guild_id=guild_id, user_id=user_id, name=name))


async def add_ticket(
    stores: Stores,
    guild_id: int,
    opened_at: datetime,
    *,
    seconds: float | None = None,
    responder: int = 8,
    closed: bool = False,
) -> int:
    """Add a ticket of member 7, answered after `seconds` unless they are None; return the id of its thread."""
    thread_id = random.getrandbits(62)
    async with stores.database.transaction() as session:
        session.add(
            Ticket(
                guild_id=guild_id,
                thread_id=thread_id,
                channel_id=5,
                opener_id=7,
                opened_at=opened_at,
                closed=closed,
                status_at=opened_at,
                response_id=None if seconds is None else thread_id + 1,
                responder_id=None if seconds is None else responder,
                responded_at=None if seconds is None else opened_at + timedelta(seconds=seconds),
            )
        )
    return thread_id
