"""Every metric that can be drawn over time, and who answers it."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.members import active_members
from herwa_shared.analytics.messages import message_counts
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.series import Metric, Series
from herwa_shared.db import Database


class Answer(Protocol):
    """A function that turns a question into a series."""

    async def __call__(
        self, database: Database, clickhouse: AsyncClient, query: ActivityQuery, *, now: datetime | None = None
    ) -> Series: ...


ANSWERS: Mapping[Metric, Answer] = MappingProxyType(
    {Metric.MESSAGES: message_counts, Metric.ACTIVE_MEMBERS: active_members}
)


async def series_of(
    database: Database, clickhouse: AsyncClient, query: ActivityQuery, *, now: datetime | None = None
) -> Series:
    """The series of the query's metric, whichever it is."""
    return await ANSWERS[query.metric](database, clickhouse, query, now=now)
