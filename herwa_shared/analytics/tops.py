"""Top lists: the channels and members with most of something in a window."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import Row
from sqlmodel import col, select

from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.series import Metric, Ranked, Ranking
from herwa_shared.analytics.source import Rows, Source, source_of
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import BadRequest
from herwa_shared.models import Channel, Member

CHANNELS_BY_MESSAGES = """
SELECT /* analytics.tops.channels */ channel_id AS id, sum(events) AS value
FROM activity
GROUP BY id
ORDER BY value DESC, id
LIMIT {limit:UInt16}
"""
CHANNELS_BY_MEMBERS = """
SELECT /* analytics.tops.channels */ channel_id AS id, uniqExact(user_id) AS value
FROM activity
GROUP BY id
ORDER BY value DESC, id
LIMIT {limit:UInt16}
"""
MEMBERS_BY_MESSAGES = """
SELECT /* analytics.tops.members */ user_id AS id, sum(events) AS value
FROM activity
GROUP BY id
ORDER BY value DESC, id
LIMIT {limit:UInt16}
"""
CHANNEL_RANKINGS = {Metric.MESSAGES: CHANNELS_BY_MESSAGES, Metric.ACTIVE_MEMBERS: CHANNELS_BY_MEMBERS}
MEMBER_RANKINGS = {Metric.MESSAGES: MEMBERS_BY_MESSAGES}


async def top_channels(
    database: Database, clickhouse: AsyncClient, query: ActivityQuery, *, limit: int = 10, now: datetime | None = None
) -> Ranking:
    """Channels with most of the query's metric; a thread counts for its channel."""
    source = source_of(query, (), now=now or utc_now())
    rows = await source.ask(clickhouse, _question(CHANNEL_RANKINGS, query.metric), limit=limit)
    async with database.transaction() as session:
        names = await session.execute(
            select(Channel.id, Channel.name)
            .where(col(Channel.guild_id) == query.guild_id)
            .where(col(Channel.id).in_([row[0] for row in rows]))
        )
        return _ranking(rows, names.all(), source)


async def top_members(
    database: Database, clickhouse: AsyncClient, query: ActivityQuery, *, limit: int = 10, now: datetime | None = None
) -> Ranking:
    """Humans who wrote most."""
    source = source_of(query, (), now=now or utc_now())
    rows = await source.ask(clickhouse, _question(MEMBER_RANKINGS, query.metric), limit=limit)
    async with database.transaction() as session:
        names = await session.execute(
            select(Member.user_id, Member.name)
            .where(col(Member.guild_id) == query.guild_id)
            .where(col(Member.user_id).in_([row[0] for row in rows]))
        )
        return _ranking(rows, names.all(), source)


def _question(rankings: Mapping[Metric, str], metric: Metric) -> str:
    if metric in rankings:
        return rankings[metric]
    raise BadRequest(f"'metric' must be {' or '.join(rankings)} in this list, not {metric}.")


def _ranking(rows: Rows, names: Iterable[Row[int, str]], source: Source) -> Ranking:
    known = {row[0]: row[1] for row in names}
    return Ranking(tuple(Ranked(id_, known.get(id_), value) for id_, value in rows), source.approximate)
