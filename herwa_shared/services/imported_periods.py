"""Which stretches of a guild's past have been brought in, so that their silence counts as silence."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.models import Guild, ImportedPeriod


async def record_imported_period(
    session: AsyncSession, *, guild_id: int, begin: datetime, end: datetime, source: str
) -> bool:
    """Note `[begin, end)`; saying it twice changes nothing. False when the guild is not known yet."""
    if await session.get(Guild, guild_id) is None:
        return False
    row = {"guild_id": guild_id, "from_at": begin, "to_at": end, "source": source}
    await session.execute(insert(ImportedPeriod).values(row).on_conflict_do_nothing())
    return True


async def list_guilds_with_imports(session: AsyncSession, *, source: str) -> frozenset[int]:
    """The guilds into which a stretch of the past has been brought from there."""
    rows = await session.scalars(select(ImportedPeriod.guild_id).where(col(ImportedPeriod.source) == source))
    return frozenset(rows)
