"""Insights about a series in three sentences, and the alt text of its chart.

A summed metric gets total, peak and pattern (busy hours or weekdays, silence, trend). A sampled metric (members) gets
latest value, maximum and net change.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from statistics import fmean, median

from herwa_shared.analytics.comparison import compute_relative_change, is_fully_counted
from herwa_shared.analytics.intervals import list_finished_points, list_started_points
from herwa_shared.analytics.metric_definitions import Aggregation, get_definition
from herwa_shared.analytics.results import Interval, Point, TimeSeries
from herwa_shared.charts.axes import format_interval
from herwa_shared.charts.formatting import WEEKDAYS, format_int, format_percent, format_period, format_timezone
from herwa_shared.charts.text.metric_phrases import format_amount, format_change, get_metric_phrases

MAX_ALT_TEXT_LENGTH = 1024
"""Discord's limit for the description (alt text) of an attachment, in characters."""
_PEAK_HOURS = 3
"""Length of the busiest period of a day, in hours."""


def list_insights(
    series: TimeSeries, *, comparison: TimeSeries | None = None, now: datetime | None = None
) -> list[str]:
    """Return exactly three sentences: total and change, busiest interval, pattern.

    With `now`, the running interval is not described as quiet.
    """
    counted_points = [point for point in list_started_points(series, now) if point.value is not None]
    if not counted_points:
        return _describe_no_data(series)
    if get_definition(series.metric).aggregation is Aggregation.LATEST_SAMPLE:
        return _describe_samples(series, counted_points, compute_relative_change(series, comparison, now=now))
    if series.total == 0:
        return _describe_empty_series(series, counted_points)
    return [
        _describe_total(series, counted_points, comparison, now),
        _describe_peak(series, counted_points),
        _describe_pattern(series, now) or "That is too little to see a rhythm in.",
    ]


def build_alt_text(series: TimeSeries, *, comparison: TimeSeries | None = None, now: datetime | None = None) -> str:
    """Build the alt text of the chart, truncated to MAX_ALT_TEXT_LENGTH."""
    chart_title = f"Line chart: {get_metric_phrases(series.metric).title.lower()} per {series.interval.value}"
    period_text = f"{format_period(series.start, series.end, series.zone)} ({format_timezone(series.zone)})"
    return f"{chart_title}, {period_text}. {' '.join(list_insights(series, comparison=comparison, now=now))}"[
        :MAX_ALT_TEXT_LENGTH
    ]


def _describe_no_data(series: TimeSeries) -> list[str]:
    return [
        f"Nothing was counted in this period ({format_period(series.start, series.end, series.zone)}).",
        "That is a gap, not silence: Herwa was not there to count.",
        "Numbers appear here as soon as there is something to count.",
    ]


def _describe_empty_series(series: TimeSeries, counted_points: list[Point]) -> list[str]:
    counted_text = _format_interval_count(len(counted_points), series.interval)
    return [
        f"No {get_metric_phrases(series.metric).plural} in {counted_text}.",
        f"No {series.interval.value} stands out.",
        f"As soon as somebody {get_metric_phrases(series.metric).verb}, it shows here.",
    ]


def _describe_total(
    series: TimeSeries, counted_points: list[Point], comparison: TimeSeries | None, now: datetime | None
) -> str:
    started_count = len(list_started_points(series, now))
    counted_text = _format_interval_count(len(counted_points), series.interval)
    head = f"{format_amount(series.total, series.metric)} in {counted_text}"
    if len(counted_points) < started_count:
        uncounted_count = started_count - len(counted_points)
        uncounted_text = _format_interval_count(uncounted_count, series.interval)
        return f"{head}; {uncounted_text} {'was' if uncounted_count == 1 else 'were'} not counted."
    relative_change = compute_relative_change(series, comparison, now=now)
    if relative_change is not None:
        return f"{head}, {format_change(relative_change, 'in the period before')}."
    if comparison is not None and comparison.total == 0 and is_fully_counted(comparison, now):
        return f"{head}, after none in the period before."
    if len(counted_points) == 1:
        return f"{head}."
    mean = sum(point.value or 0 for point in counted_points) / len(counted_points)
    return f"{head}, on average {_format_mean(mean)} {_get_article(series.interval)} {series.interval.value}."


def _describe_peak(series: TimeSeries, counted_points: list[Point]) -> str:
    peak_point = max(counted_points, key=lambda point: point.value or 0)
    value = peak_point.value or 0
    amount_text = format_amount(value, series.metric)
    head = f"The busiest {series.interval.value} was {format_interval(peak_point, series)}, with {amount_text}"
    other_values = [point.value or 0 for point in counted_points if point is not peak_point]
    usual_value = sum(other_values) / len(other_values) if other_values else 0
    if usual_value and value >= 1.5 * usual_value and value - usual_value >= 3:
        return f"{head}, {_format_mean(value / usual_value)} times the usual."
    return f"{head}."


