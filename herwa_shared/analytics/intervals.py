"""The boundaries of hours, days, weeks and months in any time zone.

Days of 23 and 25 hours, repeated hours and skipped days come out as the local clocks showed them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from herwa_shared.analytics.results import Interval
from herwa_shared.analytics.timezones import (
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    get_day_start,
    list_offset_periods,
    to_local_time,
)
from herwa_shared.errors import BadRequest

MAX_POINTS = 50_000
INTERVAL_WIDTHS = {
    Interval.HOUR: timedelta(hours=1),
    Interval.DAY: timedelta(days=1),
    Interval.WEEK: timedelta(days=7),
    Interval.MONTH: timedelta(days=30),
}
"""The nominal length of each interval; real days and months differ."""
_MIN_SECONDS = {  # the shortest regular length of each interval, for the limit on the number of points
    Interval.HOUR: SECONDS_PER_HOUR,
    Interval.DAY: SECONDS_PER_DAY,
    Interval.WEEK: 7 * SECONDS_PER_DAY,
    Interval.MONTH: 28 * SECONDS_PER_DAY,
}
_COARSER_INTERVALS = {Interval.HOUR: "day, week or month", Interval.DAY: "week or month", Interval.WEEK: "month"}


def list_bucket_edges(start: int, end: int, interval: Interval, zone: ZoneInfo, *, week_start: int = 1) -> list[int]:
    """Return the starts of the intervals that overlap `[start, end)`, and the end of the last.

    All values are Unix timestamps in seconds, strictly increasing. An hour that the clocks repeat is two intervals, a
    day that they skip is none, weeks begin on the ISO weekday `week_start`. Raises BadRequest if there would be more
    than 50,000 intervals.
    """
    points = (end - start) // _MIN_SECONDS[interval] + 1
    if points > MAX_POINTS:
        raise BadRequest(
            f"Too many points: {points:,} by {interval}, at most {MAX_POINTS:,}."
            f" Choose the interval {_COARSER_INTERVALS.get(interval, 'month')}, or a shorter window.",
            field="interval",
        )
    starts = (
        _iterate_hours(start, end, zone)
        if interval is Interval.HOUR
        else _iterate_dates(start, end, interval, zone, week_start)
    )
    edges = _remove_repeats(starts)
    return edges[bisect_right(edges, start) - 1 : bisect_left(edges, end) + 1]


def _iterate_hours(start: int, end: int, zone: ZoneInfo) -> Iterator[int]:
    for period in list_offset_periods(start - SECONDS_PER_DAY, end + SECONDS_PER_DAY, zone):
        yield period.start
        first_full = period.start + -(period.start + period.offset) % SECONDS_PER_HOUR
        yield from range(first_full, period.end, SECONDS_PER_HOUR)


def _iterate_dates(start: int, end: int, interval: Interval, zone: ZoneInfo, week_start: int) -> Iterator[int]:
    day = _floor_to_interval(to_local_time(start, zone).date() - timedelta(days=1), interval, week_start)
    while (instant := get_day_start(day, zone)) < end:
        yield instant
        day = _advance(day, interval)
    yield instant


def _floor_to_interval(day: date, interval: Interval, week_start: int) -> date:
    if interval is Interval.MONTH:
        return day.replace(day=1)
    return day - timedelta(days=(day.isoweekday() - week_start) % 7) if interval is Interval.WEEK else day


def _advance(day: date, interval: Interval) -> date:
    if interval is Interval.MONTH:
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=7 if interval is Interval.WEEK else 1)


def _remove_repeats(instants: Iterable[int]) -> list[int]:
    """Drop repeated starts: a skipped day starts at the same instant as the next day."""
    starts: list[int] = []
    for instant in instants:
        if not starts or instant > starts[-1]:
            starts.append(instant)
    return starts
