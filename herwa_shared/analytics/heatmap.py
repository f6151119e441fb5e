"""The weekly heatmap: a metric by the 168 hours of the week, in local time."""

from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.metric_definitions import (
    CHANNEL_METRICS,
    HEATMAP_METRICS,
    Aggregation,
    get_definition,
    require_supported,
)
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import HeatmapCell, WeeklyHeatmap
from herwa_shared.analytics.table_selection import format_array, select_table
from herwa_shared.analytics.timezones import list_offset_periods
from herwa_shared.clock import utc_now

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
    uniqExact(user_id)
FROM activity
GROUP BY slot
"""
_COLUMN_BY_AGGREGATION = {Aggregation.COUNT: 1, Aggregation.DURATION: 2, Aggregation.DISTINCT_MEMBERS: 3}


async def query_weekly_heatmap(
    clickhouse: AsyncClient, query: ActivityQuery, *, now: datetime | None = None
) -> WeeklyHeatmap:
    """Query the metric by weekday and hour in the query's zone; all 168 cells are returned.

    Distinct members count once per cell. Raises BadRequest for a sampled metric, and for a channel filter on a metric
    without channels.
    """
    definition = get_definition(query.metric)
    require_supported(query.metric, HEATMAP_METRICS, usage="by the hour of the week")
    if query.channel_id is not None:
        require_supported(query.metric, CHANNEL_METRICS, usage="with a channel")
    offset_periods = list_offset_periods(query.start_second, query.end_second, query.zone)
    # `start + offset` is a full hour only if the offset is: otherwise local hours do not match the hourly rollup.
    boundaries = (boundary for period in offset_periods for boundary in (period.start, period.start + period.offset))
    table = select_table(query, boundaries, now=now or utc_now())
    rows = await table.fetch(
        clickhouse,
        WEEKLY_HEATMAP_SQL,
        starts=format_array(period.start for period in offset_periods),
        offsets=format_array(period.offset for period in offset_periods),
    )
    values = {row[0]: definition.to_metric_value(row[_COLUMN_BY_AGGREGATION[definition.aggregation]]) for row in rows}
    cells = sorted(
        ((slot // 24 + EPOCH_WEEKDAY) % 7 + 1, slot % 24, values.get(slot, 0)) for slot in range(HOURS_PER_WEEK)
    )
    return WeeklyHeatmap(tuple(HeatmapCell(*cell) for cell in cells), table.approximate)
