"""From counts of intervals to points: silent ones are 0, uncounted ones None, half-counted ones marked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.coverage import Coverage, Covered
from herwa_shared.analytics.measures import Measure, Sum, measure_of
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.series import Point
from herwa_shared.analytics.source import Source, array_of

AT_ONCE = 4_000  # edges a statement: a server takes at most 128 KiB as one parameter


@dataclass(frozen=True, slots=True)
class Counted:
    """What the store added up in each interval (seconds, where minutes are asked for), and when somebody counted."""

    query: ActivityQuery
    edges: list[int]
    values: Mapping[int, int]
    coverage: Coverage

    def points(self, now: datetime) -> tuple[Point, ...]:
        """One point an interval, in order."""
        measure, latest = measure_of(self.query.metric), min(now, self.query.end)
        moments = [datetime.fromtimestamp(edge, UTC) for edge in self.edges]
        return tuple(
            _point(measure, start, self.values.get(edge), self._covered(start, min(end, latest)))
            for edge, (start, end) in zip(self.edges, pairwise(moments), strict=False)
        )

    def _covered(self, start: datetime, end: datetime) -> Covered:
        return self.coverage.over(max(start, self.query.start), end)


async def values_of(clickhouse: AsyncClient, source: Source, question: str, edges: list[int]) -> dict[int, int]:
    """What `question` finds in each interval: it selects pairs (edge, value) from `activity`, given the `edges`."""
    values: dict[int, int] = {}
    for first in range(0, len(edges) - 1, AT_ONCE):
        some = edges[first : first + AT_ONCE + 1]
        rows = await source.ask(clickhouse, question, start=some[0], end=some[-1], edges=array_of(some[:-1]))
        values.update((edge, value) for edge, value in rows)
    return values


def _point(measure: Measure, start: datetime, value: int | None, covered: Covered) -> Point:
    """A sample is whole; where there is none, nobody knows how many there were."""
    if measure.sum is Sum.NEWEST or (value is None and covered is Covered.NOT):
        return Point(start, value)
    return Point(start, measure.finished(value or 0), partial=covered is not Covered.WHOLLY)
