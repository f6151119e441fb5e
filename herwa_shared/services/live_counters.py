"""Live counters of guilds: how many members are online and in voice now."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import select

from herwa_shared.models import Guild, GuildLiveCounters
from herwa_shared.models.columns import matches_any


@dataclass(frozen=True, slots=True)
class LiveCounters:
    """The counters of a guild and when they last changed.

    `online` is None until Discord has sent it once.
    """

    online: int | None
    in_voice: int
    at: datetime


async def load_live_counters(session: AsyncSession, guild_ids: Collection[int]) -> dict[int, LiveCounters]:
    """Load the counters of these guilds; guilds that no collector has counted yet are missing."""
    rows = await session.execute(select(GuildLiveCounters).where(matches_any(GuildLiveCounters.guild_id, guild_ids)))
    return {row.guild_id: LiveCounters(row.online, row.in_voice, row.at) for row in rows.scalars()}


async def save_live_counters(session: AsyncSession, counters: Mapping[int, LiveCounters]) -> frozenset[int]:
    """Upsert the counters and return the ids of the guilds that were saved.

    Unknown guilds are skipped; the caller has to retry them.
    """
    known_ids = frozenset((await session.execute(select(Guild.id).where(matches_any(Guild.id, counters)))).scalars())
    rows = [{"guild_id": guild_id, **asdict(counters[guild_id])} for guild_id in known_ids]
    if rows:
        statement = insert(GuildLiveCounters)
        updates = {name: statement.excluded[name] for name in ("online", "in_voice", "at")}
        upsert = statement.on_conflict_do_update(index_elements=["guild_id"], set_=updates)
        await (await session.connection()).execute(upsert, rows)
    return known_ids
