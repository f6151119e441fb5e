"""Active members: how many different humans wrote, by interval and over the whole window."""

from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.points import counted_points
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.series import Metric, Series
from herwa_shared.clock import utc_now
from herwa_shared.db import Database

BY_INTERVAL = """
SELECT /* analytics.members */ roundDown(moment, {edges:Array(UInt32)}) AS edge, uniqExact(user_id) AS value
FROM activity
GROUP BY edge
"""
OVER_WINDOW = """
SELECT /* analytics.members.total */ uniqExact(user_id) FROM activity
"""


async def active_members(
    database: Database, clickhouse: AsyncClient, query: ActivityQuery, *, now: datetime | None = None
) -> Series:
    """Different humans who wrote in each interval; the total counts each once. Raises BadRequest over 50,000 points."""
    points, source = await counted_points(database, clickhouse, query, BY_INTERVAL, now=now or utc_now())
    ((total,),) = await source.ask(clickhouse, OVER_WINDOW)
    return Series(
        guild_id=query.guild_id,
        metric=Metric.ACTIVE_MEMBERS,
        interval=query.interval,
        zone=query.zone,
        start=query.start,
        end=query.end,
        total=total,
        points=points,
        approximate=source.approximate,
    )
