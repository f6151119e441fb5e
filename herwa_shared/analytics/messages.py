"""Messages: how many humans wrote, by interval. Bots and webhooks are counted apart and not here."""

from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.points import counted_points
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.series import Metric, Series
from herwa_shared.clock import utc_now
from herwa_shared.db import Database

MESSAGES = """
SELECT /* analytics.messages */ roundDown(moment, {edges:Array(UInt32)}) AS edge, sum(events) AS value
FROM activity
GROUP BY edge
"""


async def message_counts(
    database: Database, clickhouse: AsyncClient, query: ActivityQuery, *, now: datetime | None = None
) -> Series:
    """Human messages in each interval; the total is their sum. Raises BadRequest over 50,000 points."""
    points, source = await counted_points(database, clickhouse, query, MESSAGES, now=now or utc_now())
    return Series(
        guild_id=query.guild_id,
        metric=Metric.MESSAGES,
        interval=query.interval,
        zone=query.zone,
        start=query.start,
        end=query.end,
        total=sum(point.value or 0 for point in points),
        points=points,
        approximate=source.approximate,
    )
