"""The numbers of several metrics in a window and in its comparison window, read by one statement.

KPIs, the large chart's series, its comparison series and the weekly heatmap are built from them: `kpis`,
`compared_series` and `heatmap` define how.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.aggregates import (
    Aggregates,
    collect_slot_values,
    fetch_aggregate_rows,
    list_week_boundaries,
)
from herwa_shared.analytics.comparison import ComparedWindows, align_windows
from herwa_shared.analytics.coverage import (
    CollectionRecord,
    Coverage,
    CoverageLevel,
    load_first_hours,
    read_collection_record,
)
from herwa_shared.analytics.first_responses import FirstResponses, read_first_responses
from herwa_shared.analytics.metric_definitions import Aggregation, Metric, get_definition
from herwa_shared.analytics.query import ActivityQuery, list_query_edges
from herwa_shared.analytics.ranked_lists import ListRows, RankedMetrics
from herwa_shared.analytics.results import TimeSeries
from herwa_shared.analytics.samples import SampleTimeline, load_timeline
from herwa_shared.analytics.table_selection import MAX_EDGES_PER_STATEMENT
from herwa_shared.analytics.timeseries import BucketValues
from herwa_shared.analytics.timezones import list_offset_periods
from herwa_shared.analytics.window_pair import select_pair
from herwa_shared.db import Database
from herwa_shared.errors import BadRequest

OTHER_AGGREGATIONS = (Aggregation.LATEST_SAMPLE, Aggregation.MEDIAN)
"""The aggregations that are not read from the events of the windows."""


@dataclass(frozen=True, slots=True)
class WindowNumbers:
    """The numbers of several metrics in a window, and in its comparison window if there is one.

    `windows` are the parts that a change compares; None if nothing is compared. `slot_values` are the values of one
    metric by hour of the week, from Thursday 00:00; empty if none was requested. `list_rows` are the rows of the lists
    of channels and members; None if they must be read by a statement of their own.
    """

    current: Aggregates
    base: Aggregates | None
    windows: ComparedWindows | None
    coverage_by_metric: Mapping[Metric, Coverage]
    slot_values: Mapping[int, int]
    now: datetime
    list_rows: ListRows | None = None

    def build_series(self, metric: Metric) -> TimeSeries:
        """Build the time series of the window, as `query_timeseries` returns it."""
        return self._build_series(self.current, metric)

    def build_base_series(self, metric: Metric) -> TimeSeries | None:
        """Build the time series of the comparison window; None if there is none."""
        return self._build_series(self.base, metric) if self.base else None

    def get_total(self, metric: Metric) -> int | None:
        """Return the total of the window, estimated if nothing was recorded yet; None if nothing is known.

        Nothing is known of a count if nothing is stored and the window is not covered.
        """
        total = self._find_total(metric, self.current.query, self.current.totals)
        return self.current.estimated_totals.get(metric) if total is None else total

    def get_elapsed_totals(self, metric: Metric) -> tuple[int | None, int | None]:
        """Return the totals of the compared parts of both windows; None as for `get_total`, and for an estimate."""
        if self.windows is None or self.base is None:
            return None, None
        return (
            self._find_total(metric, self.windows.current, self.current.elapsed_totals),
            self._find_total(metric, self.windows.base, self.base.elapsed_totals),
        )

    def _build_series(self, aggregates: Aggregates, metric: Metric) -> TimeSeries:
        query = replace(aggregates.query, metric=metric)
        buckets = BucketValues(
            query,
            aggregates.edges,
            aggregates.values[metric],
            self.coverage_by_metric[metric],
            aggregates.estimates.get(metric, {}),
        )
        total = aggregates.totals.get(metric, aggregates.estimated_totals.get(metric, 0))
        return TimeSeries(
            guild_id=query.guild_id,
            metric=metric,
            interval=query.interval,
            zone=query.zone,
            start=query.start,
            end=query.end,
            total=get_definition(metric).to_metric_value(total),
            points=buckets.to_points(self.now),
            as_of=self.now,
            approximate=aggregates.approximate and get_definition(metric).aggregation is not Aggregation.MEDIAN,
            long_wait=aggregates.long_wait if get_definition(metric).aggregation is Aggregation.MEDIAN else None,
        )

    def _find_total(self, metric: Metric, window: ActivityQuery, totals: Mapping[Metric, int]) -> int | None:
        definition = get_definition(metric)
        if metric in totals:
            return definition.to_metric_value(totals[metric])
        level = self.coverage_by_metric[metric].get_level(window.start, min(window.end, self.now))
        is_unknown = not definition.has_zero or level is CoverageLevel.NONE
        return None if is_unknown else 0


async def load_window_numbers(
    database: Database,
    clickhouse: AsyncClient,
    query: ActivityQuery,
    *,
    comparison: ActivityQuery | None,
    metrics: Collection[Metric],
    week_metric: Metric | None = None,
    ranked: RankedMetrics | None = None,
    now: datetime,
) -> WindowNumbers:
    """Load the numbers of metrics in a window and in its comparison window.

    Channel and interval of the comparison are those of `query`. `week_metric`, one of `metrics`, is aggregated by the
    hour of the week as well. With it, and without a channel, `ranked` adds the rows of both lists; not if numbers are
    approximate. Raises BadRequest for more than 4,000 points. Raises ServiceUnavailable if ClickHouse is
    unreachable.
    """
    if comparison is not None:
        comparison = replace(comparison, channel_id=query.channel_id, interval=query.interval)
    windows = align_windows(query, comparison, now) if comparison else None
    queries = [query, comparison] if comparison else [query]
    edges = [list_query_edges(window) for window in queries]
    if max(map(len, edges)) > MAX_EDGES_PER_STATEMENT:
        raise BadRequest(f"At a glance at most {MAX_EDGES_PER_STATEMENT:,} points are given. Choose a wider interval.")
    offset_periods = list_offset_periods(query.start_second, query.end_second, query.zone) if week_metric else []
    counted_metrics = [metric for metric in metrics if get_definition(metric).aggregation not in OTHER_AGGREGATIONS]
    pair = select_pair(
        query,
        comparison,
        windows,
        boundaries=(*edges[0][1:-1], *list_week_boundaries(offset_periods)),
        base_boundaries=edges[-1][1:-1],
        now=now,
        kinds=sorted(
            {get_definition(metric).kind for metric in counted_metrics} | ({ranked.kind} if ranked else set())
        ),
    )
    elapsed = [windows.current, windows.base] if windows else queries
    cuts = {edge for window_edges in edges for edge in window_edges[1:-1]} | {part.end_second for part in elapsed}
    rows, (coverage_by_metric, timelines, responses) = await asyncio.gather(
        fetch_aggregate_rows(
            clickhouse, pair, edges, week_metric, offset_periods, ranked, audit_key=database.audit_key
        ),
        _load_coverages_and_samples(database, clickhouse, queries, cuts, metrics, now),
    )
    aggregates = [
        Aggregates.from_rows(
            window,
            window_edges,
            rows.intervals,
            counted_metrics,
            is_current=window is query,
            approximate=reader.table.approximate,
        )
        for window, window_edges, reader in zip(queries, edges, pair.list_readers(), strict=True)
    ]
    for metric, timeline in timelines.items():
        aggregates = [
            numbers.add_samples(metric, timeline, part) for numbers, part in zip(aggregates, elapsed, strict=True)
        ]
    if responses is not None:
        aggregates = [
            numbers.add_medians(Metric.FIRST_RESPONSE_SECONDS, responses, part)
            for numbers, part in zip(aggregates, elapsed, strict=True)
        ]
    return WindowNumbers(
        aggregates[0],
        aggregates[1] if comparison else None,
        windows,
        coverage_by_metric,
        collect_slot_values(rows.slots, week_metric) if week_metric else {},
        now,
        rows.lists,
    )


def fits_one_statement(query: ActivityQuery) -> bool:
    """Return whether `load_window_numbers` accepts the number of points. Raises BadRequest for more than 50,000."""
    return len(list_query_edges(query)) <= MAX_EDGES_PER_STATEMENT


async def _load_coverages_and_samples(
    database: Database,
    clickhouse: AsyncClient,
    queries: Sequence[ActivityQuery],
    cuts: Collection[int],
    metrics: Collection[Metric],
    now: datetime,
) -> tuple[dict[Metric, Coverage], dict[Metric, SampleTimeline], FirstResponses | None]:
    """Load the coverage of each metric in all windows, the samples of sampled metrics, and the first responses.

    `cuts` are Unix seconds. The first responses are None if they are no metric.
    """
    record, responses = await _load_record_and_responses(database, queries, metrics, now)
    coverage_by_metric = await _build_coverages(clickhouse, queries[0].guild_id, record, metrics)
    timelines = {
        metric: await load_timeline(database, clickhouse, metric, queries, cuts, coverage, now=now)
        for metric, coverage in coverage_by_metric.items()
        if get_definition(metric).aggregation is Aggregation.LATEST_SAMPLE
    }
    return coverage_by_metric, timelines, responses


async def _load_record_and_responses(
    database: Database, queries: Sequence[ActivityQuery], metrics: Collection[Metric], now: datetime
) -> tuple[CollectionRecord, FirstResponses | None]:
    """Load when events were recorded, and the first responses of all windows, on one connection."""
    query, start, end = queries[0], min(window.start for window in queries), max(window.end for window in queries)
    async with database.acquire_reader() as connection:
        record = await read_collection_record(
            connection, query.guild_id, start, end, channel_id=query.channel_id, now=now
        )
        if Metric.FIRST_RESPONSE_SECONDS not in metrics:
            return record, None
        return record, await read_first_responses(connection, query.guild_id, start, end)


async def _build_coverages(
    clickhouse: AsyncClient, guild_id: int, record: CollectionRecord, metrics: Collection[Metric]
) -> dict[Metric, Coverage]:
    """Build the coverage of each metric."""
    definitions = {metric: get_definition(metric) for metric in metrics}
    kinds = {definition.kind for definition in definitions.values()}
    first_hour_by_kind = await load_first_hours(clickhouse, guild_id, sorted(kinds), record)
    return {metric: record.build_coverage(definition, first_hour_by_kind) for metric, definition in definitions.items()}
