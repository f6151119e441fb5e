"""Date range presets (today, last 7 days …), resolved to windows in a time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from herwa_shared.analytics.results import Interval
from herwa_shared.analytics.timezones import SECONDS_PER_HOUR, get_utc_offset, to_instant, to_local_time

# The longest windows that are shown by hour, by day and by week by default.
MAX_HOURLY_LENGTH, MAX_DAILY_LENGTH, MAX_WEEKLY_LENGTH = timedelta(days=2.5), timedelta(days=93), timedelta(days=400)
# The shortest and longest window, in days, for which an interval can be chosen.
_MIN_DAYS = {Interval.HOUR: 0, Interval.DAY: 2, Interval.WEEK: 14, Interval.MONTH: 56}
_MAX_DAYS = {Interval.HOUR: 32, Interval.DAY: 750, Interval.WEEK: 5_000, Interval.MONTH: 50_000}
_PRESET_DAYS = {"7d": 7, "28d": 28, "30d": 30, "91d": 91}


class DateRangePreset(StrEnum):
    """A named date range. The values appear in URLs. Ranges of days end with today."""

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
        """The label in menus."""
        return _LABELS[self]


_LABELS = {
    DateRangePreset.TODAY: "Today",
    DateRangePreset.YESTERDAY: "Yesterday",
    DateRangePreset.DAY: "Last 24 hours",
    DateRangePreset.WEEK: "Last 7 days",
    DateRangePreset.FOUR_WEEKS: "Last 28 days",
    DateRangePreset.MONTH: "Last 30 days",
    DateRangePreset.QUARTER: "Last 91 days",
    DateRangePreset.THIS_MONTH: "Month to date",
    DateRangePreset.LAST_MONTH: "Last month",
    DateRangePreset.THIS_YEAR: "Year to date",
    DateRangePreset.TWELVE_MONTHS: "Last 12 months",
    DateRangePreset.ALL: "All time",
    DateRangePreset.CUSTOM: "Custom",
}


_TO_DATE_PRESETS = (DateRangePreset.THIS_MONTH, DateRangePreset.THIS_YEAR, DateRangePreset.TWELVE_MONTHS)


@dataclass(frozen=True, slots=True)
class DateRange:
    """A window `[start, end)` of timezone-aware datetimes."""

    start: datetime
    end: datetime


def resolve_preset(
    preset: DateRangePreset, zone: ZoneInfo, now: datetime, *, data_start: datetime | None = None
) -> DateRange:
    """Return the window of a preset at `now`, in the days of `zone`.

    "Last n days" includes today. "All time" starts on the day of `data_start`, the first recorded hour of the guild; it
    resolves to the last 30 days without `data_start`, and so does a custom range.
    """
    if preset is DateRangePreset.DAY:
        now_second = int(now.timestamp())
        end = now_second - (now_second + get_utc_offset(now_second, zone)) % SECONDS_PER_HOUR + SECONDS_PER_HOUR
        return DateRange(datetime.fromtimestamp(end - 24 * SECONDS_PER_HOUR, UTC), datetime.fromtimestamp(end, UTC))
    today = now.astimezone(zone).date()
    first_date, end_date = _resolve_dates(preset, today, data_start.astimezone(zone).date() if data_start else None)
    return DateRange(_get_midnight(first_date, zone), _get_midnight(min(end_date, today + timedelta(days=1)), zone))


def resolve_full_periods(preset: DateRangePreset, zone: ZoneInfo, now: datetime) -> DateRange | None:
    """Return the entire months or years of a range to date; None for any other preset."""
    if preset not in _TO_DATE_PRESETS:
        return None
    first_date, end_date = _resolve_dates(preset, now.astimezone(zone).date(), None)
    return DateRange(_get_midnight(first_date, zone), _get_midnight(end_date, zone))


def match_preset(date_range: DateRange, zone: ZoneInfo, now: datetime) -> DateRangePreset:
    """Return the preset that resolves to this window at `now`, else CUSTOM; never ALL.

    The entire current month or year matches the range to date.
    """
    presets = (preset for preset in DateRangePreset if preset not in (DateRangePreset.ALL, DateRangePreset.CUSTOM))
    return next(
        (
            preset
            for preset in presets
            if date_range in (resolve_preset(preset, zone, now), resolve_full_periods(preset, zone, now))
        ),
        DateRangePreset.CUSTOM,
    )


def get_default_interval(date_range: DateRange) -> Interval:
    """Return the interval in which a window of this length is shown by default."""
    length = date_range.end - date_range.start
    if length <= MAX_HOURLY_LENGTH:
        return Interval.HOUR
    if length <= MAX_DAILY_LENGTH:
        return Interval.DAY
    return Interval.WEEK if length <= MAX_WEEKLY_LENGTH else Interval.MONTH


def list_allowed_intervals(date_range: DateRange) -> tuple[Interval, ...]:
    """Return the intervals that give a readable chart: neither a single point nor thousands."""
    days = (date_range.end - date_range.start) / timedelta(days=1)
    return tuple(interval for interval in Interval if _MIN_DAYS[interval] <= days <= _MAX_DAYS[interval])


def get_first_day(date_range: DateRange, zone: ZoneInfo) -> date:
    """Return the local date on which a window starts."""
    return date_range.start.astimezone(zone).date()


def get_last_day(date_range: DateRange, zone: ZoneInfo) -> date:
    """Return the last local date that overlaps a window (inclusive)."""
    return to_local_time(int(date_range.end.timestamp()) - 1, zone).date()


def build_day_range(first: date, last: date, zone: ZoneInfo) -> DateRange:
    """Return the window from the start of one day to the end of another, in either order."""
    first, last = sorted((first, last))
    return DateRange(_get_midnight(first, zone), _get_midnight(last + timedelta(days=1), zone))


def _resolve_dates(preset: DateRangePreset, today: date, data_start: date | None) -> tuple[date, date]:
    """Return the first day and the day after the last day of a preset."""
    tomorrow, first = today + timedelta(days=1), today.replace(day=1)
    dates = {
        DateRangePreset.TODAY: (today, tomorrow),
        DateRangePreset.YESTERDAY: (today - timedelta(days=1), today),
        DateRangePreset.THIS_MONTH: (first, _add_months(first, 1)),
        DateRangePreset.LAST_MONTH: (_add_months(first, -1), first),
        DateRangePreset.THIS_YEAR: (first.replace(month=1), first.replace(year=first.year + 1, month=1)),
        DateRangePreset.TWELVE_MONTHS: (_add_months(first, -11), _add_months(first, 1)),
    }
    if data_start and preset is DateRangePreset.ALL:
        return min(data_start, today), tomorrow
    return dates.get(preset) or (tomorrow - timedelta(days=_PRESET_DAYS.get(preset, 30)), tomorrow)


def _add_months(first: date, months: int) -> date:
    """Add months to a date on the first of a month."""
    year, month = divmod(12 * first.year + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _get_midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(to_instant(datetime.combine(day, time()), zone), UTC)
