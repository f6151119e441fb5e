"""From counts of intervals to points: silent ones are 0, uncounted ones None, half-counted ones marked.

Every metric over time: how many, how long or who, by interval and over the whole window.

Where a guild's numbers begin: what "all time" means.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from types import MappingProxyType

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.coverage import Coverage, Covered, first_hours, record_of
from herwa_shared.analytics.intervals import edges_of
from herwa_shared.analytics.metric_definitions import CHANNEL_METRICS, Measure, Sum, measure_of, require
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Point, Series
from herwa_shared.analytics.table_selection import Source, array_of, rows_of, source_of
from herwa_shared.clock import utc_now
from herwa_shared.db import Database

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


EVENTS = """
SELECT /* analytics.events */ roundDown(moment, {edges:Array(UInt32)}) AS edge, sum(events) AS value
FROM activity
GROUP BY edge
"""
SECONDS = """
SELECT /* analytics.seconds */ roundDown(moment, {edges:Array(UInt32)}) AS edge, sum(total) AS value
FROM activity
GROUP BY edge
"""
PEOPLE = """
SELECT /* analytics.people */ roundDown(moment, {edges:Array(UInt32)}) AS edge, uniqExact(user_id) AS value
FROM activity
GROUP BY edge
"""
PEOPLE_AT_ALL = """
SELECT /* analytics.people.total */ uniqExact(user_id) FROM activity
"""
NEWEST = """
SELECT /* analytics.newest */ edge, argMax(mean, hour) AS value
FROM (
    SELECT
        roundDown(moment, {edges:Array(UInt32)}) AS edge,
        intDiv(moment, 3600) AS hour,
        intDiv(2 * sum(total) + sum(events), 2 * sum(events)) AS mean
    FROM activity
    GROUP BY edge, hour
)
GROUP BY edge
"""
QUESTIONS: Mapping[Sum, str] = MappingProxyType(
    {Sum.EVENTS: EVENTS, Sum.MINUTES: SECONDS, Sum.PEOPLE: PEOPLE, Sum.NEWEST: NEWEST}
)


async def series_of(
    database: Database, clickhouse: AsyncClient, query: ActivityQuery, *, now: datetime | None = None
) -> Series:
    """The query's metric by interval; what its total is `measures.Sum` says.

    Raises BadRequest over 50,000 points, and for a channel of a metric that has none.
    """
    if query.channel_id is not None:
        require(query.metric, CHANNEL_METRICS, what="with a channel")
    now, measure = now or utc_now(), measure_of(query.metric)
    edges = edges_of(query.start_second, query.end_second, query.interval, query.zone)
    source = source_of(query, edges[1:-1], now=now)
    values, coverage = await asyncio.gather(
        values_of(clickhouse, source, QUESTIONS[measure.sum], edges), _coverage(database, clickhouse, query, now)
    )
    return Series(
        guild_id=query.guild_id,
        metric=query.metric,
        interval=query.interval,
        zone=query.zone,
        start=query.start,
        end=query.end,
        total=await _total(clickhouse, source, measure, values),
        points=Counted(query, edges, values, coverage).points(now),
        approximate=source.approximate,
    )


async def _coverage(database: Database, clickhouse: AsyncClient, query: ActivityQuery, now: datetime) -> Coverage:
    measure = measure_of(query.metric)
    record = await record_of(database, query.guild_id, query.start, query.end, now=now)
    return record.coverage(measure, await first_hours(clickhouse, query.guild_id, [measure.kind], record))


async def _total(clickhouse: AsyncClient, source: Source, measure: Measure, values: Mapping[int, int]) -> int:
    if measure.sum is Sum.PEOPLE:
        ((people,),) = await source.ask(clickhouse, PEOPLE_AT_ALL)
        return int(people)
    if measure.sum is Sum.NEWEST:
        return values[max(values)] if values else 0
    return measure.finished(sum(values.values()))


FIRST_HOUR = """
SELECT /* analytics.beginning */ toUnixTimestamp(min(hour)) FROM activity_hourly WHERE guild_id = {guild:UInt64}
"""


async def first_hour(clickhouse: AsyncClient, guild_id: int) -> datetime | None:
    """The first hour of which anything is stored; None when nothing is. Raises Unreachable."""
    ((second,),) = await rows_of(clickhouse, FIRST_HOUR, {"guild": guild_id})
    return datetime.fromtimestamp(second, UTC) if second else None
