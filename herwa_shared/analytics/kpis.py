"""What the store holds of several metrics in one window: by interval, in all, and of the hours that are over.

Several metrics of one window at a glance: total, change and sparkline of each, in a handful of statements.

Where a change comes from: the one channel that makes up most of it, if there is one.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.coverage import Coverage, Covered, first_hours, record_of
from herwa_shared.analytics.intervals import edges_of
from herwa_shared.analytics.metric_definitions import CHANNEL_METRICS, Sum, measure_of
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import top_channels
from herwa_shared.analytics.results import Metric, Ranked
from herwa_shared.analytics.table_selection import Rows, array_of, source_of
from herwa_shared.analytics.timeseries import AT_ONCE, NEWEST, Counted, values_of
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
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


ENOUGH = 0.99
"""The part of a window that must have been counted for its change to be told: restarts take moments."""


@dataclass(frozen=True, slots=True)
class Kpi:
    """One metric over a window. None is what nobody counted, or what cannot be told for one channel.

    `earlier` is the total of the compared window, and of that only as much as has passed of this one in whole hours.
    `change` compares these same hours (0.12 is 12% more); it is None unless both were counted, but for a hundredth.
    """

    metric: Metric
    total: int | None
    earlier: int | None
    change: float | None
    rising_is_good: bool | None
    points: tuple[int | None, ...]


async def kpis(
    database: Database,
    clickhouse: AsyncClient,
    query: ActivityQuery,
    *,
    compare: ActivityQuery | None,
    metrics: Sequence[Metric],
    now: datetime | None = None,
) -> tuple[Kpi, ...]:
    """These metrics in this order, each as `series_of` would say; points are by the query's interval.

    Raises BadRequest over 4,000 points.
    """
    now = now or utc_now()
    done = query.done_at(now)
    before = compare and replace(compare, channel_id=query.channel_id, interval=query.interval).as_much_as(query, now)
    windows = [query, before] if before else [query]
    told = [metric for metric in metrics if query.channel_id is None or metric in CHANNEL_METRICS]
    record, glances = await asyncio.gather(
        record_of(
            database,
            query.guild_id,
            min(window.start for window in windows),
            max(window.end for window in windows),
            now=now,
        ),
        asyncio.gather(*(glance(clickhouse, one, told, done=min(done, one.end), now=now) for one in windows)),
    )
    kinds = {measure_of(one).kind for one in told if measure_of(one).sum is not Sum.NEWEST}
    begun = await first_hours(clickhouse, query.guild_id, sorted(kinds), record)
    found = {}
    for metric in told:
        coverage = record.coverage(measure_of(metric), begun)
        found[metric] = _kpi(metric, glances[0], glances[1] if before else None, coverage, done, now)
    return tuple(found.get(metric) or _untold(metric) for metric in metrics)


def _kpi(
    metric: Metric, current: Glance, before: Glance | None, coverage: Coverage, done: datetime, now: datetime
) -> Kpi:
    measure, query = measure_of(metric), current.query
    points = Counted(replace(query, metric=metric), current.edges, current.values[metric], coverage).points(now)
    total = _told(metric, current, coverage, now)
    earlier = _told(metric, before, coverage, now) if before else None
    finished, change = measure.finished(current.done.get(metric, 0)), None
    if before and earlier and total is not None:
        windows = [(query.start, done), (before.query.start, before.query.end)]
        if measure.sum is Sum.NEWEST or all(coverage.share(*window) >= ENOUGH for window in windows):
            change = finished / earlier - 1
    return Kpi(metric, total, earlier, change, measure.rising_is_good, tuple(point.value for point in points))


def _told(metric: Metric, seen: Glance, coverage: Coverage, now: datetime) -> int | None:
    """The total; None where nothing is stored and nobody counted."""
    measure, query = measure_of(metric), seen.query
    if metric in seen.totals:
        return measure.finished(seen.totals[metric])
    if measure.sum is Sum.NEWEST or coverage.over(query.start, min(query.end, now)) is Covered.NOT:
        return None
    return 0


def _untold(metric: Metric) -> Kpi:
    return Kpi(metric, None, None, None, measure_of(metric).rising_is_good, ())


MOST = 0.5
RANKED = 500  # channels; Discord allows a server no more


async def channel_behind(
    database: Database,
    clickhouse: AsyncClient,
    query: ActivityQuery,
    compare: ActivityQuery,
    *,
    kpi: Kpi,
    now: datetime | None = None,
) -> Ranked | None:
    """The channel that rose or fell most, with its difference, if that is at least half of the change of `kpi`."""
    now = now or utc_now()
    earlier = replace(compare, metric=kpi.metric).as_much_as(query, now)
    if not kpi.change or not kpi.earlier or kpi.metric not in CHANNEL_METRICS or earlier is None:
        return None
    current = replace(query, metric=kpi.metric, end=query.done_at(now))
    rankings = await asyncio.gather(
        *(top_channels(database, clickhouse, one, limit=RANKED, now=now) for one in (current, earlier))
    )
    after, before = ({item.id: item for item in ranking.items} for ranking in rankings)
    rise = kpi.change * kpi.earlier
    differences = [
        replace(before[one] if one in before else after[one], value=_value(after, one) - _value(before, one))
        for one in after.keys() | before.keys()
    ]
    found = max(differences, key=lambda channel: (channel.value / rise, channel.id), default=None)
    return found if found and found.value / rise >= MOST else None


def _value(items: dict[int, Ranked], one: int) -> int:
    return items[one].value if one in items else 0
