"""Insights about a series in up to three sentences, and the alt text of its chart.

A summed metric gets total, peak and pattern (busy hours or weekdays, days without activity, trend). A sampled metric
(members) gets latest value, maximum and net change or what is estimated, a median its value and maximum. Only
representative intervals (over, not cut by the window, recorded) enter averages, patterns and trends.
"""

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean, median

from herwa_shared.analytics.compared_series import ComparedSeries
from herwa_shared.analytics.comparison import MIN_PERCENT_BASE, Change
from herwa_shared.analytics.metric_definitions import Aggregation, get_definition
from herwa_shared.analytics.results import Interval, Point, PointStatus, TimeSeries
from herwa_shared.charts.axes import format_interval
from herwa_shared.charts.formatting import (
    WEEKDAYS,
    format_int,
    format_interval_count,
    format_percent,
    format_period,
    format_timezone,
)
from herwa_shared.charts.text.changes import append_change
from herwa_shared.charts.text.metric_phrases import format_amount, format_value, get_metric_phrases
from herwa_shared.charts.text.periods import describe_base_period
from herwa_shared.charts.text.series_texts import describe_estimates

MAX_ALT_TEXT_LENGTH = 1024
"""Discord's limit for the description (alt text) of an attachment, in characters."""
NOT_ENOUGH_DATA = "Not enough data for trends yet."
MIN_PATTERN_WEEKS = 6
"""A rhythm of weekdays is described only if each weekday occurs this often."""
TIMES = "\N{MULTIPLICATION SIGN}"
_PEAK_HOURS = 3
"""Length of the busiest period of a day, in hours."""
_MIN_TREND_CHANGE = 0.05


def list_insights(compared: ComparedSeries) -> list[str]:
    """Return one to three sentences: total and change, busiest interval, pattern."""
    series = compared.series
    if not series.recorded_points:
        return _describe_no_data(series)
    if get_definition(series.metric).aggregation is Aggregation.LATEST_SAMPLE:
        return _describe_samples(compared)
    if get_definition(series.metric).aggregation is Aggregation.MEDIAN:
        return _describe_medians(compared)
    if series.total == 0:
        return [_describe_total(compared)]
    return [_describe_total(compared), *_describe_peak(series), _describe_pattern(series) or NOT_ENOUGH_DATA]


def build_alt_text(compared: ComparedSeries) -> str:
    """Build the alt text of the chart, truncated to MAX_ALT_TEXT_LENGTH."""
    series = compared.series
    chart_title = f"Line chart: {get_metric_phrases(series.metric).title.lower()} per {series.interval.value}"
    period_text = f"{format_period(series.start, series.end, series.zone)} ({format_timezone(series.zone)})"
    return f"{chart_title}, {period_text}. {' '.join(list_insights(compared))}"[:MAX_ALT_TEXT_LENGTH]


def _describe_no_data(series: TimeSeries) -> list[str]:
    return [
        f"No data for {format_period(series.start, series.end, series.zone)}.",
        "The bot was offline or not in the server then.",
        "Check back after some activity.",
    ]


def _describe_total(compared: ComparedSeries) -> str:
    series = compared.series
    head = format_amount(series.total, series.metric) if series.total else f"{get_metric_phrases(series.metric).none}"
    started_count, recorded_count = len(series.started_points), len(series.recorded_points)
    if recorded_count < started_count:
        return f"{head}. Data for {recorded_count} of {format_interval_count(started_count, series.interval)} only."
    if compared.change is not None and compared.comparison is not None:
        base_period = describe_base_period(series, compared.comparison)
        return f"{append_change(head, compared.change, series.metric, base_period)}."
    values = [point.value or 0 for point in series.points if point.is_representative]
    if len(values) < 2 or series.total == 0:
        return f"{head}."
    return f"{head}, {_format_mean(fmean(values))} per {series.interval.value} on average."


def _describe_peak(series: TimeSeries) -> list[str]:
    """Describe the busiest interval. The list is empty without a completed interval to compare it with."""
    points = [point for point in series.recorded_points if point.is_representative]
    if len(points) < 2:
        return []
    peak_point = max(points, key=lambda point: point.value or 0)
    value = peak_point.value or 0
    head = f"Busiest {series.interval.value}: {format_interval(peak_point, series)} with "
    average = fmean(point.value or 0 for point in points)
    if value >= MIN_PERCENT_BASE and value >= 1.5 * average:
        return [f"{head}{format_amount(value, series.metric)} ({_format_mean(value / average)}{TIMES} average)."]
    return [f"{head}{format_amount(value, series.metric)}."] if value else []


def _format_mean(number: float) -> str:
    return format_int(number) if number >= 10 else f"{number:.1f}".removesuffix(".0")


