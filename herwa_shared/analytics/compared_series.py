"""A time series together with its comparison: what every chart, picture and chart reply shows."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.comparison import Change, ComparedWindows, align_windows
from herwa_shared.analytics.kpis import build_kpi, query_kpis
from herwa_shared.analytics.metric_definitions import CHANNEL_METRICS, Metric, require_supported
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval, TimeSeries
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.analytics.window_numbers import WindowNumbers, fits_one_statement, load_window_numbers
from herwa_shared.clock import utc_now
from herwa_shared.db import Database


@dataclass(frozen=True, slots=True)
class ComparedSeries:
    """A series, the series of the comparison window, and the change of the total.

    `comparison` is None if nothing is compared. `change` is None if the comparison would be unfair, see `comparison`.
    `windows` are the two periods that `change` compares.
    """

    series: TimeSeries
    comparison: TimeSeries | None = None
    change: Change | None = None
    windows: ComparedWindows | None = None

    @property
    def has_base_data(self) -> bool:
        """Whether the comparison window has any data."""
        return self.comparison is not None and bool(self.comparison.recorded_points)


async def query_compared_series(
    database: Database,
    clickhouse: AsyncClient,
    query: ActivityQuery,
    comparison: ActivityQuery | None,
    *,
    now: datetime | None = None,
) -> ComparedSeries:
    """Query a series and, unless `comparison` is None, its comparison series and change.

    The change is that of the KPI of the same metric. Raises as `query_timeseries` does.
    """
    now = now or utc_now()
    if comparison is None:
        return ComparedSeries(await query_timeseries(database, clickhouse, query, now=now))
    if query.channel_id is not None:
        require_supported(query.metric, CHANNEL_METRICS, usage="with a channel")
    if fits_one_statement(query) and fits_one_statement(comparison):
        numbers = await load_window_numbers(
            database, clickhouse, query, comparison=comparison, metrics=(query.metric,), now=now
        )
        return build_compared_series(numbers, query.metric)
    # Only the totals of the KPI are needed, so that few points are read.
    total_query = replace(query, interval=Interval.MONTH)
    series, comparison_series, (kpi,) = await asyncio.gather(
        query_timeseries(database, clickhouse, query, now=now),
        query_timeseries(database, clickhouse, comparison, now=now),
        query_kpis(database, clickhouse, total_query, comparison=comparison, metrics=(query.metric,), now=now),
    )
    return ComparedSeries(series, comparison_series, kpi.change, align_windows(query, comparison, now))


async def query_several_compared_series(
    database: Database,
    clickhouse: AsyncClient,
    query: ActivityQuery,
    comparison: ActivityQuery | None,
    *,
    metrics: Sequence[Metric],
    now: datetime,
) -> tuple[ComparedSeries, ...]:
    """Query the series of several metrics, each equal to that of `query_compared_series`.

    One statement reads all of them if the window has few enough points. Raises as `query_timeseries` does.
    """
    if query.channel_id is not None:
        for metric in metrics:
            require_supported(metric, CHANNEL_METRICS, usage="with a channel")
    windows = [query, comparison] if comparison is not None else [query]
    if all(fits_one_statement(window) for window in windows):
        numbers = await load_window_numbers(
            database, clickhouse, query, comparison=comparison, metrics=metrics, now=now
        )
        return tuple(build_compared_series(numbers, metric) for metric in metrics)
    return tuple(
        [
            await query_compared_series(
                database,
                clickhouse,
                replace(query, metric=metric),
                replace(comparison, metric=metric) if comparison is not None else None,
                now=now,
            )
            for metric in metrics
        ]
    )


def build_compared_series(numbers: WindowNumbers, metric: Metric) -> ComparedSeries:
    """Build the series of a metric, its comparison series and its change."""
    kpi = build_kpi(numbers, metric)
    return ComparedSeries(numbers.build_series(metric), numbers.build_base_series(metric), kpi.change, numbers.windows)
