"""Which stretches of a guild's past have been brought in, so that their silence counts as silence."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.models import Guild, HistoryCoverage


async def note_history(session: AsyncSession, *, guild_id: int, begin: datetime, end: datetime, source: str) -> bool:
    """Note `[begin, end)`; saying it twice changes nothing. False when the guild is not known yet."""
    if await session.get(Guild, guild_id) is None:
        return False
    row = {"guild_id": guild_id, "from_at": begin, "to_at": end, "source": source}
    await session.execute(insert(HistoryCoverage).values(row).on_conflict_do_nothing())
    return True


async def guilds_with_history(session: AsyncSession, *, source: str) -> frozenset[int]:
    """The guilds into which a stretch of the past has been brought from there."""
    rows = await session.scalars(select(HistoryCoverage.guild_id).where(col(HistoryCoverage.source) == source))
    return frozenset(rows)