def _describe_samples(compared: ComparedSeries) -> list[str]:
    """Return three sentences: latest value and change, maximum, net change.

    An estimate is too low to be compared with a number that was recorded: the third sentence says what is estimated.
    """
    series, points = compared.series, compared.series.recorded_points
    points = tuple(point for point in points if point.status is not PointStatus.ESTIMATED) or points
    latest_text = f"{format_amount(series.total, series.metric)} {'now' if series.is_running else 'at the end'}"
    if compared.change is not None and compared.comparison is not None:
        base_period = describe_base_period(series, compared.comparison)
        latest_text = append_change(latest_text, compared.change, series.metric, base_period)
    peak_point = max(points, key=lambda point: point.value or 0)
    return [
        f"{latest_text}.",
        f"Highest: {format_int(peak_point.value or 0)}, {format_interval(peak_point, series)}.",
        describe_estimates(series) or _describe_net_change(points[0].value or 0, series.total),
    ]


def _describe_medians(compared: ComparedSeries) -> list[str]:
    """Return the median with its change, the 90th percentile, and the highest median if there are several intervals."""
    series, points = compared.series, compared.series.recorded_points
    text = format_amount(series.total, series.metric)
    if compared.change is not None and compared.comparison is not None:
        base_period = describe_base_period(series, compared.comparison)
        text = append_change(text, compared.change, series.metric, base_period)
    peak_point = max(points, key=lambda point: point.value or 0)
    highest = f"Longest: {format_value(peak_point.value or 0, series.metric)}, {format_interval(peak_point, series)}."
    long_wait = [] if series.long_wait is None else [f"9 of 10 within {format_value(series.long_wait, series.metric)}."]
    return [f"{text}.", *long_wait, *([highest] if len(points) > 1 else [])]


def _describe_net_change(first: int, last: int) -> str:
    if first == last:
        return "As many as at the start."
    return f"{format_int(abs(last - first))} {'more' if last > first else 'fewer'} than at the start."


def _describe_pattern(series: TimeSeries) -> str | None:
    """Describe the strongest pattern in the representative intervals. Returns None if there is none."""
    points = [point for point in series.recorded_points if point.is_representative]
    if len(points) < 3:
        return None
    sentence = None
    if series.interval is Interval.HOUR and len(points) >= 24:
        sentence = _describe_peak_hours(series, points)
    elif series.interval is Interval.DAY:
        sentence = _describe_weekdays(series, points)
    return sentence or _describe_silence(series, points) or _describe_trend(points)


def _describe_peak_hours(series: TimeSeries, points: Sequence[Point]) -> str | None:
    totals: dict[int, int] = defaultdict(int)
    for point in points:
        totals[point.start.astimezone(series.zone).hour] += point.value or 0
    total = sum(totals.values())
    if len(totals) < 24 or total < MIN_PERCENT_BASE:
        return None
    window_sums = {hour: sum(totals[(hour + offset) % 24] for offset in range(_PEAK_HOURS)) for hour in totals}
    peak_hour = max(window_sums, key=lambda hour: window_sums[hour])
    share = window_sums[peak_hour] / total
    if share <= 1.5 * _PEAK_HOURS / 24:
        return None
    end_hour = (peak_hour + _PEAK_HOURS) % 24
    plural = get_metric_phrases(series.metric).plural
    return f"{share:.0%} of {plural} between {peak_hour:02}:00 and {end_hour:02}:00."


def _describe_weekdays(series: TimeSeries, points: Sequence[Point]) -> str | None:
    """Compare the weekdays by their medians.

    With a median, a single outlier does not make its weekday the busiest.
    """
    values: dict[int, list[int]] = defaultdict(list)
    for point in points:
        values[point.start.astimezone(series.zone).weekday()].append(point.value or 0)
    if len(values) < 7 or any(len(of_weekday) < MIN_PATTERN_WEEKS for of_weekday in values.values()):
        return None
    medians = {weekday: median(of_weekday) for weekday, of_weekday in values.items()}
    busiest = max(medians, key=lambda weekday: medians[weekday])
    quietest = min(medians, key=lambda weekday: medians[weekday])
    if medians[busiest] < 2 or medians[busiest] < 1.2 * medians[quietest]:
        return None
    return (
        f"Usually busiest on {WEEKDAYS[busiest]}s (about {format_int(medians[busiest])}), "
        f"quietest on {WEEKDAYS[quietest]}s ({format_int(medians[quietest])})."
    )


def _describe_silence(series: TimeSeries, points: Sequence[Point]) -> str | None:
    silent_count = sum(point.value == 0 for point in points)
    if silent_count == 0:
        return None
    share_text = f"{format_int(silent_count)} of {format_interval_count(len(points), series.interval)}"
    return f"{get_metric_phrases(series.metric).none} on {share_text}."


def _describe_trend(points: Sequence[Point]) -> str | None:
    """Compare the halves of the period. Returns None if the first half is too small for a percentage."""
    half = len(points) // 2
    first_sum, second_sum = (sum(point.value or 0 for point in part) for part in (points[:half], points[-half:]))
    change = Change(second_sum, first_sum)
    if change.ratio is None:
        return None
    if abs(change.ratio) < _MIN_TREND_CHANGE:
        return "Steady over the period."
    return f"Trending {'up' if change.direction > 0 else 'down'} {format_percent(change.ratio)}."
