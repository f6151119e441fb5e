"""The rhythm of a series in one sentence: the hours or weekdays that are lively, the silence, or the trend."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from statistics import fmean, median

from herwa_shared.analytics.series import Interval, Point, Series
from herwa_shared.charts.theme import WEEKDAYS, exact, percent
from herwa_shared.charts.timeline import finished

EVENING = 3
"""Hours of the liveliest stretch of a day."""


def rhythm(series: Series, now: datetime | None = None) -> str | None:
    """The most telling thing about the finished, counted intervals; None when there are too few to say anything."""
    counted = [point for point in finished(series, now) if point.value is not None]
    if len(counted) < 3:
        return None
    if series.interval is Interval.HOUR and len(counted) >= 24:
        found = _hours(series, counted)
    elif series.interval is Interval.DAY and len(counted) >= 14:
        found = _weekdays(series, counted)
    else:
        found = None
    return found or _silence(series, counted) or _trend(series, counted)


def _hours(series: Series, counted: Sequence[Point]) -> str | None:
    pairs = [(point.start.astimezone(series.zone).hour, point.value or 0) for point in counted]
    means = {hour: fmean(values) for hour, values in _grouped(pairs).items()}
    if len(means) < 24:
        return None
    stretches = {hour: sum(means[(hour + more) % 24] for more in range(EVENING)) for hour in means}
    best = max(stretches, key=lambda hour: stretches[hour])
    share = stretches[best] / (sum(means.values()) or 1)
    if share <= 1.5 * EVENING / 24:
        return None
    return f"The liveliest hours are {best:02}:00 to {(best + EVENING) % 24:02}:00, with {share:.0%} of the day."


def _weekdays(series: Series, counted: Sequence[Point]) -> str | None:
    """The middle value of each weekday, so that one wild day does not make its weekday lively."""
    pairs = [(point.start.astimezone(series.zone).weekday(), point.value or 0) for point in counted]
    usual = {weekday: median(values) for weekday, values in _grouped(pairs).items()}
    best, least = max(usual, key=lambda weekday: usual[weekday]), min(usual, key=lambda weekday: usual[weekday])
    if len(usual) < 7 or usual[best] < 2 or usual[best] < 1.2 * usual[least]:
        return None
    return (
        f"{WEEKDAYS[best]}s are the liveliest, typically {exact(usual[best])}; "
        f"{WEEKDAYS[least]}s the quietest, with {exact(usual[least])}."
    )


def _silence(series: Series, counted: Sequence[Point]) -> str | None:
    silent = sum(point.value == 0 for point in counted)
    if silent == 0:
        return None
    return (
        f"{exact(silent)} of {exact(len(counted))} {series.interval.value}s {'was' if silent == 1 else 'were'} silent."
    )


def _trend(series: Series, counted: Sequence[Point]) -> str:
    half = len(counted) // 2
    before, after = (sum(point.value or 0 for point in part) / half for part in (counted[:half], counted[-half:]))
    if abs(after - before) < 0.05 * before:
        return f"Steady: no {series.interval.value} was silent, and both halves are about alike."
    grown = after / before - 1
    many = (
        f"{percent(grown)} as much in the second half as"
        if grown >= 10
        else f"{percent(grown)} {'more' if grown > 0 else 'less'} in the second half than"
    )
    return f"{'Rising' if grown > 0 else 'Falling'}: {many} in the first."


def _grouped(pairs: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = defaultdict(list)
    for key, value in pairs:
        grouped[key].append(value)
    return grouped
