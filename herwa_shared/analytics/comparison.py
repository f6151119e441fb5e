"""The relative change of a number between a window and the window that it is compared with."""

from datetime import datetime

from herwa_shared.analytics.intervals import finished, happened, interval_end
from herwa_shared.analytics.metric_definitions import Sum, measure_of
from herwa_shared.analytics.results import Series


def change(series: Series, compare: Series | None, *, now: datetime | None = None) -> float | None:
    """How much the total grew over the compared window: 0.12 is 12% more. Of a running window, what is over counts.

    None where the two cannot be compared fairly: nothing to compare with, or intervals that nobody counted in full.
    """
    if compare is None or compare.total == 0:
        return None
    if measure_of(series.metric).sum is not Sum.NEWEST and not (_whole(series, now) and _whole(compare, now)):
        return None
    after, before = _comparable(series, compare, now)
    return after / before - 1 if before else None


def _comparable(series: Series, compare: Series, now: datetime | None) -> tuple[int, int]:
    """Both totals, or the sums of as many intervals as are over; zeros where people would be counted twice."""
    over = now is None or now >= series.end or compare.end - compare.start <= now - series.start
    if over or measure_of(series.metric).sum is Sum.NEWEST:
        return series.total, compare.total
    if measure_of(series.metric).sum is Sum.PEOPLE:
        return 0, 0
    done = len(finished(series, now))
    after, before = (sum(point.value or 0 for point in one.points[:done]) for one in (series, compare))
    return after, before


def _whole(series: Series, now: datetime | None) -> bool:
    """Whether every interval was counted in full; the one still running is excused."""
    return bool(series.points) and all(
        point.value is not None and not (point.partial and (now is None or interval_end(point, series) <= now))
        for point in happened(series, now)
    )
