"""What a series says, in plain words with numbers: three findings, and the text that stands for a picture."""

from dataclasses import dataclass
from datetime import datetime

from herwa_shared.analytics.series import Interval, Metric, Point, Series
from herwa_shared.charts.rhythm import rhythm
from herwa_shared.charts.theme import exact, percent, period, zone_name
from herwa_shared.charts.timeline import called, happened, interval_end

ALT_LIMIT = 1024
"""The longest description that Discord keeps for a picture."""


@dataclass(frozen=True, slots=True)
class Wording:
    """How a metric is spoken of."""

    title: str
    one: str
    many: str


_WORDINGS = {
    Metric.MESSAGES: Wording("Messages", "message", "messages"),
    Metric.ACTIVE_MEMBERS: Wording("Active members", "active member", "active members"),
}


def wording(metric: Metric) -> Wording:
    """The words for a metric; one that has none yet is called by its name."""
    plain = metric.value.replace("_", " ")
    return _WORDINGS.get(metric, Wording(plain.capitalize(), plain, plain))


def amount(count: int, metric: Metric) -> str:
    """`1 message`, `48,201 messages`."""
    words = wording(metric)
    return f"{exact(count)} {words.one if count == 1 else words.many}"


def change(series: Series, compare: Series | None, *, now: datetime | None = None) -> float | None:
    """How much the total grew over the compared window: 0.12 is 12% more.

    None where the two cannot be compared fairly: nothing to compare with, or intervals that nobody counted in full.
    """
    if compare is None or compare.total == 0 or not (_whole(series, now) and _whole(compare, now)):
        return None
    return series.total / compare.total - 1


def findings(series: Series, *, compare: Series | None = None, now: datetime | None = None) -> list[str]:
    """Exactly three sentences: the total and its change, the busiest interval, the rhythm.

    `now` keeps the interval that is still running from being called quiet.
    """
    counted = [point for point in happened(series, now) if point.value is not None]
    if not counted:
        return _nothing_counted(series)
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
        "As soon as somebody writes, it shows here.",
    ]


def _total(series: Series, counted: list[Point], compare: Series | None, now: datetime | None) -> str:
    begun = len(happened(series, now))
    head = f"{amount(series.total, series.metric)} in {_span(len(counted), series.interval)}"
    if len(counted) < begun:
        left_out = begun - len(counted)
        return f"{head}; {_span(left_out, series.interval)} {'was' if left_out == 1 else 'were'} not counted."
    grown = change(series, compare, now=now)
    if grown is not None:
        return f"{head}, {_compared(grown)} the period before."
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


def _compared(grown: float) -> str:
    if abs(grown) < 0.0005:
        return "as many as in"
    if grown >= 10:
        return f"{percent(grown)} as many as in"
    return f"{percent(grown)} {'more' if grown > 0 else 'fewer'} than in"


def _span(count: int, interval: Interval) -> str:
    return f"{exact(count)} {interval.value}{'' if count == 1 else 's'}"


def _mean(number: float) -> str:
    return exact(number) if number >= 10 else f"{number:.1f}".removesuffix(".0")


def _article(interval: Interval) -> str:
    return "an" if interval is Interval.HOUR else "a"
