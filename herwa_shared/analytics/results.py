"""The value types that analytics returns to charts, API, bot and web."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from herwa_shared.analytics.metric_definitions import Metric


class Interval(StrEnum):
    """The length of one point of a time series. Weeks begin on Monday (ISO 8601)."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Point:
    """The value of one interval, which starts at `start` (UTC) and ends with the next start.

    `value` is None in a gap (no collector recorded the metric) and 0 if nothing happened. `partial` means that only a
    part of the interval was recorded: the value is a lower bound.
    """

    start: datetime
    value: int | None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """One metric of one guild over `[start, end)` (UTC).

    There is one point per interval of `zone`, in order. The first point starts with its interval, which may be before
    `start`; events before `start` do not count in it. `total` is the metric over the entire window; what that is
    depends on the metric's `Aggregation`. `approximate` means that each hourly row was assigned to the interval in
    which its hour starts: the edges of the intervals are not full UTC hours, and the window starts before the retention
    of the raw events.
    """

    guild_id: int
    metric: Metric
    interval: Interval
    zone: ZoneInfo
    start: datetime
    end: datetime
    total: int
    points: tuple[Point, ...]
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class RankedItem:
    """One entry of a ranking.

    `name` is None if the name of the channel or member was never recorded.
    """

    id: int
    name: str | None
    value: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """A ranked list, highest value first, ties by id.

    `approximate` is the same as for `TimeSeries`.
    """

    items: tuple[RankedItem, ...]
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class HeatmapCell:
    """One hour of the week in the query's zone: `weekday` 1 (Monday) to 7, `hour` 0 to 23."""

    weekday: int
    hour: int
    value: int


@dataclass(frozen=True, slots=True)
class WeeklyHeatmap:
    """The 168 hours of the week, from the first hour of Monday to the last hour of Sunday."""

    cells: tuple[HeatmapCell, ...]
    approximate: bool = False
