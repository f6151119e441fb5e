"""KPIs: total, change and points of several metrics of one window.

Also finds the channel that contributes most to the change of a KPI.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.compared_rankings import ComparedItem
from herwa_shared.analytics.comparison import Change, build_change
from herwa_shared.analytics.metric_definitions import CHANNEL_METRICS, Metric, get_definition
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import PointStatus, RankedItem
from herwa_shared.analytics.window_numbers import WindowNumbers, load_window_numbers
from herwa_shared.clock import utc_now
from herwa_shared.db import Database

MIN_CONTRIBUTION_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Kpi:
    """One metric over a window. None means not recorded, or not available for a single channel.

    `change` compares the elapsed part of the window with the same part of the comparison window, see `comparison`.
    `is_estimated`: the total is an estimate, see `growth`; `values` contain none.
    `long_wait` is the same as for `TimeSeries`.
    """

    metric: Metric
    total: int | None
    change: Change | None
    rising_is_good: bool | None
    values: tuple[int | None, ...]
    is_estimated: bool = False
    long_wait: int | None = None


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

    The values are those that `query_timeseries` returns, without estimates. Points have the query's interval. A metric
    without channels gives an empty KPI if the query has a channel. Raises BadRequest for more than 4,000 points.
    """
    numbers = await load_window_numbers(
        database,
        clickhouse,
        query,
        comparison=comparison,
        metrics=list_available_metrics(metrics, query.channel_id),
        now=now or utc_now(),
    )
    return tuple(build_kpi(numbers, metric) for metric in metrics)


def list_available_metrics(metrics: Iterable[Metric], channel_id: int | None) -> list[Metric]:
    """Return the metrics that can be shown for this channel; all of them without one."""
    return [metric for metric in metrics if channel_id is None or metric in CHANNEL_METRICS]


def build_kpi(numbers: WindowNumbers, metric: Metric) -> Kpi:
    """Build the KPI of a metric; an empty one if the metric was not loaded."""
    definition = get_definition(metric)
    if metric not in numbers.coverage_by_metric:
        return Kpi(metric, None, None, definition.rising_is_good, ())
    change = None
    if numbers.windows:
        coverage = numbers.coverage_by_metric[metric]
        totals = numbers.get_elapsed_totals(metric)
        change = build_change(*totals, numbers.windows, definition=definition, coverage=coverage)
    series = numbers.build_series(metric)
    values = tuple(None if point.status is PointStatus.ESTIMATED else point.value for point in series.points)
    return Kpi(
        metric,
        numbers.get_total(metric),
        change,
        definition.rising_is_good,
        values,
        is_estimated=series.is_estimated,
        long_wait=series.long_wait,
    )


def find_top_contributor(kpi: Kpi, channels: Iterable[ComparedItem]) -> RankedItem | None:
    """Find the channel that contributes most to the change of `kpi`. `channels` are all channels of the same metric.

    Returns the channel with its difference as `value`, or None if that is less than half of the change, or if the
    metric has no channels or no change.
    """
    change = kpi.change
    if change is None or change.base == 0 or change.direction == 0 or kpi.metric not in CHANNEL_METRICS:
        return None
    contributor = max(
        channels, key=lambda channel: (channel.change.difference / change.difference, channel.item.id), default=None
    )
    if contributor is None or contributor.change.difference / change.difference < MIN_CONTRIBUTION_SHARE:
        return None
    return RankedItem(contributor.item.id, contributor.item.name, contributor.change.difference)
