"""Phrases for time windows in sentences: `in the last 7 days`, `so far today`, `the previous 30 days`."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from herwa_shared.analytics.results import TimeSeries
from herwa_shared.charts.formatting import MONTHS, format_day, format_int, format_time

DAY = timedelta(days=1)
DayBounds = tuple[date, date]
"""The first day, and the day after the last day."""
_PREVIOUS_UNITS = {"month": "last month", "year": "last year"}


def describe_period(series: TimeSeries) -> str:
    """Describe the window of a series: `so far today`, `in the last 7 days`, `in Mar 2025`."""
    bounds = _get_day_bounds(series)
    if bounds is None:
        return _describe_hours(series)
    first_day, end_day = bounds
    today = series.as_of.astimezone(series.zone).date()
    if end_day - first_day == DAY and today in bounds:
        return "so far today" if today == first_day else "yesterday"
    if end_day == today + DAY and first_day.day == 1 and first_day in (today.replace(day=1), date(today.year, 1, 1)):
        is_month = first_day.month == today.month
        return f"so far this {'month' if is_month else 'year'}"
    if end_day == today + DAY:
        return f"in the last {format_int((end_day - first_day).days)} days"
    calendar_unit = _get_calendar_unit(bounds)
    return f"in {_format_calendar_unit(first_day, calendar_unit)}" if calendar_unit else _format_day_range(bounds)


def describe_base_period(series: TimeSeries, comparison: TimeSeries) -> str:
    """Describe the comparison window as a noun: `the previous 30 days`, `this time yesterday`, `a year ago`.

    For a running day, month or year it says that only the elapsed part is compared: `the same point last month`.
    """
    bounds, base_bounds = _get_day_bounds(series), _get_day_bounds(comparison)
    if bounds is None or base_bounds is None:
        is_before = comparison.end <= series.start and comparison.end - comparison.start == series.end - series.start
        return f"the {_count_hours(series)} hours before" if is_before else _format_hour_range(comparison)
    if _is_year_before(bounds, base_bounds):
        return "a year ago"
    unit = _get_shifted_unit(bounds, base_bounds)
    if unit:
        return f"the same point {_PREVIOUS_UNITS[unit]}" if series.is_running else f"the {unit} before"
    if base_bounds[1] != bounds[0]:
        return _format_day_range(base_bounds, preposition="")
    if bounds[1] - bounds[0] == DAY:
        return "this time yesterday" if series.is_running else "the day before"
    return f"the previous {format_int((base_bounds[1] - base_bounds[0]).days)} days"


def _is_year_before(bounds: DayBounds, base_bounds: DayBounds) -> bool:
    return all(
        day.year == base_day.year + 1 and day.month == base_day.month
        for day, base_day in zip(bounds, base_bounds, strict=True)
    )


def _get_shifted_unit(bounds: DayBounds, base_bounds: DayBounds) -> str | None:
    """Return `month` or `year` if both windows begin with consecutive calendar units, else None."""
    first_day, base_first_day = bounds[0], base_bounds[0]
    if first_day.day != 1 or base_first_day.day != 1 or base_bounds[1] > first_day:
        return None
    months = 12 * (first_day.year - base_first_day.year) + first_day.month - base_first_day.month
    longest = first_day + timedelta(days=31)
    if months == 1 and bounds[1] <= longest:
        return "month"
    return "year" if months == 12 and first_day.month == 1 else None


def _get_day_bounds(series: TimeSeries) -> DayBounds | None:
    """Return the days of a window that consists of complete days, else None."""
    start, end = (moment.astimezone(series.zone) for moment in (series.start, series.end))
    return (start.date(), end.date()) if _is_day_start(start) and _is_day_start(end) else None


def _is_day_start(moment: datetime) -> bool:
    """Return whether a moment is the first of its local day, also if the clocks skip midnight."""
    previous_moment = datetime.fromtimestamp(moment.timestamp() - 1, moment.tzinfo)
    return moment.time() == time() or moment.date() != previous_moment.date()


def _get_calendar_unit(bounds: DayBounds) -> str | None:
    """Return `month` or `year` if the days are exactly one calendar month or year, else None."""
    first_day, end_day = bounds
    if first_day.day != 1 or end_day.day != 1:
        return None
    months = 12 * (end_day.year - first_day.year) + end_day.month - first_day.month
    return "month" if months == 1 else "year" if months == 12 and first_day.month == 1 else None


def _format_calendar_unit(first_day: date, calendar_unit: str) -> str:
    return str(first_day.year) if calendar_unit == "year" else f"{MONTHS[first_day.month - 1]} {first_day.year}"


def _format_day_range(bounds: DayBounds, *, preposition: str = "from ") -> str:
    first_day, last_day = bounds[0], bounds[1] - DAY
    if first_day == last_day:
        return f"{'on ' if preposition else ''}{format_day(first_day)}, {first_day.year}"
    year = "" if first_day.year == last_day.year else f", {first_day.year}"
    return f"{preposition}{format_day(first_day)}{year} to {format_day(last_day)}, {last_day.year}"


def _describe_hours(series: TimeSeries) -> str:
    if series.is_running and series.end <= series.as_of + timedelta(hours=1):
        hours = _count_hours(series)
        return f"in the last {hours} hours" if hours != "1" else "in this hour"
    return f"from {_format_hour_range(series)}"


def _count_hours(series: TimeSeries) -> str:
    return format_int(round((series.end - series.start) / timedelta(hours=1)))


def _format_hour_range(series: TimeSeries) -> str:
    return f"{_format_moment(series.start, series.zone)} to {_format_moment(series.end, series.zone)}"


def _format_moment(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{format_day(local)}, {local.year} {format_time(local)}"
