"""The relative change of a number between a window and the window that it is compared with."""

from datetime import datetime

from herwa_shared.analytics.intervals import get_interval_end, list_finished_points, list_started_points
from herwa_shared.analytics.metric_definitions import Aggregation, get_definition
from herwa_shared.analytics.results import TimeSeries


def compute_relative_change(
    series: TimeSeries, comparison: TimeSeries | None, *, now: datetime | None = None
) -> float | None:
    """How much the total grew over the compared window: 0.12 is 12% more. Of a running window, what is over counts.

    None where the two cannot be compared fairly: nothing to compare with, or intervals that nobody counted in full.
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
    """Both totals, or the sums of as many intervals as are over; zeros where people would be counted twice."""
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
    """Whether every interval was counted in full; the one still running is excused."""
    return bool(series.points) and all(
        point.value is not None and not (point.partial and (now is None or get_interval_end(point, series) <= now))
        for point in list_started_points(series, now)
    )
