"""Short texts about the state of a series: no data, incomplete intervals, empty charts."""

from datetime import timedelta

from herwa_shared.analytics.results import Point, PointStatus, TimeSeries
from herwa_shared.charts.formatting import format_interval_count, format_period
from herwa_shared.charts.text.metric_phrases import get_metric_phrases

NO_DATA = "no data"
SO_FAR = "so far"
PARTIAL = "partial"
NO_DATA_IN_PERIOD = "No data in this period"
_MIN_LISTED_LENGTH = timedelta(days=1)


def describe_empty_series(series: TimeSeries) -> str:
    """Return the text in an empty chart: no data, no activity, or no activity in the part that has data."""
    recorded_count = len(series.recorded_points)
    if not recorded_count:
        return NO_DATA_IN_PERIOD
    none = get_metric_phrases(series.metric).none
    if recorded_count < len(series.started_points):
        return f"{none} in {format_interval_count(recorded_count, series.interval)} with data"
    return f"{none} in this period"


def describe_incomplete_point(point: Point, series: TimeSeries) -> str:
    """Describe why a value is incomplete: `so far`, `partial`, `only Aug 31, 2021`; empty for a complete one."""
    if point.status is PointStatus.CURRENT:
        return SO_FAR
    if not point.is_partial:
        return ""
    if point.is_cut and point.end - point.start > _MIN_LISTED_LENGTH:
        start, end = max(point.start, series.start), min(point.end, series.end)
        return f"only {format_period(start, end, series.zone)}"
    return PARTIAL
