"""What a page shows, as its address says it: window, interval, metric, channel and comparison in one value."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

from herwa_shared.analytics.address import BETWEEN, USUAL_RANGE, Asked, Comparison, usual_comparison, written
from herwa_shared.analytics.measures import measure_of
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.ranges import Range, Span, intervals_for, named, span_of, usual_interval
from herwa_shared.analytics.series import Interval, Metric
from herwa_shared.errors import BadRequest


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
