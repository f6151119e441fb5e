"""Rankings: the channels and members with the highest value of a metric in a window."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.metric_definitions import (
    CHANNEL_METRICS,
    MEMBER_METRICS,
    Aggregation,
    get_definition,
    require_supported,
)
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.ranked_lists import HIDDEN_RESERVE, RESERVE_GROWTH
from herwa_shared.analytics.results import RankedItem, Ranking, RankPosition
from herwa_shared.analytics.table_selection import Rows, TableSelection, select_table
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.demo_guild import DEMO_CHANNEL_NAMES, DEMO_GUILD_ID, DEMO_MEMBER_NAMES
from herwa_shared.listed_members import load_listed_members

# The page of a list after a position: a value, and the id of the entry that has it. Without a position the id is 0.
RANKING_TAIL_SQL = """
FROM activity
GROUP BY id
HAVING id != 0 AND (
    {after_id:UInt64} = 0 OR value < {after_value:UInt64} OR (value = {after_value:UInt64} AND id > {after_id:UInt64})
)
ORDER BY value DESC, id
LIMIT {limit:UInt32}
"""
CHANNELS_BY_COUNT_SQL = "SELECT /* analytics.tops.channels */ channel_id AS id, sum(events) AS value" + RANKING_TAIL_SQL
CHANNELS_BY_DURATION_SQL = (
    "SELECT /* analytics.tops.channels */ channel_id AS id, sum(total) AS value" + RANKING_TAIL_SQL
)
CHANNELS_BY_MEMBERS_SQL = (
    "SELECT /* analytics.tops.channels */ channel_id AS id, uniqExactIf(person_id, person_id != 0) AS value"
    + RANKING_TAIL_SQL
)
MEMBERS_BY_COUNT_SQL = "SELECT /* analytics.tops.members */ user_id AS id, sum(events) AS value" + RANKING_TAIL_SQL
MEMBERS_BY_DURATION_SQL = "SELECT /* analytics.tops.members */ user_id AS id, sum(total) AS value" + RANKING_TAIL_SQL
CHANNEL_SQL_BY_AGGREGATION = {
    Aggregation.COUNT: CHANNELS_BY_COUNT_SQL,
    Aggregation.DURATION: CHANNELS_BY_DURATION_SQL,
    Aggregation.DISTINCT_MEMBERS: CHANNELS_BY_MEMBERS_SQL,
}
MEMBER_SQL_BY_AGGREGATION = {Aggregation.COUNT: MEMBERS_BY_COUNT_SQL, Aggregation.DURATION: MEMBERS_BY_DURATION_SQL}
CHANNEL_NAMES_SQL = "SELECT id, name FROM channel WHERE guild_id = $1 AND id = ANY($2::bigint[])"


async def rank_channels(
    database: Database,
    clickhouse: AsyncClient,
    query: ActivityQuery,
    *,
    limit: int = 10,
    after: RankPosition | None = None,
    now: datetime | None = None,
) -> Ranking:
    """Rank channels by the query's metric, those after a position; a thread counts for its parent channel.

    Raises BadRequest if the metric has no channels.
    """
    require_supported(query.metric, CHANNEL_METRICS, usage="for channels")
    table = select_table(query, (), now=now or utc_now())
    sql = CHANNEL_SQL_BY_AGGREGATION[get_definition(query.metric).aggregation]
    rows = await _fetch_page(table, clickhouse, sql, limit, after, audit_key=database.audit_key)
    async with database.acquire_reader() as connection:
        names = await load_channel_names(connection, query.guild_id, rows)
    return _build_ranking(rows, names, table, limit)


async def rank_members(
    database: Database,
    clickhouse: AsyncClient,
    query: ActivityQuery,
    *,
    limit: int = 10,
    after: RankPosition | None = None,
    now: datetime | None = None,
) -> Ranking:
    """Rank human members by the query's metric, those after a position, without those whom no list may show.

    Raises BadRequest if the metric cannot be attributed to single members.
    """
    require_supported(query.metric, MEMBER_METRICS, usage="for members")
    table = select_table(query, (), now=now or utc_now())
    sql = MEMBER_SQL_BY_AGGREGATION[get_definition(query.metric).aggregation]
    rows: list[Sequence[Any]] = []
    names: dict[int, str | None] = {}
    page_size = limit + HIDDEN_RESERVE
    while True:
        page = await _fetch_page(table, clickhouse, sql, page_size, after, audit_key=database.audit_key)
        async with database.acquire_reader() as connection:
            names |= await load_listed_names(connection, query.guild_id, page, audit_key=database.audit_key)
        rows += [row for row in page if row[0] in names]
        if len(rows) > limit or len(page) <= page_size:
            return _build_ranking(rows, names, table, limit)
        after, page_size = RankPosition(page[-1][1], page[-1][0]), page_size * RESERVE_GROWTH


async def load_channel_names(connection: asyncpg.Connection, guild_id: int, rows: Rows) -> dict[int, str]:
    """Load the names of channels. The first column of `rows` is their id."""
    if guild_id == DEMO_GUILD_ID:
        return dict(DEMO_CHANNEL_NAMES)
    names = await connection.fetch(CHANNEL_NAMES_SQL, guild_id, [row[0] for row in rows])
    return {row[0]: row[1] for row in names}


async def load_listed_names(
    connection: asyncpg.Connection, guild_id: int, rows: Rows, *, audit_key: bytes | None
) -> dict[int, str | None]:
    """Load the members whom a list may show, with their names. The first column of `rows` is their id."""
    user_ids = [row[0] for row in rows]
    if guild_id == DEMO_GUILD_ID:
        return {user_id: DEMO_MEMBER_NAMES.get(user_id) for user_id in user_ids}
    return await load_listed_members(connection, audit_key, guild_id=guild_id, user_ids=user_ids)


async def _fetch_page(
    table: TableSelection,
    clickhouse: AsyncClient,
    sql: str,
    limit: int,
    after: RankPosition | None,
    *,
    audit_key: bytes | None,
) -> Rows:
    """Fetch up to `limit` rows, and one more that tells whether there are further ones."""
    position = after or RankPosition(0, 0)
    return await table.fetch(
        clickhouse, sql, audit_key=audit_key, limit=limit + 1, after_value=position.value, after_id=position.id
    )


def _build_ranking(rows: Rows, name_by_id: Mapping[int, str | None], table: TableSelection, limit: int) -> Ranking:
    to_value = get_definition(table.query.metric).to_metric_value
    listed = (RankedItem(id_, name_by_id.get(id_), to_value(value)) for id_, value in rows[:limit])
    items = tuple(item for item in listed if item.value)
    has_next = len(rows) > limit and to_value(rows[limit][1])
    position = RankPosition(rows[limit - 1][1], rows[limit - 1][0]) if has_next else None
    return Ranking(items, table.approximate, position)
