"""Record the gaps of single guilds and channels in the collection of events."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.models import CollectionGap
from herwa_shared.models.collection import ALL_CHANNELS

__all__ = ["ALL_CHANNELS", "GapRecord", "load_open_gaps", "save_gaps"]

# An outage of Discord opens a gap for every guild at once: a parameter for each value would exceed their maximum.
SAVE_SQL = text("""
INSERT INTO collection_gap (guild_id, channel_id, from_at, to_at)
SELECT gap.* FROM unnest(
    CAST(:guild_ids AS bigint[]), CAST(:channel_ids AS bigint[]), CAST(:starts AS timestamptz[]),
    CAST(:ends AS timestamptz[])
) AS gap (guild_id, channel_id, from_at, to_at)
JOIN guild ON guild.id = gap.guild_id
ON CONFLICT (guild_id, channel_id, from_at) DO UPDATE SET to_at = excluded.to_at
""")


@dataclass(frozen=True, slots=True)
class GapRecord:
    """A gap of a guild (`channel_id` is 0) or of one of its channels; `to_at` is None while it lasts."""

    guild_id: int
    channel_id: int
    from_at: datetime
    to_at: datetime | None = None


async def save_gaps(session: AsyncSession, gaps: Collection[GapRecord]) -> None:
    """Insert gaps, or update their ends. Of equal gaps the last counts; those of unknown guilds are ignored."""
    changed_gaps = {(gap.guild_id, gap.channel_id, gap.from_at): gap for gap in gaps}.values()
    parameters = {
        "guild_ids": [gap.guild_id for gap in changed_gaps],
        "channel_ids": [gap.channel_id for gap in changed_gaps],
        "starts": [gap.from_at for gap in changed_gaps],
        "ends": [gap.to_at for gap in changed_gaps],
    }
    await session.execute(SAVE_SQL, parameters)


async def load_open_gaps(session: AsyncSession) -> list[GapRecord]:
    """Load the gaps that had not ended when the last collector wrote."""
    result = await session.execute(select(CollectionGap).where(col(CollectionGap.to_at).is_(None)))
    return [GapRecord(gap.guild_id, gap.channel_id, gap.from_at) for gap in result.scalars()]
