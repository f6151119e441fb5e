"""KPIs: total, change and points of several metrics of one window, in a few SQL statements.

Also finds the channel that contributes most to the change of a KPI.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.comparison import Change, ComparedWindows, align_windows, build_change
from herwa_shared.analytics.coverage import Coverage, CoverageLevel, load_collection_record, load_first_hours
from herwa_shared.analytics.intervals import list_bucket_edges
from herwa_shared.analytics.metric_definitions import CHANNEL_METRICS, Aggregation, Metric, get_definition
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import rank_channels
from herwa_shared.analytics.results import RankedItem
from herwa_shared.analytics.table_selection import Rows, format_array, select_table
from herwa_shared.analytics.timeseries import LATEST_SAMPLE_SQL, MAX_EDGES_PER_STATEMENT, BucketValues, fetch_buckets
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import BadRequest

MIN_CONTRIBUTION_SHARE = 0.5
MAX_RANKED_CHANNELS = 500  # Discord's limit of channels per guild
TOTAL_ROW_EDGE = 0  # the edge of the row for the entire window; no interval can start at 0
# One row per kind and interval, and one per kind for the entire window.
AGGREGATES_SQL = """
SELECT /* analytics.glance */
    toString(kind) AS of,
    roundDown(moment, {edges:Array(UInt32)}) AS edge,
    sum(events),
    sum(total),
    uniqExact(user_id),
    sumIf(events, moment < {elapsed_end:UInt32}),
    sumIf(total, moment < {elapsed_end:UInt32}),
    uniqExactIf(user_id, moment < {elapsed_end:UInt32})
