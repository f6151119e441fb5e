"""What the store holds of several metrics in one window: by interval, in all, and of the hours that are over."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.intervals import edges_of
from herwa_shared.analytics.measures import Sum, measure_of
from herwa_shared.analytics.metrics import NEWEST
from herwa_shared.analytics.points import AT_ONCE, values_of
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.series import Metric
from herwa_shared.analytics.source import Rows, array_of, source_of
from herwa_shared.errors import BadRequest

WHOLE = 0  # stands for the whole window, which no interval can begin
# A row a kind and interval, and one a kind and the whole window.
AT_A_GLANCE = """
SELECT /* analytics.glance */
    toString(kind) AS of,
    roundDown(moment, {edges:Array(UInt32)}) AS edge,
    sum(events),
    sum(total),
    uniqExact(user_id),
    sumIf(events, moment < {done:UInt32}),
    sumIf(total, moment < {done:UInt32}),
    uniqExactIf(user_id, moment < {done:UInt32})
FROM activity
GROUP BY GROUPING SETS ((of, edge), (of))
"""
_COLUMNS = {Sum.EVENTS: 2, Sum.MINUTES: 3, Sum.PEOPLE: 4}
_TO_DONE = 3  # columns further on: the same, before `done`


@dataclass(frozen=True, slots=True)
class Glance:
    """Sums as the store has them (seconds, where minutes are asked for). What is missing is nothing stored."""

    query: ActivityQuery
    edges: list[int]
    values: Mapping[Metric, Mapping[int, int]]
    totals: Mapping[Metric, int]
    done: Mapping[Metric, int]


async def glance(
    clickhouse: AsyncClient, query: ActivityQuery, metrics: Collection[Metric], *, done: datetime, now: datetime
) -> Glance:
    """All these metrics of the query's window, and of its part before `done`. Raises BadRequest over 4,000 points."""
    edges = edges_of(query.start_second, query.end_second, query.interval, query.zone)
    if len(edges) > AT_ONCE:
        raise BadRequest(f"At a glance at most {AT_ONCE:,} points are given. Choose a wider interval.")
    sampled = [metric for metric in metrics if measure_of(metric).sum is Sum.NEWEST]
    summed = [metric for metric in metrics if metric not in sampled]
    rows, newest = await asyncio.gather(
        _summed(clickhouse, query, summed, edges, done=done, now=now),
        _newest(clickhouse, query, sampled, edges, now=now),
    )
    values, totals, finished = dict(newest), {}, {}
    for metric in summed:
        measure = measure_of(metric)
        column = _COLUMNS[measure.sum]
        mine = {row[1]: row for row in rows if row[0] == measure.kind}
        values[metric] = {edge: row[column] for edge, row in mine.items() if edge != WHOLE}
        if whole := mine.get(WHOLE):
            totals[metric], finished[metric] = whole[column], whole[column + _TO_DONE]
    for metric in sampled:
        if values[metric]:
            totals[metric] = finished[metric] = values[metric][max(values[metric])]
    return Glance(query, edges, values, totals, finished)


async def _summed(
    clickhouse: AsyncClient,
    query: ActivityQuery,
    metrics: Collection[Metric],
    edges: list[int],
    *,
    done: datetime,
    now: datetime,
) -> Rows:
    if not metrics:
        return ()
    kinds = sorted({measure_of(metric).kind for metric in metrics})
    source = source_of(query, edges[1:-1], now=now, kinds=kinds)
    return await source.ask(clickhouse, AT_A_GLANCE, edges=array_of(edges[:-1]), done=int(done.timestamp()))


async def _newest(
    clickhouse: AsyncClient, query: ActivityQuery, metrics: Collection[Metric], edges: list[int], *, now: datetime
) -> dict[Metric, Mapping[int, int]]:
    found: dict[Metric, Mapping[int, int]] = {}
    for metric in metrics:
        source = source_of(query, edges[1:-1], now=now, kinds=[measure_of(metric).kind])
        found[metric] = await values_of(clickhouse, source, NEWEST, edges)
    return found
