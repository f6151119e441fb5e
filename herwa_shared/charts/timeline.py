"""Where the points of a series lie in time: positions, gaps, what is finished and what is not yet."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby

from herwa_shared.analytics.series import Interval, Point, Series
from herwa_shared.charts.theme import WEEKDAYS, clock_time, day

WIDTHS = {
    Interval.HOUR: timedelta(hours=1),
    Interval.DAY: timedelta(days=1),
    Interval.WEEK: timedelta(days=7),
    Interval.MONTH: timedelta(days=30),
}


def positions(series: Series) -> list[datetime]:
    """One naive local time a point, strictly increasing.

    Hours follow elapsed time: in autumn the wall clock runs twice through one hour, and a line must not turn back.
    """
    starts = [point.start.astimezone(series.zone) for point in series.points]
    if series.interval is not Interval.HOUR or not starts:
        return [start.replace(tzinfo=None) for start in starts]
    first = starts[0]
    origin = first.replace(tzinfo=None)
    return [origin + timedelta(seconds=start.timestamp() - first.timestamp()) for start in starts]


def interval_end(point: Point, series: Series) -> datetime:
    """When the interval that begins with this point is over, in the zone of the series."""
    start = point.start.astimezone(series.zone)
    match series.interval:
        case Interval.HOUR:
            return point.start + WIDTHS[Interval.HOUR]
        case Interval.MONTH:
            return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        case _:
            return start + WIDTHS[series.interval]


def happened(series: Series, now: datetime | None) -> tuple[Point, ...]:
    """The points that have begun. Without `now` all have."""
    return tuple(point for point in series.points if now is None or point.start <= now)


def finished(series: Series, now: datetime | None) -> tuple[Point, ...]:
    """The points whose interval is over; only these may be called quiet."""
    return tuple(point for point in series.points if now is None or interval_end(point, series) <= now)


def gaps(points: Sequence[Point]) -> list[tuple[int, int]]:
    """Each run of points that nobody counted, as first and last index."""
    runs = groupby(range(len(points)), key=lambda index: points[index].value is None)
    return [(indexes[0], indexes[-1]) for missing, run in runs if missing and (indexes := list(run))]


def called(point: Point, series: Series) -> str:
    """The interval of a point in words: `Wednesday, May 3`, `May 3, 18:00`, `the week of May 3`, `May 2021`."""
    start = point.start.astimezone(series.zone)
    match series.interval:
        case Interval.HOUR:
            return f"{day(start)}, {clock_time(start)}"
        case Interval.DAY:
            return f"{WEEKDAYS[start.weekday()]}, {day(start)}"
        case Interval.WEEK:
            return f"the week of {day(start)}"
        case _:
            return f"{day(start).split()[0]} {start.year}"
