"""The value types that analytics returns to charts, API, bot and web."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from herwa_shared.analytics.metric_definitions import Metric

MIN_COVERAGE_SHARE = 0.99
"""Minimum recorded share of a period for comparing it with another. Gaps of short restarts are tolerated."""


class Interval(StrEnum):
    """The length of one point of a time series. Weeks begin on Monday (ISO 8601)."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class PointStatus(StrEnum):
    """What the value of an interval means. The values appear in files."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    CURRENT = "current"
    FUTURE = "future"
    NO_DATA = "no data"
    ESTIMATED = "estimated"


@dataclass(frozen=True, slots=True)
class Point:
    """The value of one interval `[start, end)` (UTC).

    `value` is None for an interval without data (no collector recorded the metric) and for one in the future; it is 0
    if nothing happened. The status tells them apart:

    - `COMPLETE`: the entire interval is over, inside the window and recorded.
    - `PARTIAL`: the window cuts the interval, or only a part of it was recorded. The value is a lower bound.
    - `CURRENT`: the interval is running. `is_cut` and `covered_share` apply to it as well.
    - `FUTURE`: the interval has not begun.
    - `NO_DATA`: nothing was recorded.
    - `ESTIMATED`: nothing was recorded yet; the value is an estimate, see `growth`.

    `covered_share` is the recorded share (0 to 1) of the part that has elapsed within the window.
    """

    start: datetime
    end: datetime
    value: int | None
    status: PointStatus = PointStatus.COMPLETE
    is_cut: bool = False
    covered_share: float = 1.0

    @property
    def is_partial(self) -> bool:
        """Whether the value counts only a part of the elapsed interval."""
        return self.value is not None and (self.is_cut or self.covered_share < 1)

    @property
    def is_representative(self) -> bool:
        """Whether the value may enter averages, trends and patterns: over, not cut, and almost completely recorded."""
        return (
            self.status in (PointStatus.COMPLETE, PointStatus.PARTIAL)
            and not self.is_cut
            and self.covered_share >= MIN_COVERAGE_SHARE
        )


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """One metric of one guild over `[start, end)` (UTC), as it was at `as_of`.

    There is one point per interval of `zone`, in order. The first point starts with its interval, which may be before
    `start`, and the last one may end after `end`: both are cut, and events outside the window do not count. `total` is
    the metric over the entire window; what that is depends on the metric's `Aggregation`. `approximate` means that each
    hourly row was assigned to the interval in which its hour starts: the edges of the intervals are not full UTC hours,
    and the window starts before the retention of the raw events. `long_wait` is the 90th percentile over the entire
    window if `total` is a median; else, and without data, it is None.
    """

    guild_id: int
    metric: Metric
    interval: Interval
    zone: ZoneInfo
    start: datetime
    end: datetime
    total: int
    points: tuple[Point, ...]
    as_of: datetime
    approximate: bool = False
    long_wait: int | None = None

    @property
    def is_running(self) -> bool:
        """Whether the window has begun and not ended."""
        return self.start <= self.as_of < self.end

    @property
    def started_points(self) -> tuple[Point, ...]:
        """The points whose interval has begun."""
        return tuple(point for point in self.points if point.status is not PointStatus.FUTURE)

    @property
    def is_estimated(self) -> bool:
        """Whether the total is an estimate: nothing was recorded in the window."""
        return bool(self.recorded_points) and all(
            point.status is PointStatus.ESTIMATED for point in self.recorded_points
        )

    @property
    def has_estimates(self) -> bool:
        """Whether a point is an estimate."""
        return any(point.status is PointStatus.ESTIMATED for point in self.points)

    @property
    def recorded_points(self) -> tuple[Point, ...]:
        """The points with a value."""
        return tuple(point for point in self.points if point.value is not None)


@dataclass(frozen=True, slots=True)
class RankedItem:
    """One entry of a ranking.

    `name` is None if the name of the channel or member was never recorded.
    """

    id: int
    name: str | None
    value: int


@dataclass(frozen=True, slots=True)
class RankPosition:
    """A position in a ranked list: after the entry with this id. `value` is its value as stored, such as seconds."""

    value: int
    id: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """A ranked list, highest value first, ties by id.

    `approximate` is the same as for `TimeSeries`. `next` is the position of further entries; None if there are none.
    """

    items: tuple[RankedItem, ...]
    approximate: bool = False
    next: RankPosition | None = None


@dataclass(frozen=True, slots=True)
class HeatmapCell:
    """One hour of the week in the query's zone: `weekday` 1 (Monday) to 7, `hour` 0 to 23.

    `value` is None unless `status` is `COMPLETE`. `NO_DATA` means that the hour was recorded on no day of the window,
    `FUTURE` that it is on no elapsed day of the window.
    """

    weekday: int
    hour: int
    value: int | None
    status: PointStatus = PointStatus.COMPLETE


@dataclass(frozen=True, slots=True)
class WeeklyHeatmap:
    """The 168 hours of the week, from the first hour of Monday to the last hour of Sunday."""

    cells: tuple[HeatmapCell, ...]
    approximate: bool = False