FROM activity
GROUP BY GROUPING SETS ((of, edge), (of))
"""
_COLUMN_BY_AGGREGATION = {Aggregation.COUNT: 2, Aggregation.DURATION: 3, Aggregation.DISTINCT_MEMBERS: 4}
_ELAPSED_COLUMN_OFFSET = 3  # the same aggregate before `elapsed_end` is three columns further right


@dataclass(frozen=True, slots=True)
class Aggregates:
    """The aggregates of several metrics in one window, with durations in seconds.

    `values` maps the start of an interval to its value, `totals` cover the entire window, and `elapsed_totals` the part
    that is compared. A missing key means that nothing is stored.
    """

    query: ActivityQuery
    edges: list[int]
    values: Mapping[Metric, Mapping[int, int]]
    totals: Mapping[Metric, int]
    elapsed_totals: Mapping[Metric, int]


@dataclass(frozen=True, slots=True)
class Kpi:
    """One metric over a window. None means not recorded, or not available for a single channel.

    `change` compares the elapsed part of the window with the same part of the comparison window, see `comparison`.
    """

    metric: Metric
    total: int | None
    change: Change | None
    rising_is_good: bool | None
    values: tuple[int | None, ...]


async def query_kpis(
    database: Database,
    clickhouse: AsyncClient,
    query: ActivityQuery,
    *,
    comparison: ActivityQuery | None,
    metrics: Sequence[Metric],
    now: datetime | None = None,
) -> tuple[Kpi, ...]:
    """Query one KPI per metric, in the order of `metrics`.

    The values are those that `query_timeseries` returns. Points have the query's interval. A metric without channels
    gives an empty KPI if the query has a channel. Raises BadRequest for more than 4,000 points.
    """
    now = now or utc_now()
    aligned = comparison and align_windows(
        query, replace(comparison, channel_id=query.channel_id, interval=query.interval), now
    )
    windows = [query, aligned.base] if aligned else [query]
    supported_metrics = [metric for metric in metrics if query.channel_id is None or metric in CHANNEL_METRICS]
    record, aggregates = await asyncio.gather(
        load_collection_record(
            database,
            query.guild_id,
            min(window.start for window in windows),
            max(window.end for window in windows),
            channel_id=query.channel_id,
            now=now,
        ),
        asyncio.gather(
            *(
                fetch_aggregates(clickhouse, window, supported_metrics, elapsed_end=elapsed_end, now=now)
                for window, elapsed_end in zip(
                    windows, (aligned.current.end, aligned.base.end) if aligned else (query.end,), strict=True
                )
            )
        ),
    )
    kinds = {
        get_definition(metric).kind
        for metric in supported_metrics
        if get_definition(metric).aggregation is not Aggregation.LATEST_SAMPLE
    }
    first_hour_by_kind = await load_first_hours(clickhouse, query.guild_id, sorted(kinds), record)
    kpi_by_metric = {}
    for metric in supported_metrics:
        coverage = record.build_coverage(get_definition(metric), first_hour_by_kind)
        change = _build_kpi_change(metric, aggregates[0], aggregates[1], aligned, coverage, now) if aligned else None
        kpi_by_metric[metric] = _build_kpi(metric, aggregates[0], change, coverage, now)
    return tuple(kpi_by_metric.get(metric) or _build_empty_kpi(metric) for metric in metrics)


async def find_top_contributor(
    database: Database,
    clickhouse: AsyncClient,
    query: ActivityQuery,
    comparison: ActivityQuery,
    *,
    kpi: Kpi,
    now: datetime | None = None,
) -> RankedItem | None:
    """Find the channel that contributes most to the change of `kpi`.

    Returns the channel with its difference as `value`, or None if that is less than half of the change, or if the
    metric has no channels or no change.
    """
    now = now or utc_now()
    aligned, change = align_windows(query, comparison, now), kpi.change
    if aligned is None or change is None or change.base == 0 or change.direction == 0:
        return None
    if kpi.metric not in CHANNEL_METRICS:
        return None
    rankings = await asyncio.gather(
        *(
            rank_channels(database, clickhouse, replace(window, metric=kpi.metric), limit=MAX_RANKED_CHANNELS, now=now)
            for window in (aligned.current, aligned.base)
        )
    )
    current_items, previous_items = ({item.id: item for item in ranking.items} for ranking in rankings)
    total_change = change.difference
    differences = [
        replace(
            previous_items[channel_id] if channel_id in previous_items else current_items[channel_id],
            value=_get_value(current_items, channel_id) - _get_value(previous_items, channel_id),
        )
        for channel_id in current_items.keys() | previous_items.keys()
    ]
    contributor = max(differences, key=lambda item: (item.value / total_change, item.id), default=None)
    return contributor if contributor and contributor.value / total_change >= MIN_CONTRIBUTION_SHARE else None


async def fetch_aggregates(
    clickhouse: AsyncClient,
    query: ActivityQuery,
    metrics: Collection[Metric],
    *,
    elapsed_end: datetime,
    now: datetime,
) -> Aggregates:
    """Fetch the aggregates of metrics in a window, and in its part before `elapsed_end`.

    Raises BadRequest for more than 4,000 points.
    """
    edges = list_bucket_edges(query.start_second, query.end_second, query.interval, query.zone)
    if len(edges) > MAX_EDGES_PER_STATEMENT:
        raise BadRequest(f"At a glance at most {MAX_EDGES_PER_STATEMENT:,} points are given. Choose a wider interval.")
    sampled_metrics = [metric for metric in metrics if get_definition(metric).aggregation is Aggregation.LATEST_SAMPLE]
    summed_metrics = [metric for metric in metrics if metric not in sampled_metrics]
    rows, latest_samples = await asyncio.gather(
        _fetch_sums(clickhouse, query, summed_metrics, edges, elapsed_end=elapsed_end, now=now),
        _fetch_latest_samples(clickhouse, query, sampled_metrics, edges, now=now),
    )
    values, totals, elapsed_totals = dict(latest_samples), {}, {}
    for metric in summed_metrics:
        definition = get_definition(metric)
        column = _COLUMN_BY_AGGREGATION[definition.aggregation]
        metric_rows = {row[1]: row for row in rows if row[0] == definition.kind}
        values[metric] = {edge: row[column] for edge, row in metric_rows.items() if edge != TOTAL_ROW_EDGE}
        if total_row := metric_rows.get(TOTAL_ROW_EDGE):
            totals[metric], elapsed_totals[metric] = total_row[column], total_row[column + _ELAPSED_COLUMN_OFFSET]
    for metric in sampled_metrics:
        if values[metric]:
            totals[metric] = elapsed_totals[metric] = values[metric][max(values[metric])]
    return Aggregates(query, edges, values, totals, elapsed_totals)


async def _fetch_sums(
    clickhouse: AsyncClient,
    query: ActivityQuery,
    metrics: Collection[Metric],
    edges: list[int],
    *,
    elapsed_end: datetime,
    now: datetime,
) -> Rows:
    if not metrics:
        return ()
    kinds = sorted({get_definition(metric).kind for metric in metrics})
    table = select_table(query, edges[1:-1], now=now, kinds=kinds)
    return await table.fetch(
        clickhouse, AGGREGATES_SQL, edges=format_array(edges[:-1]), elapsed_end=int(elapsed_end.timestamp())
    )


async def _fetch_latest_samples(
    clickhouse: AsyncClient, query: ActivityQuery, metrics: Collection[Metric], edges: list[int], *, now: datetime
) -> dict[Metric, Mapping[int, int]]:
    samples: dict[Metric, Mapping[int, int]] = {}
    for metric in metrics:
        table = select_table(query, edges[1:-1], now=now, kinds=[get_definition(metric).kind])
        samples[metric] = await fetch_buckets(clickhouse, table, LATEST_SAMPLE_SQL, edges)
    return samples


def _build_kpi(metric: Metric, current: Aggregates, change: Change | None, coverage: Coverage, now: datetime) -> Kpi:
    points = BucketValues(
        replace(current.query, metric=metric), current.edges, current.values[metric], coverage
    ).to_points(now)
    total = _get_total(metric, current.query, current.totals, coverage, now)
    return Kpi(metric, total, change, get_definition(metric).rising_is_good, tuple(point.value for point in points))


def _build_kpi_change(
    metric: Metric,
    current: Aggregates,
    base: Aggregates,
    windows: ComparedWindows,
    coverage: Coverage,
    now: datetime,
) -> Change | None:
    return build_change(
        _get_total(metric, windows.current, current.elapsed_totals, coverage, now),
        _get_total(metric, windows.base, base.elapsed_totals, coverage, now),
        windows,
        definition=get_definition(metric),
        coverage=coverage,
    )


def _get_total(
    metric: Metric, window: ActivityQuery, totals: Mapping[Metric, int], coverage: Coverage, now: datetime
) -> int | None:
    """Return the total; None if nothing is stored and the window is not covered."""
    definition = get_definition(metric)
    if metric in totals:
        return definition.to_metric_value(totals[metric])
    if (
        definition.aggregation is Aggregation.LATEST_SAMPLE
        or coverage.get_level(window.start, min(window.end, now)) is CoverageLevel.NONE
    ):
        return None
    return 0


def _build_empty_kpi(metric: Metric) -> Kpi:
    return Kpi(metric, None, None, get_definition(metric).rising_is_good, ())


def _get_value(items: dict[int, RankedItem], channel_id: int) -> int:
    return items[channel_id].value if channel_id in items else 0
