"""The weekly heatmap: a metric by the 168 hours of the week, in local time."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.aggregates import list_week_boundaries
from herwa_shared.analytics.coverage import Coverage, Period
from herwa_shared.analytics.metric_definitions import (
    CHANNEL_METRICS,
    HEATMAP_METRICS,
    Aggregation,
    Metric,
    get_definition,
    require_supported,
)
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import HeatmapCell, PointStatus, WeeklyHeatmap
from herwa_shared.analytics.table_selection import format_array, select_table
from herwa_shared.analytics.timeseries import load_coverage
from herwa_shared.analytics.timezones import SECONDS_PER_HOUR, OffsetPeriod, list_offset_periods
from herwa_shared.analytics.window_numbers import WindowNumbers
from herwa_shared.clock import utc_now
from herwa_shared.db import Database

HOURS_PER_WEEK = 168
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0

# The zone is passed as periods of constant UTC offset. `slot` is the hour of the week, from Thursday 00:00 (the epoch).
WEEKLY_HEATMAP_SQL = """
SELECT /* analytics.heatmap */
    intDiv(
        moment + transform(
            roundDown(moment, {starts:Array(UInt32)}), {starts:Array(UInt32)}, {offsets:Array(Int32)}, 0
        ),
        3600
    ) % 168 AS slot,
    sum(events),
    sum(total),
    uniqExactIf(person_id, person_id != 0)
FROM activity
GROUP BY slot
"""
_COLUMN_BY_AGGREGATION = {Aggregation.COUNT: 1, Aggregation.DURATION: 2, Aggregation.DISTINCT_MEMBERS: 3}


async def query_weekly_heatmap(
    database: Database, clickhouse: AsyncClient, query: ActivityQuery, *, now: datetime | None = None
) -> WeeklyHeatmap:
    """Query the metric by weekday and hour in the query's zone; all 168 cells are returned.

    An hour of the week that was not recorded on any day of the window has no value. Distinct members count once per
    cell. Raises BadRequest for a sampled metric, and for a channel filter on a metric without channels.
    """
    definition = get_definition(query.metric)
    require_supported(query.metric, HEATMAP_METRICS, usage="by the hour of the week")
    if query.channel_id is not None:
        require_supported(query.metric, CHANNEL_METRICS, usage="with a channel")
    offset_periods = list_offset_periods(query.start_second, query.end_second, query.zone)
    now = now or utc_now()
    table = select_table(query, list_week_boundaries(offset_periods), now=now)
    rows, coverage = await asyncio.gather(
        table.fetch(
            clickhouse,
            WEEKLY_HEATMAP_SQL,
            audit_key=database.audit_key,
            starts=format_array(period.start for period in offset_periods),
            offsets=format_array(period.offset for period in offset_periods),
        ),
        load_coverage(database, clickhouse, query, now=now),
    )
    values = {row[0]: definition.to_metric_value(row[_COLUMN_BY_AGGREGATION[definition.aggregation]]) for row in rows}
    return _build_heatmap(query, values, coverage, now, approximate=table.approximate)


def build_weekly_heatmap(numbers: WindowNumbers, metric: Metric) -> WeeklyHeatmap:
    """Build the heatmap of the window from numbers that were loaded with `metric` as `week_metric`."""
    return _build_heatmap(
        numbers.current.query,
        numbers.slot_values,
        numbers.coverage_by_metric[metric],
        numbers.now,
        approximate=numbers.current.approximate,
    )


def _build_heatmap(
    query: ActivityQuery, values: Mapping[int, int], coverage: Coverage, now: datetime, *, approximate: bool
) -> WeeklyHeatmap:
    offset_periods = list_offset_periods(query.start_second, query.end_second, query.zone)
    elapsed = (query.start, min(query.end, now))
    elapsed_slots = _list_slots([elapsed], elapsed, offset_periods)
    recorded_slots = _list_slots(coverage.periods, elapsed, offset_periods)
    cells = [_build_cell(slot, values, elapsed_slots, recorded_slots) for slot in range(HOURS_PER_WEEK)]
    return WeeklyHeatmap(tuple(sorted(cells, key=lambda cell: (cell.weekday, cell.hour))), approximate)


def _build_cell(
    slot: int, values: Mapping[int, int], elapsed_slots: frozenset[int], recorded_slots: frozenset[int]
) -> HeatmapCell:
    weekday, hour = (slot // 24 + EPOCH_WEEKDAY) % 7 + 1, slot % 24
    if slot in values or slot in recorded_slots:
        return HeatmapCell(weekday, hour, values.get(slot, 0))
    return HeatmapCell(weekday, hour, None, PointStatus.NO_DATA if slot in elapsed_slots else PointStatus.FUTURE)


def _list_slots(periods: Iterable[Period], window: Period, offset_periods: Sequence[OffsetPeriod]) -> frozenset[int]:
    """Return the hours of the week that overlap the periods within the window."""
    slots: set[int] = set()
    window_start, window_end = (int(moment.timestamp()) for moment in window)
    for period_start, period_end in periods:
        for offset_period in offset_periods:
            start = max(int(period_start.timestamp()), window_start, offset_period.start)
            end = min(int(period_end.timestamp()), window_end, offset_period.end)
            if start >= end:
                continue
            first_hour = (start + offset_period.offset) // SECONDS_PER_HOUR
            last_hour = (end - 1 + offset_period.offset) // SECONDS_PER_HOUR
            slots.update(hour % HOURS_PER_WEEK for hour in range(first_hour, last_hour + 1)[:HOURS_PER_WEEK])
    return frozenset(slots)
