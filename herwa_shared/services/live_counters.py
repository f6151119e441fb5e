"""The live counters of guilds: how many are online and in voice at this moment."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, literal
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.models import Guild, GuildNow


@dataclass(frozen=True, slots=True)
class Now:
    """One guild's numbers and when they last changed; `online` is None until Discord has said it once."""

    online: int | None
    in_voice: int
    at: datetime


async def guilds_now(session: AsyncSession, guild_ids: Collection[int]) -> dict[int, Now]:
    """The numbers of these guilds; those that no collector has counted yet are left out."""
    rows = await session.execute(select(GuildNow).where(_among(GuildNow.guild_id, guild_ids)))
    return {row.guild_id: Now(row.online, row.in_voice, row.at) for row in rows.scalars()}


async def save_now(session: AsyncSession, nows: Mapping[int, Now]) -> frozenset[int]:
    """Keep the newest numbers; of which guilds they were kept, as those that are not known yet have to wait."""
    known = frozenset((await session.execute(select(Guild.id).where(_among(Guild.id, nows)))).scalars())
    rows = [{"guild_id": guild_id, **asdict(nows[guild_id])} for guild_id in known]
    if rows:
        statement = insert(GuildNow)
        newest = {name: statement.excluded[name] for name in ("online", "in_voice", "at")}
        upsert = statement.on_conflict_do_update(index_elements=["guild_id"], set_=newest)
        await (await session.connection()).execute(upsert, rows)
    return known


def _among(column: int, ids: Collection[int]) -> ColumnElement[bool]:
    """One parameter however many ids."""
    return col(column) == any_(literal(list(ids), ARRAY(BigInteger)))
