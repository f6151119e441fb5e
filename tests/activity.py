"""Guilds, coverage and events as rows, for tests of the read side."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from herwa_shared.models import Channel, CollectorRun, Guild, GuildStay, HistoryCoverage, Member
from herwa_shared.stores import Stores

COLUMNS = ["guild_id", "kind", "at", "channel_id", "thread_id", "user_id", "reply", "value", "attachments"]
OWNER = 42
BOT_JOINED = datetime(2015, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wrote:
    """One message, or another kind of event with its one number."""

    at: datetime
    user: int = 7
    channel: int = 1
    kind: str = "message"
    value: int | None = None


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


async def record(stores: Stores, guild_id: int, messages: Iterable[Wrote]) -> None:
    rows = [[guild_id, m.kind, m.at, m.channel, 0, m.user, False, m.value, None] for m in messages]
    await stores.clickhouse.insert("activity_events", rows, column_names=COLUMNS)


async def add_guild(
    stores: Stores, *, joined_at: datetime = BOT_JOINED, timezone: str | None = None, left_at: datetime | None = None
) -> int:
    """A guild of which nobody knows anything, on a shard that no other test listens to."""
    guild_id = random.getrandbits(62)
    async with stores.database.transaction() as session:
        session.add(
            Guild(id=guild_id, name="Tea", owner_id=OWNER, joined_at=joined_at, timezone=timezone, left_at=left_at)
        )
        await session.flush()
        session.add(GuildStay(guild_id=guild_id, joined_at=joined_at, left_at=left_at))
    return guild_id


async def add_history(stores: Stores, guild_id: int, start: datetime, end: datetime) -> None:
    async with stores.database.transaction() as session:
        session.add(HistoryCoverage(guild_id=guild_id, from_at=start, to_at=end, source="import"))


async def add_run(stores: Stores, guild_id: int, start: datetime, seen: datetime, *, intents: int = 0) -> None:
    """A collector of this guild's shard, one of so many that it is nobody else's."""
    count = (1 << 31) - 1
    async with stores.database.transaction() as session:
        session.add(
            CollectorRun(
                shard_id=(guild_id >> 22) % count, shard_count=count, started_at=start, seen_at=seen, intents=intents
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
