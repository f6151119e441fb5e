"""The live counters of guilds: how many are online and in voice at this moment."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, literal
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.models import Guild, GuildLiveCounters


@dataclass(frozen=True, slots=True)
class LiveCounters:
    """One guild's numbers and when they last changed; `online` is None until Discord has said it once."""

    online: int | None
    in_voice: int
    at: datetime


async def load_live_counters(session: AsyncSession, guild_ids: Collection[int]) -> dict[int, LiveCounters]:
    """The numbers of these guilds; those that no collector has counted yet are left out."""
    rows = await session.execute(select(GuildLiveCounters).where(_matches_any(GuildLiveCounters.guild_id, guild_ids)))
    return {row.guild_id: LiveCounters(row.online, row.in_voice, row.at) for row in rows.scalars()}


async def save_live_counters(session: AsyncSession, counters: Mapping[int, LiveCounters]) -> frozenset[int]:
    """Keep the newest numbers; of which guilds they were kept, as those that are not known yet have to wait."""
    known_ids = frozenset((await session.execute(select(Guild.id).where(_matches_any(Guild.id, counters)))).scalars())
    rows = [{"guild_id": guild_id, **asdict(counters[guild_id])} for guild_id in known_ids]
    if rows:
        statement = insert(GuildLiveCounters)
        updates = {name: statement.excluded[name] for name in ("online", "in_voice", "at")}
        upsert = statement.on_conflict_do_update(index_elements=["guild_id"], set_=updates)
        await (await session.connection()).execute(upsert, rows)
    return known_ids


def _matches_any(column: int, ids: Collection[int]) -> ColumnElement[bool]:
    """One parameter however many ids."""
    return col(column) == any_(literal(list(ids), ARRAY(BigInteger)))
