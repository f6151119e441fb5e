"""Imported periods of guilds: within them, no events means 0, not unknown."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.models import Guild, ImportedPeriod
from herwa_shared.models.collection import ALL_CHANNELS


async def record_imported_period(
    session: AsyncSession,
    *,
    guild_id: int,
    begin: datetime,
    end: datetime,
    source: str,
    channel_id: int = ALL_CHANNELS,
    kinds: Collection[str] | None = None,
) -> bool:
    """Record the imported period `[begin, end)`; idempotent. Returns False for an unknown guild.

    `kinds` are the event kinds that the import carries completely. None: messages, and whatever it contains.
    """
    if await session.get(Guild, guild_id) is None:
        return False
    row = {"guild_id": guild_id, "channel_id": channel_id, "from_at": begin, "to_at": end, "source": source}
    statement = insert(ImportedPeriod).values(row | {"kinds": None if kinds is None else sorted(kinds)})
    await session.execute(statement.on_conflict_do_nothing())
    return True


async def list_guilds_with_imports(session: AsyncSession, *, sources: Collection[str]) -> frozenset[int]:
    """List the ids of guilds with a period imported from one of these sources."""
    rows = await session.scalars(select(ImportedPeriod.guild_id).where(col(ImportedPeriod.source).in_(sources)))
    return frozenset(rows)
