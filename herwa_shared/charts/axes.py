"""The axes of time series charts: positions, gaps, and ticks at round values and dates."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from math import log10
from zoneinfo import ZoneInfo

from herwa_shared.analytics.results import Interval, Point, TimeSeries
from herwa_shared.charts.formatting import MONTHS, WEEKDAYS, format_day, format_time

MAX_DATE_TICKS = 8
SECONDS_PER_DAY = 86_400
MIN_LABELED_GAP_SHARE = 0.12  # of the width of the chart: enough space for the label "no data"
_ROUND_STEPS = (1, 2, 2.5, 5, 10)
_DURATION_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400)

TickFilter = Callable[[int, datetime], bool]
TickFormatter = Callable[[datetime], str]


def list_x_positions(series: TimeSeries) -> list[datetime]:
    """Return the x position of each point, see `place_on_axis`."""
    return place_on_axis([point.start for point in series.points], series.interval, series.zone)


def place_on_axis(starts: Sequence[datetime], interval: Interval, zone: ZoneInfo) -> list[datetime]:
    """Return the x positions of intervals that start at these moments: naive local times, strictly increasing.

    Hours are placed by elapsed time: when the clocks go back, local time repeats an hour, and the line must not run
    backwards.
    """
    local_starts = [start.astimezone(zone) for start in starts]
    if interval is not Interval.HOUR or not local_starts:
        return [start.replace(tzinfo=None) for start in local_starts]
    first = local_starts[0]
    origin = first.replace(tzinfo=None)
    return [origin + timedelta(seconds=start.timestamp() - first.timestamp()) for start in local_starts]


def list_gaps(points: Sequence[Point]) -> list[tuple[int, int]]:
    """Return each run of consecutive gap points (value None) as (first index, last index)."""
    runs = groupby(range(len(points)), key=lambda index: points[index].value is None)
    return [(indexes[0], indexes[-1]) for is_gap, run in runs if is_gap and (indexes := list(run))]


def is_isolated(values: Sequence[int | None], index: int) -> bool:
    """Return whether a point has a value and no neighbor has one.

    Such a point has no line and needs a marker to be visible.
    """
    neighbors = [values[neighbor] for neighbor in (index - 1, index + 1) if 0 <= neighbor < len(values)]
    return values[index] is not None and all(value is None for value in neighbors)


def format_interval(point: Point, series: TimeSeries) -> str:
    """Format the interval of a point: `May 3, 18:00`, `Wed, May 3`, `Week of May 3`, `May 2021`."""
    start = point.start.astimezone(series.zone)
    match series.interval:
        case Interval.HOUR:
            return f"{format_day(start)}, {format_time(start)}"
        case Interval.DAY:
            return f"{WEEKDAYS[start.weekday()][:3]}, {format_day(start)}"
        case Interval.WEEK:
            return f"Week of {format_day(start)}"
        case _:
            return f"{format_day(start).split()[0]} {start.year}"


def build_count_ticks(peak: int) -> list[int]:
    """Return up to six round tick values from 0 to about the peak.

    The axis itself ends at `get_axis_max(peak)`.
    """
    if peak == 0:
        return [0]
    min_step = max(peak / 4, 1)
    magnitude: int = 10 ** int(log10(min_step))
    steps = (int(magnitude * part) for part in _ROUND_STEPS if (magnitude * part) % 1 == 0)
    step = next((step for step in steps if step >= min_step), magnitude * 10)
    return list(range(0, int(get_axis_max(peak)) + 1, step))


def build_duration_ticks(peak: int) -> list[int]:
    """Return tick values in seconds like `build_count_ticks`, at round durations."""
    step = next((step for step in _DURATION_STEPS if step >= peak / 4), None)
    if step is None:
        return [days * SECONDS_PER_DAY for days in build_count_ticks(peak // SECONDS_PER_DAY)]
    return list(range(0, int(get_axis_max(peak)) + 1, step)) if peak else [0]


def get_axis_max(peak: int) -> float:
    """Return the end of the count axis, with space above the peak for its label."""
    return max(peak, 1) * 1.12


def build_date_ticks(times: Sequence[datetime], interval: Interval) -> list[tuple[int, str]]:
    """Return index and label of at most MAX_DATE_TICKS of these local times, at round dates."""
    ticks: list[tuple[int, str]] = []
    for is_tick, format_label in _iterate_tick_styles(interval):
        ticks = [(index, format_label(time)) for index, time in enumerate(times) if is_tick(index, time)]
        if len(ticks) <= MAX_DATE_TICKS:
            break
    return ticks


def _iterate_tick_styles(interval: Interval) -> Iterator[tuple[TickFilter, TickFormatter]]:
    """Yield tick filters from dense to sparse, each with its shortest label format."""
    if interval is Interval.HOUR:
        yield from ((_pick_hours(step), _format_hour_or_day) for step in (1, 3, 6, 12))
        yield from ((_pick_days(step), format_day) for step in (1, 2, 7, 14))
    if interval is Interval.DAY:
        yield from ((_pick_every(step), format_day) for step in (1, 2, 7, 14))
    if interval is Interval.WEEK:
        yield from ((_pick_every(step), format_day) for step in (1, 2, 4))
    first_days = 7 if interval is Interval.WEEK else 1
    yield from ((_pick_months(step, first_days), _format_month) for step in (1, 2, 3, 6))
    yield from ((_pick_months(step * 12, first_days), _format_year) for step in (1, 2, 5, 10, 50))


def _pick_every(step: int) -> TickFilter:
    return lambda index, _: index % step == 0


def _pick_hours(step: int) -> TickFilter:
    return lambda _, time: time.hour % step == 0


def _pick_days(step: int) -> TickFilter:
    return lambda _, time: time.hour == 0 and time.toordinal() % step == 0


def _pick_months(step: int, first_days: int) -> TickFilter:
    """Pick the first point of every `step`-th month, counted from January.

    `first_days` is the number of days at the start of a month in which its first point can lie (7 for weeks).
    """
    return lambda _, time: time.day <= first_days and time.hour == 0 and (time.year * 12 + time.month - 1) % step == 0


def _format_hour_or_day(time: datetime) -> str:
    return format_time(time) if time.hour else format_day(time)


def _format_month(time: datetime) -> str:
    return f"{MONTHS[time.month - 1]} {time.year}" if time.month == 1 else MONTHS[time.month - 1]


def _format_year(time: datetime) -> str:
    return str(time.year)
