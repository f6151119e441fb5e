"""The parts of a page's address, read one by one; what is wrong is remembered in words and never raised.

What a page shows, as its address says it: window, interval, metric, channel and comparison in one value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from enum import StrEnum
from typing import Self, TypeVar
from zoneinfo import ZoneInfo

from herwa_shared.analytics.date_ranges import Range, Span, intervals_for, named, span_of, usual_interval
from herwa_shared.analytics.metric_definitions import measure_of
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval, Metric
from herwa_shared.analytics.timezones import first_instant
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.errors import BadRequest

USUAL_RANGE = Range.MONTH
BETWEEN = ".."
"""Parts the two ends of a compared window in an address."""
Chosen = TypeVar("Chosen", bound=StrEnum)


class Comparison(StrEnum):
    """With what a page compares."""

    PREVIOUS = "previous"
    YEAR = "year"
    CUSTOM = "custom"
    OFF = "off"


class Asked:
    """Reads the parts of an address and remembers which were wrong."""

    def __init__(self, params: Mapping[str, str], zone: ZoneInfo) -> None:
        self._params = params
        self._zone = zone
        self.problems: list[str] = []

    def window(self, now: datetime, begin: datetime | None) -> tuple[Range, Span]:
        if "from" in self._params or "to" in self._params:
            span = self._tried(lambda: self._between(self._params.get("from"), self._params.get("to"), now))
            if span is not None:
                return Range.CUSTOM, span
        chosen = self.choice("range", Range, USUAL_RANGE)
        chosen = USUAL_RANGE if chosen is Range.CUSTOM else chosen
        return chosen, span_of(chosen, self._zone, now, begin=begin)

    def choice(self, field: str, choices: type[Chosen], usual: Chosen) -> Chosen:
        text = self._params.get(field)
        if text is None or text in set(choices):
            return choices(text) if text else usual
        self.problems.append(f"There is no {field} {text[:64]!r}; this is {usual}.")
        return usual

    def channel(self) -> int | None:
        text = self._params.get("channel")
        if text is None:
            return None
        if text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= MAX_SNOWFLAKE:
            return int(text)
        self.problems.append(f"{text[:64]!r} is no channel; this is the whole server.")
        return None

    def comparison(self, chosen: Range) -> tuple[Comparison, Span | None]:
        text = self._params.get("compare")
        usual = usual_comparison(chosen)
        if text is None or BETWEEN not in text:
            return self.choice("compare", Comparison, usual) if text != Comparison.CUSTOM else usual, None
        since, until = text.split(BETWEEN, 1)
        span = self._tried(lambda: self._between(since, until, None))
        return (Comparison.CUSTOM, span) if span else (usual, None)

    def _between(self, since: str | None, until: str | None, now: datetime | None) -> Span:
        query = ActivityQuery.between(since, until, guild_id=0, zone=self._zone, now=now)
        return Span(query.start, query.end)

    def _tried(self, read: Callable[[], Span]) -> Span | None:
        try:
            return read()
        except (BadRequest, OverflowError) as problem:
            self.problems.append(str(problem))
            return None


def usual_comparison(chosen: Range) -> Comparison:
    """Nothing was before all time."""
    return Comparison.OFF if chosen is Range.ALL else Comparison.PREVIOUS


def written(moment: datetime, zone: ZoneInfo) -> str:
    """A date where that says it all, else a time with its offset."""
    midnight = datetime.combine(moment.astimezone(zone), time())
    if first_instant(midnight, zone) == int(moment.timestamp()):
        return midnight.date().isoformat()
    return moment.astimezone(zone).isoformat()


@dataclass(frozen=True, slots=True)
class View:
    """One state of a page. `problems` says in sentences which parts of the address were wrong and left out."""

    guild_id: int
    zone: ZoneInfo
    now: datetime
    range: Range
    span: Span
    interval: Interval
    metric: Metric = Metric.MESSAGES
    channel_id: int | None = None
    comparison: Comparison = Comparison.PREVIOUS
    compared: Span | None = None
    problems: tuple[str, ...] = ()

    @classmethod
    def parse(
        cls,
        params: Mapping[str, str],
        zone: ZoneInfo,
        now: datetime,
        *,
        guild_id: int,
        begin: datetime | None = None,
    ) -> Self:
        """The view of an address. Never raises: a part that cannot be understood is as if it were not there.

        The parts are `range`, or `from` and `to` as in the API; `interval`, `metric`, `channel`, and `compare`
        (`previous`, `year`, `off`, or two dates with `..` between). `begin` is where all time begins.
        """
        asked = Asked({key: value for key, value in params.items() if value}, zone)
        chosen, span = asked.window(now, begin)
        metric = asked.choice("metric", Metric, Metric.MESSAGES)
        interval = asked.choice("interval", Interval, usual_interval(span))
        if interval not in intervals_for(span):
            unfit, interval = interval, usual_interval(span)
            asked.problems.append(f"By {unfit} this window cannot be shown well, so it is by {interval}.")
        channel = asked.channel()
        if channel and not measure_of(metric).by_channel:
            asked.problems.append(f"{measure_of(metric).title} are counted for the whole server, not for one channel.")
        comparison, compared = asked.comparison(chosen)
        return cls(
            guild_id, zone, now, chosen, span, interval, metric, channel, comparison, compared, tuple(asked.problems)
        )

    def query(self) -> ActivityQuery:
        """What the view asks. The channel is left out for a metric that has none."""
        channel = self.channel_id if measure_of(self.metric).by_channel else None
        return ActivityQuery(
            self.guild_id, self.span.start, self.span.end, self.metric, self.interval, self.zone, channel
        )

    def earlier(self) -> ActivityQuery | None:
        """The same question about the window to compare with; None where there is none."""
        try:
            match self.comparison:
                case Comparison.PREVIOUS:
                    return self.query().previous()
                case Comparison.YEAR:
                    return self.query().year_before()
                case Comparison.CUSTOM if self.compared:
                    return replace(self.query(), start=self.compared.start, end=self.compared.end)
                case _:
                    return None
        except (BadRequest, ValueError, OverflowError):  # before the years that are counted
            return None

    def earlier_so_far(self) -> ActivityQuery | None:
        """Of the earlier window only as much as has passed of a running one: fair for totals and lists."""
        earlier = self.earlier()
        return earlier and earlier.as_much_as(self.query(), self.now)

    def ranged(self, chosen: Range, *, begin: datetime | None = None) -> Self:
        """The view with another range by name, at its usual interval. `begin` is where all time begins."""
        span = span_of(chosen, self.zone, self.now, begin=begin)
        compared = usual_comparison(chosen) if chosen is Range.ALL else self.comparison
        interval = usual_interval(span)
        return replace(self, range=chosen, span=span, interval=interval, comparison=compared, problems=())

    def stepped(self, by: int) -> Self:
        """The view one window later (1) or earlier (-1), under its name where it has one."""
        try:
            moved = self.query().shifted(by)
        except (BadRequest, ValueError, OverflowError):
            return self
        span = Span(moved.start, moved.end)
        return replace(self, range=named(span, self.zone, self.now), span=span, problems=())

    @property
    def can_step_on(self) -> bool:
        """Whether anything after this window has begun."""
        return self.span.end <= self.now

    def params(self) -> dict[str, str]:
        """The parts of the address, of which `parse` makes this view again; what is usual is left out."""
        found: dict[str, str] = {}
        if self.range is Range.CUSTOM:
            found |= {"from": written(self.span.start, self.zone), "to": written(self.span.end, self.zone)}
        elif self.range is not USUAL_RANGE:
            found["range"] = self.range
        if self.interval is not usual_interval(self.span):
            found["interval"] = self.interval
        if self.metric is not Metric.MESSAGES:
            found["metric"] = self.metric
        if self.channel_id is not None:
            found["channel"] = str(self.channel_id)
        if self.comparison is Comparison.CUSTOM and self.compared:
            ends = (self.compared.start, self.compared.end)
            found["compare"] = BETWEEN.join(written(moment, self.zone) for moment in ends)
        elif self.comparison is not usual_comparison(self.range):
            found["compare"] = self.comparison
        return found
