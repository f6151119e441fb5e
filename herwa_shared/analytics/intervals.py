"""Where hours, days, weeks and months begin in any time zone, days of 23 and 25 hours and repeated hours included."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from herwa_shared.analytics.results import Interval, Point, Series
from herwa_shared.analytics.timezones import DAY, HOUR, first_instant, stretches, wall_at
from herwa_shared.errors import BadRequest

MAX_POINTS = 50_000
_AT_LEAST = {Interval.HOUR: HOUR, Interval.DAY: DAY, Interval.WEEK: 7 * DAY, Interval.MONTH: 28 * DAY}
_COARSER = {Interval.HOUR: "day, week or month", Interval.DAY: "week or month", Interval.WEEK: "month"}


def edges_of(start: int, end: int, interval: Interval, zone: ZoneInfo) -> list[int]:
    """Where the intervals that touch `[start, end)` begin, and last where the last of them ends; seconds since 1970.

    An hour that the clocks show twice is two intervals, a day that they skip is none, weeks begin on Monday.
    Raises BadRequest when that would be more than 50,000.
    """
    points = (end - start) // _AT_LEAST[interval] + 1
    if points > MAX_POINTS:
        raise BadRequest(
            f"By {interval} that would be {points:,} points, and at most {MAX_POINTS:,} are given at once."
            f" Choose the interval {_COARSER.get(interval, 'month')}, or a shorter window."
        )
    begins = _hours(start, end, zone) if interval is Interval.HOUR else _dates(start, end, interval, zone)
    rising = _rising(begins)
    return rising[bisect_right(rising, start) - 1 : bisect_left(rising, end) + 1]


def _hours(start: int, end: int, zone: ZoneInfo) -> Iterator[int]:
    for stretch in stretches(start - DAY, end + DAY, zone):
        yield stretch.start
        first_full = stretch.start + -(stretch.start + stretch.offset) % HOUR
        yield from range(first_full, stretch.end, HOUR)


def _dates(start: int, end: int, interval: Interval, zone: ZoneInfo) -> Iterator[int]:
    day = _floor(wall_at(start, zone).date() - timedelta(days=1), interval)
    while (instant := first_instant(datetime.combine(day, time()), zone)) < end:
        yield instant
        day = _next(day, interval)
    yield instant


def _floor(day: date, interval: Interval) -> date:
    if interval is Interval.MONTH:
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if interval is Interval.WEEK else day


def _next(day: date, interval: Interval) -> date:
    if interval is Interval.MONTH:
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=7 if interval is Interval.WEEK else 1)


def _rising(instants: Iterable[int]) -> list[int]:
    """Without repetitions: a skipped day begins when the next one does."""
    kept: list[int] = []
    for instant in instants:
        if not kept or instant > kept[-1]:
            kept.append(instant)
    return kept


WIDTHS = {
    Interval.HOUR: timedelta(hours=1),
    Interval.DAY: timedelta(days=1),
    Interval.WEEK: timedelta(days=7),
    Interval.MONTH: timedelta(days=30),
}


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
