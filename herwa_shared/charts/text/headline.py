"""The headline of the overview: one sentence with the total, its change and the main cause.

Also phrases for time windows that fit into a sentence: `in the last 7 days`, `yesterday`, `in Mar 2025`.
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

DAY = timedelta(days=1)
DayBounds = tuple[date, date]
"""The first day, and the day after the last day."""


def build_headline(
    series: TimeSeries,
    comparison: TimeSeries | None = None,
    *,
    now: datetime | None = None,
    kpi: Kpi | None = None,
    contributor: RankedItem | None = None,
) -> str:
    """Build the headline of a series.

    For example: 1,204 people talked in the last 7 days, 8% more than in the 7 days before; most of the rise is #events.

    `kpi` is the KPI of the same metric and window. Its change is preferred over one computed from the series, because
    it is also known for distinct members of a running window. `contributor` is the channel that contributes most to the
    change. If intervals are gaps, the sentence reports them and claims no change.
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
        action = phrases.singular_action if series.total == 1 else phrases.plural_action
        sentence = f"{format_int(series.total)} {action} {period_text}"
    relative_change = kpi.change if kpi else compute_relative_change(series, comparison, now=now)
    if comparison is not None and relative_change is not None:
        change_text = format_change(relative_change, describe_comparison(series, comparison, now))
        return f"{sentence}, {change_text}{_format_contributor(relative_change, contributor)}."
    if (
        len(counted_points) < len(started_points)
        and get_definition(series.metric).aggregation is not Aggregation.LATEST_SAMPLE
    ):
        return (
            f"{sentence}; {_format_uncounted(len(started_points) - len(counted_points), len(started_points), series)}."
        )
    return f"{sentence}."


def describe_period(series: TimeSeries, now: datetime | None = None) -> str:
    """Describe the window of a series: `today`, `in the last 7 days`, `in Mar 2025`.

    Without `now` the phrase is absolute: never `today`, `yesterday`, `this month` or `in the last …`.
    """
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
    """Describe the comparison window relative to the series: `in the 7 days before`.

    For a running day, month or year it states that only the elapsed part is compared: `by this point of the month
    before`.
    """
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


def _format_contributor(relative_change: float, channel: RankedItem | None) -> str:
    if channel is None or channel.name is None or abs(relative_change) < MIN_RELATIVE_CHANGE:
        return ""
    return f"; most of the {'rise' if relative_change > 0 else 'drop'} is #{channel.name}"


def _format_uncounted(missing: int, total: int, series: TimeSeries) -> str:
    verb = "was" if missing == 1 else "were"
    return f"{format_int(missing)} of {format_int(total)} {series.interval}s {verb} not counted"


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