def _format_interval_count(count: int, interval: Interval) -> str:
    return f"{format_int(count)} {interval.value}{'' if count == 1 else 's'}"


def _format_mean(number: float) -> str:
    return format_int(number) if number >= 10 else f"{number:.1f}".removesuffix(".0")


def _get_article(interval: Interval) -> str:
    return "an" if interval is Interval.HOUR else "a"


def _describe_samples(series: TimeSeries, counted_points: Sequence[Point], relative_change: float | None) -> list[str]:
    """Return exactly three sentences: latest value and change, maximum, net change."""
    latest_text = f"{format_amount(series.total, series.metric)} at the end"
    peak_point = max(counted_points, key=lambda point: point.value or 0)
    return [
        f"{latest_text}, {format_change(relative_change, 'in the period before')}."
        if relative_change is not None
        else f"{latest_text}.",
        f"The highest number was {format_int(peak_point.value or 0)}, on {format_interval(peak_point, series)}.",
        _describe_net_change(counted_points[0].value or 0, series.total),
    ]


def _describe_net_change(first: int, last: int) -> str:
    if first == last:
        return "As many as at the beginning."
    return f"{format_int(abs(last - first))} {'more' if last > first else 'fewer'} than at the beginning."


def _describe_pattern(series: TimeSeries, now: datetime | None = None) -> str | None:
    """Describe the strongest pattern in the finished intervals that have data.

    Returns None for fewer than three intervals.
    """
    counted_points = [point for point in list_finished_points(series, now) if point.value is not None]
    if len(counted_points) < 3:
        return None
    if series.interval is Interval.HOUR and len(counted_points) >= 24:
        sentence = _describe_peak_hours(series, counted_points)
    elif series.interval is Interval.DAY and len(counted_points) >= 14:
        sentence = _describe_weekdays(series, counted_points)
    else:
        sentence = None
    return sentence or _describe_silence(series, counted_points) or _describe_trend(series, counted_points)


def _describe_peak_hours(series: TimeSeries, counted_points: Sequence[Point]) -> str | None:
    pairs = [(point.start.astimezone(series.zone).hour, point.value or 0) for point in counted_points]
    means = {hour: fmean(values) for hour, values in _group_values(pairs).items()}
    if len(means) < 24:
        return None
    window_sums = {hour: sum(means[(hour + offset) % 24] for offset in range(_PEAK_HOURS)) for hour in means}
    peak_hour = max(window_sums, key=lambda hour: window_sums[hour])
    share = window_sums[peak_hour] / (sum(means.values()) or 1)
    if share <= 1.5 * _PEAK_HOURS / 24:
        return None
    end_hour = (peak_hour + _PEAK_HOURS) % 24
    return f"The liveliest hours are {peak_hour:02}:00 to {end_hour:02}:00, with {share:.0%} of the day."


def _describe_weekdays(series: TimeSeries, counted_points: Sequence[Point]) -> str | None:
    """Compare the weekdays by their medians.

    With a median, a single outlier does not make its weekday the busiest.
    """
    pairs = [(point.start.astimezone(series.zone).weekday(), point.value or 0) for point in counted_points]
    medians = {weekday: median(values) for weekday, values in _group_values(pairs).items()}
    busiest, quietest = (
        max(medians, key=lambda weekday: medians[weekday]),
        min(medians, key=lambda weekday: medians[weekday]),
    )
    if len(medians) < 7 or medians[busiest] < 2 or medians[busiest] < 1.2 * medians[quietest]:
        return None
    return (
        f"{WEEKDAYS[busiest]}s are the liveliest, typically {format_int(medians[busiest])}; "
        f"{WEEKDAYS[quietest]}s the quietest, with {format_int(medians[quietest])}."
    )


def _describe_silence(series: TimeSeries, counted_points: Sequence[Point]) -> str | None:
    silent_count = sum(point.value == 0 for point in counted_points)
    if silent_count == 0:
        return None
    share_text = f"{format_int(silent_count)} of {format_int(len(counted_points))} {series.interval.value}s"
    return f"{share_text} {'was' if silent_count == 1 else 'were'} silent."


def _describe_trend(series: TimeSeries, counted_points: Sequence[Point]) -> str:
    half = len(counted_points) // 2
    first_mean, second_mean = (
        sum(point.value or 0 for point in part) / half for part in (counted_points[:half], counted_points[-half:])
    )
    if abs(second_mean - first_mean) < 0.05 * first_mean:
        return f"Steady: no {series.interval.value} was silent, and both halves are about alike."
    relative_change = second_mean / first_mean - 1
    comparison_text = (
        f"{format_percent(relative_change)} as much in the second half as"
        if relative_change >= 10
        else f"{format_percent(relative_change)} {'more' if relative_change > 0 else 'less'} in the second half than"
    )
    return f"{'Rising' if relative_change > 0 else 'Falling'}: {comparison_text} in the first."


def _group_values(pairs: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = defaultdict(list)
    for key, value in pairs:
        grouped[key].append(value)
    return grouped
