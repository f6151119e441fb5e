"""What a series says, in plain words with numbers: three findings, and the text that stands for a picture.

What a series of samples says: not how much happened, but how many there were.

The rhythm of a series in one sentence: the hours or weekdays that are lively, the silence, or the trend.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from statistics import fmean, median

from herwa_shared.analytics.comparison import _whole, change
from herwa_shared.analytics.intervals import finished, happened
from herwa_shared.analytics.metric_definitions import Sum, measure_of
from herwa_shared.analytics.results import Interval, Point, Series
from herwa_shared.charts.axes import called
from herwa_shared.charts.formatting import WEEKDAYS, exact, percent, period, zone_name
from herwa_shared.charts.text.metric_phrases import amount, compared, wording

ALT_LIMIT = 1024
"""The longest description that Discord keeps for a picture."""


def findings(series: Series, *, compare: Series | None = None, now: datetime | None = None) -> list[str]:
    """Exactly three sentences: the total and its change, the busiest interval, the rhythm.

    `now` keeps the interval that is still running from being called quiet.
    """
    counted = [point for point in happened(series, now) if point.value is not None]
    if not counted:
        return _nothing_counted(series)
    if measure_of(series.metric).sum is Sum.NEWEST:
        return standing(series, counted, change(series, compare, now=now))
    if series.total == 0:
        return _describe_empty_series(series, counted)
    return [
        _total(series, counted, compare, now),
        _busiest(series, counted),
        rhythm(series, now) or "That is too little to see a rhythm in.",
    ]


def alt_text(series: Series, *, compare: Series | None = None, now: datetime | None = None) -> str:
    """What the picture shows, for those who do not see it: at most as long as Discord keeps."""
    kind = f"Line chart: {wording(series.metric).title.lower()} per {series.interval.value}"
    when = f"{period(series.start, series.end, series.zone)} ({zone_name(series.zone)})"
    return f"{kind}, {when}. {' '.join(findings(series, compare=compare, now=now))}"[:ALT_LIMIT]


def _nothing_counted(series: Series) -> list[str]:
    return [
        f"Nothing was counted in this period ({period(series.start, series.end, series.zone)}).",
        "That is a gap, not silence: Herwa was not there to count.",
        "Numbers appear here as soon as there is something to count.",
    ]


def _describe_empty_series(series: Series, counted: list[Point]) -> list[str]:
    return [
        f"No {wording(series.metric).many} in {_span(len(counted), series.interval)}.",
        f"No {series.interval.value} stands out.",
        f"As soon as somebody {wording(series.metric).does}, it shows here.",
    ]


def _total(series: Series, counted: list[Point], compare: Series | None, now: datetime | None) -> str:
    begun = len(happened(series, now))
    head = f"{amount(series.total, series.metric)} in {_span(len(counted), series.interval)}"
    if len(counted) < begun:
        left_out = begun - len(counted)
        return f"{head}; {_span(left_out, series.interval)} {'was' if left_out == 1 else 'were'} not counted."
    grown = change(series, compare, now=now)
    if grown is not None:
        return f"{head}, {compared(grown, 'in the period before')}."
    if compare is not None and compare.total == 0 and _whole(compare, now):
        return f"{head}, after none in the period before."
    if len(counted) == 1:
        return f"{head}."
    mean = sum(point.value or 0 for point in counted) / len(counted)
    return f"{head}, on average {_mean(mean)} {_article(series.interval)} {series.interval.value}."


def _busiest(series: Series, counted: list[Point]) -> str:
    best = max(counted, key=lambda point: point.value or 0)
    value = best.value or 0
    head = f"The busiest {series.interval.value} was {called(best, series)}, with {amount(value, series.metric)}"
    others = [point.value or 0 for point in counted if point is not best]
    usual = sum(others) / len(others) if others else 0
    if usual and value >= 1.5 * usual and value - usual >= 3:
        return f"{head}, {_mean(value / usual)} times the usual."
    return f"{head}."


def _span(count: int, interval: Interval) -> str:
    return f"{exact(count)} {interval.value}{'' if count == 1 else 's'}"


def _mean(number: float) -> str:
    return exact(number) if number >= 10 else f"{number:.1f}".removesuffix(".0")


def _article(interval: Interval) -> str:
    return "an" if interval is Interval.HOUR else "a"


def standing(series: Series, counted: Sequence[Point], grown: float | None) -> list[str]:
    """Exactly three sentences: the newest and its change, the highest, the way since the beginning."""
    newest = f"{amount(series.total, series.metric)} at the end"
    best = max(counted, key=lambda point: point.value or 0)
    return [
        f"{newest}, {compared(grown, 'in the period before')}." if grown is not None else f"{newest}.",
        f"The highest number was {exact(best.value or 0)}, on {called(best, series)}.",
        _way(counted[0].value or 0, series.total),
    ]


def _way(first: int, last: int) -> str:
    if first == last:
        return "As many as at the beginning."
    return f"{exact(abs(last - first))} {'more' if last > first else 'fewer'} than at the beginning."


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
