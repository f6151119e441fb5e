"""Short texts about the state of a series: no data, incomplete intervals, empty charts."""

from datetime import timedelta

from herwa_shared.analytics.results import Point, PointStatus, TimeSeries
from herwa_shared.charts.formatting import format_interval_count, format_long_day, format_period
from herwa_shared.charts.text.metric_phrases import get_metric_phrases

NO_DATA = "no data"
SO_FAR = "so far"
PARTIAL = "partial"
ESTIMATE = "estimate"
CONTAINS_ESTIMATES = "dotted: estimate"
ESTIMATED_GROWTH = "estimate: members who are still here"
ESTIMATED_TOTAL = "Estimated from the members who are still here."
ESTIMATED_COMPARISON = "No changes shown: the earlier period is an estimate."
NO_DATA_IN_PERIOD = "No data in this period"
_MIN_LISTED_LENGTH = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def format_history_border(day: str) -> str:
    """Format where the history of the server begins, at the edge of a chart."""
    return f"History begins {day}"


def describe_empty_series(series: TimeSeries) -> str:
    """Return the text in an empty chart: no data, no activity, or no activity in the part that has data."""
    recorded_count = len(series.recorded_points)
    if not recorded_count:
        return NO_DATA_IN_PERIOD
    none = get_metric_phrases(series.metric).none
    if recorded_count < len(series.started_points):
        return f"{none} in {format_interval_count(recorded_count, series.interval)} with data"
    return f"{none} in this period"


def describe_estimates(series: TimeSeries) -> str:
    """Say which values of a series are estimates, and from what; empty if none are."""
    estimated = [point for point in series.points if point.status is PointStatus.ESTIMATED]
    if not estimated:
        return ""
    if series.is_estimated:
        return ESTIMATED_TOTAL
    day = format_long_day(estimated[-1].end - _SECOND, series.zone)
    return f"Estimated until {day} from the members who are still here."


def describe_incomplete_point(point: Point, series: TimeSeries) -> str:
    """Describe why a value is incomplete: `so far`, `partial`, `only Aug 31, 2021`, `estimate`; empty if complete."""
    if point.status is PointStatus.CURRENT:
        return SO_FAR
    if point.status is PointStatus.ESTIMATED:
        return ESTIMATE
    if not point.is_partial:
        return ""
    if point.is_cut and point.end - point.start > _MIN_LISTED_LENGTH:
        start, end = max(point.start, series.start), min(point.end, series.end)
        return f"only {format_period(start, end, series.zone)}"
    return PARTIAL
