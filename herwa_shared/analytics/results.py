"""What crosses from analytics to charts, API and web: one metric over time, and ranked lists."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


class Interval(StrEnum):
    """The width of one point. Weeks begin on Monday (ISO)."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Metric(StrEnum):
    """What can be counted; the values are the API's names."""

    MESSAGES = "messages"
    ACTIVE_MEMBERS = "active_members"
    VOICE_MINUTES = "voice_minutes"
    VOICE_MEMBERS = "voice_members"
    JOINS = "joins"
    LEAVES = "leaves"
    MEMBERS = "members"
    REACTIONS = "reactions"
    THREADS = "threads"


@dataclass(frozen=True, slots=True)
class Point:
    """One interval, which starts at `start` (UTC) and ends where the next begins.

    `value` is None where nobody counted (a gap), 0 where nothing happened. `partial` is set where somebody counted for
    a part of it only, so that the true number may be higher.
    """

    start: datetime
    value: int | None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """One metric of one guild over `[start, end)` (UTC), one point an interval of `zone`, in order.

    The first point starts where its interval does, which may be before `start`; what was before is not counted in it.

    `total` is the sum, or for members the distinct count over the whole window. `approximate` is set when hours had to
    be placed by where they start, in a zone off the whole hour and beyond the precise rows.
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
    """One line of a top list. `name` is None when nobody ever told us."""

    id: int
    name: str | None
    value: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """A top list, highest first, equals by id."""

    items: tuple[RankedItem, ...]
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class HeatmapCell:
    """One hour of the week: `weekday` 1 (Monday) to 7, `hour` 0 to 23, in the asker's zone."""

    weekday: int
    hour: int
    value: int


@dataclass(frozen=True, slots=True)
class WeeklyHeatmap:
    """All 168 hours of the week, from Monday's first to Sunday's last."""

    cells: tuple[HeatmapCell, ...]
    approximate: bool = False
