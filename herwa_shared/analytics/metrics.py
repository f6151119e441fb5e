"""Every metric over time: how many, how long or who, by interval and over the whole window."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.coverage import Coverage, first_hours, record_of
from herwa_shared.analytics.intervals import edges_of
from herwa_shared.analytics.measures import CHANNEL_METRICS, Measure, Sum, measure_of, require
from herwa_shared.analytics.points import Counted, values_of
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.series import Series
from herwa_shared.analytics.source import Source, source_of
from herwa_shared.clock import utc_now
from herwa_shared.db import Database

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
