"""Top lists: the channels and members with most of something in a window."""

from collections.abc import Iterable
from datetime import datetime

from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import Row
from sqlmodel import col, select

from herwa_shared.analytics.metric_definitions import CHANNEL_METRICS, MEMBER_METRICS, Sum, measure_of, require
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Ranked, Ranking
from herwa_shared.analytics.table_selection import Rows, Source, source_of
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.models import Channel, Member

CHANNELS_BY_EVENTS = """
SELECT /* analytics.tops.channels */ channel_id AS id, sum(events) AS value
FROM activity
GROUP BY id
HAVING id != 0
ORDER BY value DESC, id
LIMIT {limit:UInt16}
"""
CHANNELS_BY_SECONDS = """
SELECT /* analytics.tops.channels */ channel_id AS id, sum(total) AS value
FROM activity
GROUP BY id
HAVING id != 0
ORDER BY value DESC, id
LIMIT {limit:UInt16}
"""
CHANNELS_BY_PEOPLE = """
SELECT /* analytics.tops.channels */ channel_id AS id, uniqExact(user_id) AS value
FROM activity
GROUP BY id
HAVING id != 0
ORDER BY value DESC, id
LIMIT {limit:UInt16}
"""
MEMBERS_BY_EVENTS = """
SELECT /* analytics.tops.members */ user_id AS id, sum(events) AS value
FROM activity
GROUP BY id
HAVING id != 0
ORDER BY value DESC, id
LIMIT {limit:UInt16}
"""
MEMBERS_BY_SECONDS = """
SELECT /* analytics.tops.members */ user_id AS id, sum(total) AS value
FROM activity
GROUP BY id
HAVING id != 0
ORDER BY value DESC, id
LIMIT {limit:UInt16}
"""
CHANNEL_RANKINGS = {
    Sum.EVENTS: CHANNELS_BY_EVENTS,
    Sum.MINUTES: CHANNELS_BY_SECONDS,
    Sum.PEOPLE: CHANNELS_BY_PEOPLE,
}
MEMBER_RANKINGS = {Sum.EVENTS: MEMBERS_BY_EVENTS, Sum.MINUTES: MEMBERS_BY_SECONDS}


async def top_channels(
    database: Database, clickhouse: AsyncClient, query: ActivityQuery, *, limit: int = 10, now: datetime | None = None
) -> Ranking:
    """Channels with most of the query's metric; a thread counts for its channel. Raises BadRequest if it has none."""
    require(query.metric, CHANNEL_METRICS, what="for channels")
    source = source_of(query, (), now=now or utc_now())
    rows = await source.ask(clickhouse, CHANNEL_RANKINGS[measure_of(query.metric).sum], limit=limit)
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
    """Humans with most of the query's metric. Raises BadRequest if it cannot be told of one person."""
    require(query.metric, MEMBER_METRICS, what="for members")
    source = source_of(query, (), now=now or utc_now())
    rows = await source.ask(clickhouse, MEMBER_RANKINGS[measure_of(query.metric).sum], limit=limit)
    async with database.transaction() as session:
        names = await session.execute(
            select(Member.user_id, Member.name)
            .where(col(Member.guild_id) == query.guild_id)
            .where(col(Member.user_id).in_([row[0] for row in rows]))
        )
        return _ranking(rows, names.all(), source)


def _ranking(rows: Rows, names: Iterable[Row[int, str]], source: Source) -> Ranking:
    known, finished = {row[0]: row[1] for row in names}, measure_of(source.query.metric).finished
    items = (Ranked(id_, known.get(id_), finished(value)) for id_, value in rows)
    return Ranking(tuple(item for item in items if item.value), source.approximate)
