"""The change of a number between two periods. This module alone decides which change may be shown, and how.

Every surface (page, tooltip, picture, bot, Home, API) shows a `Change` that was built here.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from herwa_shared.analytics.coverage import Coverage
from herwa_shared.analytics.metric_definitions import Aggregation, MetricDefinition
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import MIN_COVERAGE_SHARE, Point, PointStatus
from herwa_shared.analytics.table_selection import get_raw_events_start

HOUR = timedelta(hours=1)
MIN_PERCENT_BASE = 20
"""A change of a smaller base is shown as a difference, not as a percentage."""
MIN_RELATIVE_CHANGE = 0.0005
"""A smaller relative change is shown as no change."""


@dataclass(frozen=True, slots=True)
class Change:
    """A number and the number it is compared with, its base."""

    value: int
    base: int

    @property
    def difference(self) -> int:
        """The value minus the base."""
        return self.value - self.base

    @property
    def ratio(self) -> float | None:
        """The relative change (0.12 is 12% more); None if the base is too small for a percentage."""
        return self.difference / self.base if self.base >= MIN_PERCENT_BASE else None

    @property
    def direction(self) -> int:
        """1 for a rise, -1 for a drop, 0 for no change worth showing."""
        if self.difference == 0 or (self.ratio is not None and abs(self.ratio) < MIN_RELATIVE_CHANGE):
            return 0
        return 1 if self.difference > 0 else -1

    def is_good(self, *, rising_is_good: bool | None) -> bool | None:
        """Return whether the change is good news; None for no change and for a metric without a better direction."""
        return None if rising_is_good is None or self.direction == 0 else (self.direction > 0) == rising_is_good


@dataclass(frozen=True, slots=True)
class ComparedWindows:
    """The part of a window that has elapsed, and the part of the comparison window of the same length."""

    current: ActivityQuery
    base: ActivityQuery


def align_windows(query: ActivityQuery, comparison: ActivityQuery, now: datetime) -> ComparedWindows | None:
    """Reduce a window and its comparison window to the same elapsed time.

    A running window is compared up to `now`, to the second. Where the comparison window is older than the raw events,
    both end with the last complete hour. Returns None if nothing has elapsed.
    """
    if now >= query.end:
        return ComparedWindows(query, comparison)
    elapsed = timedelta(seconds=(now - query.start) // timedelta(seconds=1))
    if comparison.start + elapsed < get_raw_events_start(now) + HOUR:
        elapsed = elapsed // HOUR * HOUR
    if elapsed <= timedelta():
        return None
    return ComparedWindows(
        replace(query, end=query.start + elapsed),
        replace(comparison, end=min(comparison.end, comparison.start + elapsed)),
    )


def build_change(
    value: int | None, base: int | None, windows: ComparedWindows, *, definition: MetricDefinition, coverage: Coverage
) -> Change | None:
    """Build the change of a total between aligned windows.

    Returns None if one of the totals is unknown, or if less than 99% of either window was recorded. A sampled metric
    needs no coverage: its total is one sample.
    """
    if value is None or base is None:
        return None
    is_recorded = definition.aggregation is Aggregation.LATEST_SAMPLE or all(
        coverage.get_share(window.start, window.end) >= MIN_COVERAGE_SHARE for window in (windows.current, windows.base)
    )
    return Change(value, base) if is_recorded else None


def build_point_change(point: Point, base: Point | None) -> Change | None:
    """Build the change of one interval against the interval at the same position of the comparison window.

    Returns None unless both are complete.
    """
    if base is None or point.value is None or base.value is None:
        return None
    is_complete = point.status is PointStatus.COMPLETE and base.status is PointStatus.COMPLETE
    return Change(point.value, base.value) if is_complete else None
