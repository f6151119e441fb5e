"""What a series says, in plain words with numbers: three findings, and the text that stands for a picture."""

from datetime import datetime

from herwa_shared.analytics.measures import Sum, measure_of
from herwa_shared.analytics.series import Interval, Point, Series
from herwa_shared.charts.rhythm import rhythm
from herwa_shared.charts.standing import standing
from herwa_shared.charts.theme import exact, period, zone_name
from herwa_shared.charts.timeline import called, finished, happened, interval_end
from herwa_shared.charts.wording import amount, compared, wording

ALT_LIMIT = 1024
"""The longest description that Discord keeps for a picture."""


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
        return _silence(series, counted)
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


def _whole(series: Series, now: datetime | None) -> bool:
    """Whether every interval was counted in full; the one still running is excused."""
    return bool(series.points) and all(
        point.value is not None and not (point.partial and (now is None or interval_end(point, series) <= now))
        for point in happened(series, now)
    )


def _nothing_counted(series: Series) -> list[str]:
    return [
        f"Nothing was counted in this period ({period(series.start, series.end, series.zone)}).",
        "That is a gap, not silence: Herwa was not there to count.",
        "Numbers appear here as soon as there is something to count.",
    ]


def _silence(series: Series, counted: list[Point]) -> list[str]:
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
