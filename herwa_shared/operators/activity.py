"""How active each server is, refreshed by the worker, so that the panel's searches and counts need no ClickHouse."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.db import Database

RECENT = timedelta(hours=24)
MAX_GUILDS_PER_QUERY = 1_000
RECENT_SQL = """
SELECT /* operators.recent_activity */ guild_id, sum(events), min(hour), max(hour)
FROM activity_hourly
WHERE guild_id > 0 AND hour > {since:DateTime('UTC')} AND kind NOT IN ('member_count', 'online_count')
GROUP BY guild_id
"""
FIRST_AND_LAST_SQL = """
SELECT /* operators.first_activity */ guild_id, 0, min(hour), max(hour)
FROM activity_hourly
WHERE guild_id IN {guilds:Array(UInt64)} AND kind NOT IN ('member_count', 'online_count')
GROUP BY guild_id
"""
BUSIEST_SQL = """
SELECT /* operators.busiest_minutes */ guild_id, max(total), max(most)
FROM (
    SELECT guild_id, minute, sum(commands) AS total, max(commands) AS most
    FROM (
        SELECT guild_id, user_id, toStartOfMinute(at) AS minute, count() AS commands
        FROM activity_events
        WHERE guild_id > 0 AND kind = 'command' AND at > {since:DateTime('UTC')}
        GROUP BY guild_id, user_id, minute
    )
    GROUP BY guild_id, minute
)
GROUP BY guild_id
"""
UNKNOWN_GUILDS_SQL = """
SELECT id FROM guild WHERE NOT EXISTS (SELECT FROM guild_activity AS a WHERE a.guild_id = guild.id) ORDER BY id
"""
SAVE_SQL = """
INSERT INTO guild_activity (guild_id, events, first_event_at, last_event_at)
SELECT row.guild_id, row.events, row.first_event_at, row.last_event_at
FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[])
    AS row (guild_id, events, first_event_at, last_event_at)
JOIN guild ON guild.id = row.guild_id
ORDER BY row.guild_id
ON CONFLICT (guild_id) DO UPDATE SET
    events = excluded.events,
    first_event_at = least(guild_activity.first_event_at, excluded.first_event_at),
    last_event_at = greatest(guild_activity.last_event_at, excluded.last_event_at)
"""
SAVE_BUSIEST_SQL = """
UPDATE guild_activity SET busiest_minute = row.total, busiest_member_minute = row.most
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS row (guild_id, total, most)
WHERE guild_activity.guild_id = row.guild_id
    AND (busiest_minute, busiest_member_minute) IS DISTINCT FROM (row.total, row.most)
"""
CLEAR_BUSIEST_SQL = """
UPDATE guild_activity SET busiest_minute = 0, busiest_member_minute = 0
WHERE busiest_minute > 0 AND guild_id <> ALL($1::bigint[])
"""
CLEAR_SQL = "UPDATE guild_activity SET events = 0 WHERE events > 0 AND guild_id <> ALL($1::bigint[])"
MARK_SILENT_SQL = """
UPDATE guild SET is_silent = NOT is_silent
WHERE is_silent = EXISTS (SELECT FROM guild_activity AS a WHERE a.guild_id = guild.id AND a.events > 0)
"""

ActivityRow = Sequence[object]
"""Guild id, events, hour of the first and of the last event."""


async def refresh_guild_activity(database: Database, clickhouse: AsyncClient, *, now: datetime) -> int:
    """Refresh the activity of all guilds; returns the number of guilds with events in the last 24 hours.

    Events are counted in complete hours before the current one, and in the current one.
    """
    since: dict[str, object] = {"since": (now - RECENT).replace(tzinfo=None)}
    recent = await _query(clickhouse, RECENT_SQL, since)
    busiest = await _query(clickhouse, BUSIEST_SQL, since)
    async with database.acquire_connection() as connection:
        unknown_ids = [row["id"] for row in await connection.fetch(UNKNOWN_GUILDS_SQL)]
        older = await _load_first_and_last(clickhouse, unknown_ids)
        async with connection.transaction():
            await _save(connection, older)
            await _save(connection, recent)
            await connection.execute(CLEAR_SQL, [row[0] for row in recent])
            await connection.execute(MARK_SILENT_SQL)
            await connection.execute(CLEAR_BUSIEST_SQL, [row[0] for row in busiest])
            if busiest:
                await connection.execute(SAVE_BUSIEST_SQL, *(list(column) for column in zip(*busiest, strict=True)))
    return len(recent)


async def _load_first_and_last(clickhouse: AsyncClient, guild_ids: Collection[int]) -> list[ActivityRow]:
    ids = list(guild_ids)
    rows: list[ActivityRow] = []
    for start in range(0, len(ids), MAX_GUILDS_PER_QUERY):
        part = ids[start : start + MAX_GUILDS_PER_QUERY]
        rows += await _query(clickhouse, FIRST_AND_LAST_SQL, {"guilds": part})
    return rows


async def _query(clickhouse: AsyncClient, statement: str, parameters: dict[str, object]) -> list[ActivityRow]:
    result = await clickhouse.query(statement, parameters=parameters)
    return list(result.result_rows)


async def _save(connection: asyncpg.Connection, rows: Sequence[ActivityRow]) -> None:
    if rows:
        await connection.execute(SAVE_SQL, *(list(column) for column in zip(*rows, strict=True)))
