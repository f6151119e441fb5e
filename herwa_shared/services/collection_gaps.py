"""Record the gaps of single guilds and channels in the collection of events."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.models import CollectionGap, Guild
from herwa_shared.models.collection import ALL_CHANNELS

__all__ = ["ALL_CHANNELS", "GapRecord", "load_open_gaps", "save_gaps"]


@dataclass(frozen=True, slots=True)
class GapRecord:
    """A gap of a guild (`channel_id` is 0) or of one of its channels; `to_at` is None while it lasts."""

    guild_id: int
    channel_id: int
    from_at: datetime
    to_at: datetime | None = None


async def save_gaps(session: AsyncSession, gaps: Collection[GapRecord]) -> None:
    """Insert gaps, or update their ends. Gaps of unknown guilds are ignored."""
    guild_ids = {gap.guild_id for gap in gaps}
    result = await session.execute(select(Guild.id).where(col(Guild.id).in_(guild_ids)))
    known_guild_ids = set(result.scalars())
    rows = {
        (gap.guild_id, gap.channel_id, gap.from_at): {
            "guild_id": gap.guild_id,
            "channel_id": gap.channel_id,
            "from_at": gap.from_at,
            "to_at": gap.to_at,
        }
        for gap in gaps
        if gap.guild_id in known_guild_ids
    }
    if rows:
        statement = insert(CollectionGap).values(list(rows.values()))
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["guild_id", "channel_id", "from_at"], set_={"to_at": statement.excluded.to_at}
            )
        )


async def load_open_gaps(session: AsyncSession) -> list[GapRecord]:
    """Load the gaps that had not ended when the last collector wrote."""
    result = await session.execute(select(CollectionGap).where(col(CollectionGap.to_at).is_(None)))
    return [GapRecord(gap.guild_id, gap.channel_id, gap.from_at) for gap in result.scalars()]
