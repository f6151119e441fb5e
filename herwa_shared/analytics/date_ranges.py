"""The ranges that people choose by name, as windows of days, months and years on the clocks of a zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from herwa_shared.analytics.results import Interval
from herwa_shared.analytics.timezones import HOUR, first_instant, offset_at, wall_at

HOURLY_UP_TO, DAILY_UP_TO, WEEKLY_UP_TO = timedelta(days=2.5), timedelta(days=93), timedelta(days=400)
_FEWEST = {Interval.HOUR: 0, Interval.DAY: 2, Interval.WEEK: 14, Interval.MONTH: 56}  # days of a window
_MOST = {Interval.HOUR: 32, Interval.DAY: 750, Interval.WEEK: 5_000, Interval.MONTH: 50_000}
_DAYS = {"7d": 7, "28d": 28, "30d": 30, "91d": 91}


class Range(StrEnum):
    """A window by name; the values stand in addresses. Days, months and years are whole: what is to come is empty."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    DAY = "24h"
    WEEK = "7d"
    FOUR_WEEKS = "28d"
    MONTH = "30d"
    QUARTER = "91d"
    THIS_MONTH = "month"
    LAST_MONTH = "last_month"
    THIS_YEAR = "year"
    TWELVE_MONTHS = "12mo"
    ALL = "all"
    CUSTOM = "custom"

    @property
    def label(self) -> str:
        """As menus show it."""
        return _LABELS[self]


_LABELS = {
    Range.TODAY: "Today",
    Range.YESTERDAY: "Yesterday",
    Range.DAY: "Last 24 hours",
    Range.WEEK: "Last 7 days",
    Range.FOUR_WEEKS: "Last 28 days",
    Range.MONTH: "Last 30 days",
    Range.QUARTER: "Last 91 days",
    Range.THIS_MONTH: "Month to date",
    Range.LAST_MONTH: "Last month",
    Range.THIS_YEAR: "Year to date",
    Range.TWELVE_MONTHS: "Last 12 months",
    Range.ALL: "All time",
    Range.CUSTOM: "Custom",
}


@dataclass(frozen=True, slots=True)
class Span:
    """`[start, end)`, aware."""

    start: datetime
    end: datetime


def span_of(chosen: Range, zone: ZoneInfo, now: datetime, *, begin: datetime | None = None) -> Span:
    """The window of a range at `now`. All time runs from the day of `begin`, the guild's first counted hour.

    The last days include today. A custom range has no window of its own and is answered as 30 days.
    """
    if chosen is Range.DAY:
        second = int(now.timestamp())
        end = second - (second + offset_at(second, zone)) % HOUR + HOUR
        return Span(datetime.fromtimestamp(end - 24 * HOUR, UTC), datetime.fromtimestamp(end, UTC))
    first, after = _dates(chosen, now.astimezone(zone).date(), begin.astimezone(zone).date() if begin else None)
    return Span(_midnight(first, zone), _midnight(after, zone))


def named(span: Span, zone: ZoneInfo, now: datetime) -> Range:
    """The name of a window, where it has one at `now`."""
    several = (one for one in Range if one not in (Range.ALL, Range.CUSTOM))
    return next((one for one in several if span_of(one, zone, now) == span), Range.CUSTOM)


def usual_interval(span: Span) -> Interval:
    """The width that shows a window best."""
    length = span.end - span.start
    if length <= HOURLY_UP_TO:
        return Interval.HOUR
    if length <= DAILY_UP_TO:
        return Interval.DAY
    return Interval.WEEK if length <= WEEKLY_UP_TO else Interval.MONTH


def intervals_for(span: Span) -> tuple[Interval, ...]:
    """The widths that make sense in a window: neither a single point nor thousands."""
    days = (span.end - span.start) / timedelta(days=1)
    return tuple(one for one in Interval if _FEWEST[one] <= days <= _MOST[one])


def first_day(span: Span, zone: ZoneInfo) -> date:
    """The day on which a window begins."""
    return span.start.astimezone(zone).date()


def last_day(span: Span, zone: ZoneInfo) -> date:
    """The last day that a window touches, as people name it."""
    return wall_at(int(span.end.timestamp()) - 1, zone).date()


def whole_days(first: date, last: date, zone: ZoneInfo) -> Span:
    """From the beginning of one day to the end of another, in whichever order they were picked."""
    first, last = sorted((first, last))
    return Span(_midnight(first, zone), _midnight(last + timedelta(days=1), zone))


def _dates(chosen: Range, today: date, begin: date | None) -> tuple[date, date]:
    """The first day, and the day after the last."""
    tomorrow, first = today + timedelta(days=1), today.replace(day=1)
    dates = {
        Range.TODAY: (today, tomorrow),
        Range.YESTERDAY: (today - timedelta(days=1), today),
        Range.THIS_MONTH: (first, _month(first, 1)),
        Range.LAST_MONTH: (_month(first, -1), first),
        Range.THIS_YEAR: (first.replace(month=1), first.replace(year=first.year + 1, month=1)),
        Range.TWELVE_MONTHS: (_month(first, -11), _month(first, 1)),
    }
    if begin and chosen is Range.ALL:
        return min(begin, today), tomorrow
    return dates.get(chosen) or (tomorrow - timedelta(days=_DAYS.get(chosen, 30)), tomorrow)


def _month(first: date, later: int) -> date:
    year, month = divmod(12 * first.year + first.month - 1 + later, 12)
    return date(year, month + 1, 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(first_instant(datetime.combine(day, time()), zone), UTC)
