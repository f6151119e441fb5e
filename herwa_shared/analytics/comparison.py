"""The relative change of a metric between a window and its comparison window."""

from datetime import datetime

from herwa_shared.analytics.intervals import get_interval_end, list_finished_points, list_started_points
from herwa_shared.analytics.metric_definitions import Aggregation, get_definition
from herwa_shared.analytics.results import TimeSeries


def compute_relative_change(
    series: TimeSeries, comparison: TimeSeries | None, *, now: datetime | None = None
) -> float | None:
    """Return the relative change of the total against the comparison: 0.12 means 12% more.

    While the window is running, only its finished intervals are compared. Returns None if a comparison would be unfair:
    there is no comparison, its total is 0, or an interval of either series is not fully covered by data.
    """
    if comparison is None or comparison.total == 0:
        return None
    if get_definition(series.metric).aggregation is not Aggregation.LATEST_SAMPLE and not (
        is_fully_counted(series, now) and is_fully_counted(comparison, now)
    ):
        return None
    current_total, comparison_total = _get_comparable_totals(series, comparison, now)
    return current_total / comparison_total - 1 if comparison_total else None


def _get_comparable_totals(series: TimeSeries, comparison: TimeSeries, now: datetime | None) -> tuple[int, int]:
    """Return both totals, restricted to the finished intervals if the window is running.

    Returns zeros for distinct members of a running window: adding up intervals would count a member more than once.
    """
    is_complete = now is None or now >= series.end or comparison.end - comparison.start <= now - series.start
    if is_complete or get_definition(series.metric).aggregation is Aggregation.LATEST_SAMPLE:
        return series.total, comparison.total
    if get_definition(series.metric).aggregation is Aggregation.DISTINCT_MEMBERS:
        return 0, 0
    finished_count = len(list_finished_points(series, now))
    current_total, comparison_total = (
        sum(point.value or 0 for point in timeseries.points[:finished_count]) for timeseries in (series, comparison)
    )
    return current_total, comparison_total


def is_fully_counted(series: TimeSeries, now: datetime | None) -> bool:
    """Return whether every started interval is fully covered; the running one may be partial."""
    return bool(series.points) and all(
        point.value is not None and not (point.partial and (now is None or get_interval_end(point, series) <= now))
        for point in list_started_points(series, now)
    )
