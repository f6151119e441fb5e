"""The parts of a page's address, read one by one; what is wrong is remembered in words and never raised."""

from collections.abc import Callable, Mapping
from datetime import datetime, time
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.ranges import Range, Span, span_of
from herwa_shared.analytics.wallclock import first_instant
from herwa_shared.errors import BadRequest

LARGEST_ID = (1 << 63) - 1
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
        if text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= LARGEST_ID:
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
