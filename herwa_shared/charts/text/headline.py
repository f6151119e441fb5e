"""The headline of the overview: one sentence with the total, its change and the main cause."""

from datetime import timedelta

from herwa_shared.analytics.compared_series import ComparedSeries
from herwa_shared.analytics.comparison import Change
from herwa_shared.analytics.metric_definitions import Aggregation, get_definition
from herwa_shared.analytics.results import TimeSeries
from herwa_shared.charts.formatting import format_int, format_long_day
from herwa_shared.charts.text.changes import append_change
from herwa_shared.charts.text.metric_phrases import format_value, get_metric_phrases
from herwa_shared.charts.text.periods import describe_base_period, describe_period
from herwa_shared.charts.text.series_texts import ESTIMATE


def build_headline(
    compared: ComparedSeries,
    *,
    contributor_name: str | None = None,
    channel_name: str | None = None,
    is_all_time: bool = False,
) -> str:
    """Build the headline of a series, such as `1,204 messages in the last 7 days, up 8% on the previous 7 days`.

    `contributor_name` is the channel that contributes most to the change, `channel_name` the channel to which the
    series is filtered; both as people see them, such as `#events`. `is_all_time` states the first day instead of the
    number of days. If intervals have no data, the sentence says how many and claims no change.
    """
    series = compared.series
    place = f" in {channel_name}" if channel_name else ""
    period_text = _describe_all_time(series) if is_all_time else describe_period(series)
    if not series.recorded_points:
        return f"No data{place} {period_text}."
    sentence = f"{_describe_total(series)}{place}{_describe_when(series, period_text)}"
    change = compared.change
    if change is not None and compared.comparison is not None:
        sentence = append_change(sentence, change, series.metric, describe_base_period(series, compared.comparison))
        return f"{sentence}{_format_contributor(change, contributor_name)}."
    return f"{sentence}{f' ({ESTIMATE})' if series.is_estimated else ''}{_describe_missing_intervals(series)}."


def _describe_total(series: TimeSeries) -> str:
    phrases = get_metric_phrases(series.metric)
    if series.total == 0:
        return phrases.none
    action = phrases.singular_action if series.total == 1 else phrases.plural_action
    return f"{format_value(series.total, series.metric)} {action}"


def _describe_when(series: TimeSeries, period_text: str) -> str:
    """Return when the total applies; that of a sampled metric applies to the end of the window."""
    if get_definition(series.metric).aggregation is not Aggregation.LATEST_SAMPLE:
        return f" {period_text}"
    return " now" if series.is_running else f" on {format_long_day(series.end - timedelta(seconds=1), series.zone)}"


def _describe_all_time(series: TimeSeries) -> str:
    return f"since {format_long_day(series.start, series.zone)}"


def _format_contributor(change: Change, name: str | None) -> str:
    return f", mostly in {name}" if name and change.direction else ""


def _describe_missing_intervals(series: TimeSeries) -> str:
    if not get_definition(series.metric).has_zero:
        return ""
    started_count = len(series.started_points)
    missing_count = started_count - len(series.recorded_points)
    if not missing_count:
        return ""
    unit = series.interval if started_count == 1 else f"{series.interval}s"
    return f" (no data for {format_int(missing_count)} of {format_int(started_count)} {unit})"
