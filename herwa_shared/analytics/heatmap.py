"""The week as 168 hours: when people write, talk, join, in their own zone."""

from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.metric_definitions import CHANNEL_METRICS, HOUR_METRICS, Sum, measure_of, require
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Cell, Heatmap
from herwa_shared.analytics.table_selection import array_of, source_of
from herwa_shared.analytics.timezones import stretches
from herwa_shared.clock import utc_now

WEEK_HOURS = 168
THURSDAY = 3  # 1970 began on one; Monday is 0

# The zone comes as stretches of constant offset; hours of the week are counted from the first hour of 1970.
BY_HOUR_OF_WEEK = """
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
_COLUMNS = {Sum.EVENTS: 1, Sum.MINUTES: 2, Sum.PEOPLE: 3}


async def hours_of_week(clickhouse: AsyncClient, query: ActivityQuery, *, now: datetime | None = None) -> Heatmap:
    """The query's metric by weekday and hour of the clocks in its zone, every cell there.

    People count once a cell. Raises BadRequest for a metric of samples.
    """
    measure = measure_of(query.metric)
    require(query.metric, HOUR_METRICS, what="by the hour of the week")
    if query.channel_id is not None:
        require(query.metric, CHANNEL_METRICS, what="with a channel")
    clocks = stretches(query.start_second, query.end_second, query.zone)
    cuts = (cut for clock in clocks for cut in (clock.start, clock.start + clock.offset))
    source = source_of(query, cuts, now=now or utc_now())
    rows = await source.ask(
        clickhouse,
        BY_HOUR_OF_WEEK,
        starts=array_of(clock.start for clock in clocks),
        offsets=array_of(clock.offset for clock in clocks),
    )
    values = {row[0]: measure.finished(row[_COLUMNS[measure.sum]]) for row in rows}
    cells = sorted(((slot // 24 + THURSDAY) % 7 + 1, slot % 24, values.get(slot, 0)) for slot in range(WEEK_HOURS))
    return Heatmap(tuple(Cell(*cell) for cell in cells), source.approximate)
