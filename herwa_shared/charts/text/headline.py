"""The overview's one sentence: how much happened, how that compares, and what is behind it.

A window in words that fit into a sentence: `in the last 7 days`, `yesterday`, `in Mar 2025`.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from herwa_shared.analytics.comparison import compute_relative_change
from herwa_shared.analytics.intervals import list_started_points
from herwa_shared.analytics.kpis import Kpi
from herwa_shared.analytics.metric_definitions import Aggregation, get_definition
from herwa_shared.analytics.results import RankedItem, TimeSeries
from herwa_shared.charts.formatting import MONTHS, format_day, format_int, format_time
from herwa_shared.charts.text.metric_phrases import MIN_RELATIVE_CHANGE, format_change, get_metric_phrases


def build_headline(
    series: TimeSeries,
    comparison: TimeSeries | None = None,
    *,
    now: datetime | None = None,
    kpi: Kpi | None = None,
    contributor: RankedItem | None = None,
) -> str:
    """One sentence.

    For example: 1,204 people talked in the last 7 days, 8% more than in the 7 days before; most of the rise is #events.
    `kpi` is the same metric at a glance and knows the change better, for people of a running window above all; `behind`
    is the channel that makes up most of it. What was not counted is said, and no change claimed over it.
    """
    started_points = list_started_points(series, now)
    counted_points = [point for point in started_points if point.value is not None]
    period_text = describe_period(series, now)
    if not counted_points:
        return f"Nothing was counted {period_text}."
    phrases = get_metric_phrases(series.metric)
    if series.total == 0:
        sentence = f"{phrases.no_action} {period_text}"
    else:
        sentence = f"{format_int(series.total)} {phrases.singular_action if series.total == 1 else phrases.plural_action} {period_text}"
    relative_change = kpi.change if kpi else compute_relative_change(series, comparison, now=now)
    if comparison is not None and relative_change is not None:
        return f"{sentence}, {format_change(relative_change, describe_comparison(series, comparison, now))}{_format_contributor(relative_change, contributor)}."
    if (
        len(counted_points) < len(started_points)
        and get_definition(series.metric).aggregation is not Aggregation.LATEST_SAMPLE
    ):
        return (
            f"{sentence}; {_format_uncounted(len(started_points) - len(counted_points), len(started_points), series)}."
        )
    return f"{sentence}."


def _format_contributor(relative_change: float, channel: RankedItem | None) -> str:
    if channel is None or channel.name is None or abs(relative_change) < MIN_RELATIVE_CHANGE:
        return ""
    return f"; most of the {'rise' if relative_change > 0 else 'drop'} is #{channel.name}"


def _format_uncounted(missing: int, total: int, series: TimeSeries) -> str:
    return f"{format_int(missing)} of {format_int(total)} {series.interval}s {'was' if missing == 1 else 'were'} not counted"


DAY = timedelta(days=1)
DayBounds = tuple[date, date]
"""The first day, and the day after the last."""


def describe_period(series: TimeSeries, now: datetime | None = None) -> str:
    """When it happened. Without `now` nothing is `today` or `last`."""
    bounds = _get_day_bounds(series)
    if bounds is None:
        return _describe_hours(series, now)
    first_day, end_day = bounds
    today, calendar_unit = now.astimezone(series.zone).date() if now else None, _get_calendar_unit(bounds)
    if today and end_day - first_day == DAY and today in bounds:
        return "today" if today == first_day else "yesterday"
    if today and end_day == today + DAY and not calendar_unit:
        return f"in the last {format_int((end_day - first_day).days)} days"
    if calendar_unit:
        return (
            f"this {calendar_unit}"
            if today and first_day <= today < end_day
            else f"in {_format_calendar_unit(first_day, calendar_unit)}"
        )
    return _format_day_range(bounds)


def describe_comparison(series: TimeSeries, comparison: TimeSeries, now: datetime | None = None) -> str:
    """With what it is compared; of a running day, month or year that is as much as has passed of it."""
    bounds, comparison_bounds = _get_day_bounds(series), _get_day_bounds(comparison)
    is_running = now is not None and series.start <= now < series.end
    if bounds is None or comparison_bounds is None:
        return "in the time before" if comparison.end <= series.start else _describe_hours(comparison, None)
    if all(
        current_day.year == comparison_day.year + 1 and current_day.month == comparison_day.month
        for current_day, comparison_day in zip(bounds, comparison_bounds, strict=True)
    ):
        return f"{'by this point' if is_running else 'at the same time'} a year before"
    calendar_unit = _get_calendar_unit(bounds)
    if comparison_bounds[1] == bounds[0] and calendar_unit and calendar_unit == _get_calendar_unit(comparison_bounds):
        return f"{'by this point of' if is_running else 'in'} the {calendar_unit} before"
    if comparison_bounds[1] == bounds[0] and bounds[1] - bounds[0] == DAY:
        return f"{'by this hour of' if is_running else 'on'} the day before"
    return (
        f"in the {format_int((comparison_bounds[1] - comparison_bounds[0]).days)} days before"
        if comparison_bounds[1] == bounds[0]
        else _format_day_range(comparison_bounds)
    )


def _get_day_bounds(series: TimeSeries) -> DayBounds | None:
    """The days of a window that is made of whole ones."""
    start, end = (moment.astimezone(series.zone) for moment in (series.start, series.end))
    return (start.date(), end.date()) if _is_day_start(start) and _is_day_start(end) else None


def _is_day_start(moment: datetime) -> bool:
    """Also where the clocks skip midnight."""
    previous_moment = datetime.fromtimestamp(moment.timestamp() - 1, moment.tzinfo)
    return moment.time() == time() or moment.date() != previous_moment.date()


def _get_calendar_unit(bounds: DayBounds) -> str | None:
    """The name of what these days are a whole one of."""
    first_day, end_day = bounds
    if first_day.day != 1 or end_day.day != 1:
        return None
    months = 12 * (end_day.year - first_day.year) + end_day.month - first_day.month
    return "month" if months == 1 else "year" if months == 12 and first_day.month == 1 else None


def _format_calendar_unit(first_day: date, calendar_unit: str) -> str:
    return str(first_day.year) if calendar_unit == "year" else f"{MONTHS[first_day.month - 1]} {first_day.year}"


def _format_day_range(bounds: DayBounds) -> str:
    first_day, last_day = bounds[0], bounds[1] - DAY
    if first_day == last_day:
        return f"on {format_day(first_day)}, {first_day.year}"
    year = "" if first_day.year == last_day.year else f", {first_day.year}"
    return f"from {format_day(first_day)}{year} to {format_day(last_day)}, {last_day.year}"


def _describe_hours(series: TimeSeries, now: datetime | None) -> str:
    hours = round((series.end - series.start) / timedelta(hours=1))
    if now is not None and series.start <= now < series.end <= now + timedelta(hours=1):
        return f"in the last {format_int(hours)} hours" if hours > 1 else "in this hour"
    return f"from {_format_moment(series.start, series.zone)} to {_format_moment(series.end, series.zone)}"


def _format_moment(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{format_day(local)}, {local.year} {format_time(local)}"
