"""The week as 168 hours: when people write, talk, join, in their own zone."""

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
EPOCH_WEEKDAY = 3  # 1970 began on one; Monday is 0

# The zone comes as stretches of constant offset; hours of the week are counted from the first hour of 1970.
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
    """The query's metric by weekday and hour of the clocks in its zone, every cell there.

    People count once a cell. Raises BadRequest for a metric of samples.
    """
    definition = get_definition(query.metric)
    require_supported(query.metric, HEATMAP_METRICS, usage="by the hour of the week")
    if query.channel_id is not None:
        require_supported(query.metric, CHANNEL_METRICS, usage="with a channel")
    offset_periods = list_offset_periods(query.start_second, query.end_second, query.zone)
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
