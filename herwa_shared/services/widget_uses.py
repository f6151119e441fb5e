"""How often widgets are seen and clicked: counted in memory, saved every few seconds. Nothing of visitors is stored."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from herwa_shared.models import WidgetUse
from herwa_shared.models.columns import matches_any

USE_RETENTION = timedelta(days=400)
MAX_BATCH_COUNTS = 20_000
SAVE_LOCK_ID = 0x574944555345  # "WIDUSE" in ASCII: one process saves at a time, so that none waits for another's rows

ADD_USES_SQL = text("""
INSERT INTO widget_use AS known (widget_id, day, views, clicks)
SELECT batch.* FROM unnest(
    CAST(:widget_ids AS bigint[]), CAST(:days AS date[]), CAST(:views AS bigint[]), CAST(:clicks AS bigint[])
) AS batch (widget_id, day, views, clicks)
JOIN widget ON widget.id = batch.widget_id
ON CONFLICT (widget_id, day) DO UPDATE
SET views = known.views + excluded.views, clicks = known.clicks + excluded.clicks
""")


class UseBatch:
    """Views and clicks per widget and day (UTC) that are not saved yet. Bounded."""

    def __init__(self) -> None:
        self.counts: dict[tuple[int, date], list[int]] = {}

    def add(self, widget_id: int, day: date, *, views: int = 0, clicks: int = 0) -> bool:
        """Add views and clicks. Returns False if they are not counted because the batch is full."""
        counts = self.counts.get((widget_id, day))
        if counts is None:
            if len(self.counts) >= MAX_BATCH_COUNTS:
                return False
            counts = self.counts[widget_id, day] = [0, 0]
        counts[0] += views
        counts[1] += clicks
        return True

    def merge(self, later: "UseBatch") -> None:
        """Add all counts of a later batch."""
        for (widget_id, day), (views, clicks) in later.counts.items():
            self.add(widget_id, day, views=views, clicks=clicks)


async def save_uses(session: AsyncSession, batch: UseBatch) -> None:
    """Save a batch. Widgets that were deleted meanwhile are left out."""
    await session.execute(select(func.pg_advisory_xact_lock(SAVE_LOCK_ID)))
    rows = [(widget_id, day, *counts) for (widget_id, day), counts in batch.counts.items()]
    names = ("widget_ids", "days", "views", "clicks")
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    await session.execute(ADD_USES_SQL, {name: list(column) for name, column in zip(names, columns, strict=True)})


@dataclass(frozen=True, slots=True)
class WidgetUses:
    """Views and clicks of a widget on each of the last days, oldest first; today included."""

    views: tuple[int, ...]
    clicks: tuple[int, ...]


async def load_uses(
    session: AsyncSession, *, widget_ids: Collection[int], days: int, now: datetime
) -> dict[int, WidgetUses]:
    """Load the use of widgets on the last `days` days (UTC)."""
    first_day = now.date() - timedelta(days=days - 1)
    query = select(WidgetUse).where(matches_any(WidgetUse.widget_id, widget_ids), col(WidgetUse.day) >= first_day)
    counts = {(row.widget_id, row.day): (row.views, row.clicks) for row in await session.scalars(query)}
    dates = [first_day + timedelta(days=index) for index in range(days)]
    return {
        widget_id: WidgetUses(
            tuple(counts.get((widget_id, day), (0, 0))[0] for day in dates),
            tuple(counts.get((widget_id, day), (0, 0))[1] for day in dates),
        )
        for widget_id in widget_ids
    }


async def purge_uses(session: AsyncSession, *, now: datetime) -> None:
    """Delete counts that are older than their retention."""
    await session.execute(delete(WidgetUse).where(col(WidgetUse.day) < (now - USE_RETENTION).date()))
