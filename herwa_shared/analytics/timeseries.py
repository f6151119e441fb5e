"""Time series of any metric, per interval and in total, with gaps for unrecorded times."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from types import MappingProxyType

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.coverage import Coverage, load_collection_record, load_first_hours
from herwa_shared.analytics.first_responses import compute_long_wait, compute_median, load_first_responses
from herwa_shared.analytics.large_results import run_by_size
from herwa_shared.analytics.metric_definitions import (
    CHANNEL_METRICS,
    Aggregation,
    MetricDefinition,
    get_definition,
    require_supported,
)
from herwa_shared.analytics.query import ActivityQuery, list_query_edges
from herwa_shared.analytics.results import Point, PointStatus, TimeSeries
from herwa_shared.analytics.samples import load_timeline
from herwa_shared.analytics.table_selection import (
    MAX_EDGES_PER_STATEMENT,
    TableSelection,
    format_array,
    select_table,
)
from herwa_shared.clock import utc_now
from herwa_shared.db import Database

COUNT_SQL = """
SELECT /* analytics.events */ roundDown(moment, {edges:Array(UInt32)}) AS edge, sum(events) AS value
FROM activity
GROUP BY edge
"""
DURATION_SQL = """
SELECT /* analytics.seconds */ roundDown(moment, {edges:Array(UInt32)}) AS edge, sum(total) AS value
FROM activity
GROUP BY edge
"""
DISTINCT_MEMBERS_SQL = """
SELECT /* analytics.people */ roundDown(moment, {edges:Array(UInt32)}) AS edge,
    uniqExactIf(person_id, person_id != 0) AS value
FROM activity
GROUP BY edge
"""
DISTINCT_MEMBERS_TOTAL_SQL = """
SELECT /* analytics.people.total */ uniqExactIf(person_id, person_id != 0) FROM activity
"""
SQL_BY_AGGREGATION: Mapping[Aggregation, str] = MappingProxyType(
    {
        Aggregation.COUNT: COUNT_SQL,
        Aggregation.DURATION: DURATION_SQL,
        Aggregation.DISTINCT_MEMBERS: DISTINCT_MEMBERS_SQL,
    }
)


@dataclass(frozen=True, slots=True)
class BucketValues:
    """The aggregated value of each interval, keyed by its start, and the coverage of the metric.

    `edges` are the starts of the intervals and the end of the last one, in Unix seconds. Durations are in seconds.
    `estimates` are the values of intervals without one that can be estimated.
    """

    query: ActivityQuery
    edges: list[int]
    values: Mapping[int, int]
    coverage: Coverage
    estimates: Mapping[int, int] = field(default_factory=dict)

    def to_points(self, now: datetime) -> tuple[Point, ...]:
        """Build one point per interval, in order."""
        definition = get_definition(self.query.metric)
        edge_times = [datetime.fromtimestamp(edge, UTC) for edge in self.edges]
        return tuple(
            self._build_point(definition, start, end, self.values.get(edge), now, self.estimates.get(edge))
            for edge, (start, end) in zip(self.edges, pairwise(edge_times), strict=False)
        )

    def _build_point(
        self,
        definition: MetricDefinition,
        start: datetime,
        end: datetime,
        value: int | None,
        now: datetime,
        estimate: int | None,
    ) -> Point:
        """Build a point, see `Point`.

        A sample is never partial, and without a sample the value is unknown, so that it is not filled with 0.
        """
        first, last = max(start, self.query.start), min(end, self.query.end)
        if value is None and first >= now:
            return Point(start, end, None, PointStatus.FUTURE)
        is_running = first <= now < last
        if definition.aggregation is Aggregation.LATEST_SAMPLE:
            is_cut, covered_share = False, 1.0
        else:
            is_cut = start < self.query.start or end > self.query.end
            covered_share = self.coverage.get_share(first, min(last, now))
            if value is None and covered_share > 0 and definition.has_zero:
                value = 0
        if value is None:
            status = PointStatus.NO_DATA if estimate is None else PointStatus.ESTIMATED
            return Point(start, end, estimate, status)
        status = (
            PointStatus.CURRENT
            if is_running
            else PointStatus.PARTIAL
            if is_cut or covered_share < 1
            else PointStatus.COMPLETE
        )
        return Point(start, end, definition.to_metric_value(value), status, is_cut, covered_share)


async def fetch_buckets(
    clickhouse: AsyncClient, table: TableSelection, sql: str, edges: list[int], *, audit_key: bytes | None
) -> dict[int, int]:
    """Run a statement that selects (edge, value) from `activity`; return the value by edge.

    `edges` are sent in chunks of MAX_EDGES_PER_STATEMENT, one statement per chunk.
    """
    values: dict[int, int] = {}
    for offset in range(0, len(edges) - 1, MAX_EDGES_PER_STATEMENT):
        chunk = edges[offset : offset + MAX_EDGES_PER_STATEMENT + 1]
        rows = await table.fetch(
            clickhouse, sql, audit_key=audit_key, start=chunk[0], end=chunk[-1], edges=format_array(chunk[:-1])
        )
        values.update((edge, value) for edge, value in rows)
    return values


async def query_timeseries(
    database: Database, clickhouse: AsyncClient, query: ActivityQuery, *, now: datetime | None = None
) -> TimeSeries:
    """Query the metric per interval, and its total as defined by its `Aggregation`.

    Raises BadRequest for more than 50,000 points and for a channel filter on a metric without channels. Raises
    ServiceUnavailable if ClickHouse is unreachable.
    """
    if query.channel_id is not None:
        require_supported(query.metric, CHANNEL_METRICS, usage="with a channel")
    now, definition = now or utc_now(), get_definition(query.metric)
    edges = list_query_edges(query)
    if definition.aggregation is Aggregation.MEDIAN:
        return await _query_medians(database, clickhouse, query, edges, now)
    if definition.aggregation is Aggregation.LATEST_SAMPLE:
        return await _query_samples(database, clickhouse, query, edges, now)
    table = select_table(query, edges[1:-1], now=now)
    values, coverage = await asyncio.gather(
        fetch_buckets(
            clickhouse, table, SQL_BY_AGGREGATION[definition.aggregation], edges, audit_key=database.audit_key
        ),
        load_coverage(database, clickhouse, query, now=now),
    )
    return TimeSeries(
        guild_id=query.guild_id,
        metric=query.metric,
        interval=query.interval,
        zone=query.zone,
        start=query.start,
        end=query.end,
        total=await _fetch_total(clickhouse, table, definition, values, audit_key=database.audit_key),
        points=await run_by_size(len(edges), BucketValues(query, edges, values, coverage).to_points, now),
        as_of=now,
        approximate=table.approximate,
    )


async def load_coverage(
    database: Database, clickhouse: AsyncClient, query: ActivityQuery, *, now: datetime
) -> Coverage:
    """Load when the query's metric was recorded, for the periods that overlap its window."""
    definition = get_definition(query.metric)
    record = await load_collection_record(
        database, query.guild_id, query.start, query.end, channel_id=query.channel_id, now=now
    )
    return record.build_coverage(
        definition, await load_first_hours(clickhouse, query.guild_id, [definition.kind], record)
    )


