"""Imported periods of guilds: within them, no events means 0, not unknown."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.models import Guild, ImportedPeriod


async def record_imported_period(
    session: AsyncSession, *, guild_id: int, begin: datetime, end: datetime, source: str
) -> bool:
    """Record the imported period `[begin, end)`; idempotent. Returns False for an unknown guild."""
    if await session.get(Guild, guild_id) is None:
        return False
    row = {"guild_id": guild_id, "from_at": begin, "to_at": end, "source": source}
    await session.execute(insert(ImportedPeriod).values(row).on_conflict_do_nothing())
    return True


async def list_guilds_with_imports(session: AsyncSession, *, source: str) -> frozenset[int]:
    """List the ids of guilds with a period imported from this source."""
    rows = await session.scalars(select(ImportedPeriod.guild_id).where(col(ImportedPeriod.source) == source))
    return frozenset(rows)
