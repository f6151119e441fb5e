"""Where the points of a series lie in time: positions, gaps, what is finished and what is not yet.

Which values the axes name: round counts from zero, and dates that people think in.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from math import log10

from herwa_shared.analytics.results import Interval, Point, Series
from herwa_shared.charts.formatting import MONTHS, WEEKDAYS, clock_time, day


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


MOST_DATES = 8
_ROUND = (1, 2, 2.5, 5, 10)

Pick = Callable[[int, datetime], bool]
Label = Callable[[datetime], str]


def count_ticks(peak: int) -> list[int]:
    """Up to six round values from 0 to about the peak; the axis itself ends at `headroom(peak)`."""
    if peak == 0:
        return [0]
    rough = max(peak / 4, 1)
    size: int = 10 ** int(log10(rough))
    steps = (int(size * part) for part in _ROUND if (size * part) % 1 == 0)
    step = next((step for step in steps if step >= rough), size * 10)
    return list(range(0, int(headroom(peak)) + 1, step))


def headroom(peak: int) -> float:
    """Where the axis of counts ends, so that the peak has room for its label."""
    return max(peak, 1) * 1.12


def date_ticks(times: Sequence[datetime], interval: Interval) -> list[tuple[int, str]]:
    """Index and label of at most eight of these local times, at the roundest dates that fit."""
    ticks: list[tuple[int, str]] = []
    for pick, label in _choices(interval):
        ticks = [(index, label(time)) for index, time in enumerate(times) if pick(index, time)]
        if len(ticks) <= MOST_DATES:
            break
    return ticks


def _choices(interval: Interval) -> Iterator[tuple[Pick, Label]]:
    """From the densest to the sparsest way to name dates, each with labels as short as it allows."""
    if interval is Interval.HOUR:
        yield from ((_hours(step), _hour_or_day) for step in (1, 3, 6, 12))
        yield from ((_days(step), day) for step in (1, 2, 7, 14))
    if interval is Interval.DAY:
        yield from ((_each(step), day) for step in (1, 2, 7, 14))
    if interval is Interval.WEEK:
        yield from ((_each(step), day) for step in (1, 2, 4))
    first_days = 7 if interval is Interval.WEEK else 1
    yield from ((_months(step, first_days), _month) for step in (1, 2, 3, 6))
    yield from ((_months(step * 12, first_days), _year) for step in (1, 2, 5, 10, 50))


def _each(step: int) -> Pick:
    return lambda index, _: index % step == 0


def _hours(step: int) -> Pick:
    return lambda _, time: time.hour % step == 0


def _days(step: int) -> Pick:
    return lambda _, time: time.hour == 0 and time.toordinal() % step == 0


def _months(step: int, first_days: int) -> Pick:
    """The first point of every `step`th month, counted from January."""
    return lambda _, time: time.day <= first_days and time.hour == 0 and (time.year * 12 + time.month - 1) % step == 0


def _hour_or_day(time: datetime) -> str:
    return clock_time(time) if time.hour else day(time)


def _month(time: datetime) -> str:
    return f"{MONTHS[time.month - 1]} {time.year}" if time.month == 1 else MONTHS[time.month - 1]


def _year(time: datetime) -> str:
    return str(time.year)