async def _query_medians(
    database: Database, clickhouse: AsyncClient, query: ActivityQuery, edges: list[int], now: datetime
) -> TimeSeries:
    """Query the times to the first response of tickets."""
    responses, coverage = await asyncio.gather(
        load_first_responses(database, query.guild_id, query.start, query.end),
        load_coverage(database, clickhouse, query, now=now),
    )
    values = responses.compute_medians(edges, query.start_second, query.end_second)
    return TimeSeries(
        guild_id=query.guild_id,
        metric=query.metric,
        interval=query.interval,
        zone=query.zone,
        start=query.start,
        end=query.end,
        total=compute_median(responses.seconds) or 0,
        points=await run_by_size(len(edges), BucketValues(query, edges, values, coverage).to_points, now),
        as_of=now,
        long_wait=compute_long_wait(responses.seconds),
    )


async def _query_samples(
    database: Database, clickhouse: AsyncClient, query: ActivityQuery, edges: list[int], now: datetime
) -> TimeSeries:
    """Query a sampled count."""
    coverage = await load_coverage(database, clickhouse, query, now=now)
    timeline = await load_timeline(database, clickhouse, query.metric, [query], edges[1:-1], coverage, now=now)
    buckets = BucketValues(
        query, edges, timeline.list_values(query, edges), coverage, timeline.list_estimates(query, edges)
    )
    return TimeSeries(
        guild_id=query.guild_id,
        metric=query.metric,
        interval=query.interval,
        zone=query.zone,
        start=query.start,
        end=query.end,
        total=timeline.find_total(query) or 0,
        points=await run_by_size(len(edges), buckets.to_points, now),
        as_of=now,
        approximate=select_table(query, edges[1:-1], now=now).approximate,
    )


async def _fetch_total(
    clickhouse: AsyncClient,
    table: TableSelection,
    definition: MetricDefinition,
    values: Mapping[int, int],
    *,
    audit_key: bytes | None,
) -> int:
    if definition.aggregation is Aggregation.DISTINCT_MEMBERS:
        ((member_count,),) = await table.fetch(clickhouse, DISTINCT_MEMBERS_TOTAL_SQL, audit_key=audit_key)
        return int(member_count)
    return definition.to_metric_value(sum(values.values()))
