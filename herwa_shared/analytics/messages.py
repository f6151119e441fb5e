"""Messages: how many humans wrote, by interval. Bots and webhooks are counted apart and not here."""

from dataclasses import replace
from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Metric, TimeSeries
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.db import Database


async def message_counts(
    database: Database, clickhouse: AsyncClient, query: ActivityQuery, *, now: datetime | None = None
) -> TimeSeries:
    """Human messages in each interval; the total is their sum. Raises BadRequest over 50,000 points."""
    return await query_timeseries(database, clickhouse, replace(query, metric=Metric.MESSAGES), now=now)
