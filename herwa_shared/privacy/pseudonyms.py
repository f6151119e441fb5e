"""Replace members in ClickHouse by pseudonyms: those who left 90 days ago, and everybody in hours before 13 months.

A pseudonym is computed from the member with a random key, which is deleted afterwards; nothing leads back. All counts
stay exact. So does the number of distinct members: over any window for a member who left, as they keep one pseudonym,
and within each calendar month (UTC) for old hours, as each month has its own key. Decision: docs/decisions/0013.
"""

import secrets
from datetime import UTC, date, datetime, timedelta

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.pipeline.privacy_filter import FIRST_PSEUDONYM
from herwa_shared.privacy.activity_rewrite import (
    PSEUDONYM_KEY_BYTES,
    ActivityScope,
    get_next_hour,
    hold_transfers,
    replace_by_pseudonyms,
)

log = get_logger(__name__)

DEPARTED_RETENTION = timedelta(days=90)
IDENTITY_MONTHS = 13
MAX_BATCH_MEMBERS = 500

LIST_DEPARTED_SQL = """
SELECT p.guild_id, p.user_id
FROM membership_period AS p
LEFT JOIN member AS m ON m.guild_id = p.guild_id AND m.user_id = p.user_id
GROUP BY p.guild_id, p.user_id, m.joined_at
HAVING bool_and(p.left_at IS NOT NULL) AND max(p.left_at) < $1
    AND (m.joined_at IS NULL OR m.joined_at <= max(p.left_at))
ORDER BY p.guild_id, p.user_id
LIMIT $2
"""
SAVE_BATCH_SQL = "INSERT INTO pseudonym_batch (month, guild_ids, user_ids, key) VALUES ($1, $2, $3, $4)"
OPEN_BATCHES_SQL = "SELECT id FROM pseudonym_batch ORDER BY id"
OPEN_BATCH_SQL = "SELECT month, guild_ids, user_ids, key FROM pseudonym_batch WHERE id = $1 FOR UPDATE"
DELETE_BATCH_SQL = "DELETE FROM pseudonym_batch WHERE id = $1"
# A member who joined again after the batch was planned keeps their row.
DELETE_PERIODS_SQL = """
DELETE FROM membership_period AS p
USING unnest($1::bigint[], $2::bigint[]) AS departed (guild_id, user_id)
WHERE p.guild_id = departed.guild_id AND p.user_id = departed.user_id AND p.left_at < $3
"""
DELETE_MEMBERS_SQL = """
DELETE FROM member AS m
USING unnest($1::bigint[], $2::bigint[]) AS departed (guild_id, user_id)
WHERE m.guild_id = departed.guild_id AND m.user_id = departed.user_id AND coalesce(m.joined_at < $3, true)
    AND NOT EXISTS (SELECT FROM membership_period AS p WHERE p.guild_id = m.guild_id AND p.user_id = m.user_id)
"""
FORGET_OPENERS_SQL = """
UPDATE ticket AS t SET opener_id = 0
FROM unnest($1::bigint[], $2::bigint[]) AS departed (guild_id, user_id)
WHERE t.guild_id = departed.guild_id AND t.opener_id = departed.user_id AND t.opened_at < $3
"""
FORGET_RESPONDERS_SQL = """
UPDATE ticket AS t SET responder_id = 0
FROM unnest($1::bigint[], $2::bigint[]) AS departed (guild_id, user_id)
WHERE t.guild_id = departed.guild_id AND t.responder_id = departed.user_id AND t.responded_at < $3
"""
OLDEST_MONTH_SQL = f"""
SELECT toStartOfMonth(min(hour)) FROM activity_hourly
WHERE hour < toDateTime({{end:UInt32}}, 'UTC') AND user_id BETWEEN 1 AND {FIRST_PSEUDONYM - 1}
HAVING count() > 0
"""  # noqa: S608 - constants
GUILDS_OF_MONTH_SQL = f"""
SELECT DISTINCT guild_id FROM activity_hourly
WHERE toStartOfMonth(hour) = {{month:Date}} AND user_id BETWEEN 1 AND {FIRST_PSEUDONYM - 1} ORDER BY guild_id
"""  # noqa: S608 - constants


async def replace_departed_members(database: Database, clickhouse: AsyncClient, *, now: datetime) -> int:
    """Replace the members who left more than 90 days ago and are not back; returns their number."""
    replaced = 0
    async with database.acquire_connection() as connection:
        await _process_batches(connection, clickhouse, now=now)
        while departed := await connection.fetch(LIST_DEPARTED_SQL, now - DEPARTED_RETENTION, MAX_BATCH_MEMBERS):
            guild_ids, user_ids = zip(*departed, strict=True)
            await connection.execute(SAVE_BATCH_SQL, None, guild_ids, user_ids, _build_key())
            await _process_batches(connection, clickhouse, now=now)
            replaced += len(departed)
    return replaced


async def replace_members_in_old_hours(database: Database, clickhouse: AsyncClient, *, now: datetime) -> int:
    """Replace everybody in every month that ended more than 13 months ago; returns the number of months."""
    replaced = 0
    parameters = {"end": int(compute_identity_start(now).timestamp())}
    async with database.acquire_connection() as connection:
        await _process_batches(connection, clickhouse, now=now)
        while months := (await clickhouse.query(OLDEST_MONTH_SQL, parameters=parameters)).result_rows:
            await connection.execute(SAVE_BATCH_SQL, months[0][0], [], [], _build_key())
            await _process_batches(connection, clickhouse, now=now)
            replaced += 1
    return replaced


def compute_identity_start(now: datetime) -> datetime:
    """Compute the start of the oldest month in which members are stored by their own id."""
    months = now.year * 12 + now.month - 1 - IDENTITY_MONTHS
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


async def _process_batches(connection: asyncpg.Connection, clickhouse: AsyncClient, *, now: datetime) -> None:
    """Process all planned batches, also those of a process that ended in the middle of one.

    A batch keeps its key until it is finished, so that all rows of a member get the same pseudonym.
    """
    for row in await connection.fetch(OPEN_BATCHES_SQL):
        async with hold_transfers(connection, clickhouse) as changed_guild_ids:
            batch = await connection.fetchrow(OPEN_BATCH_SQL, row["id"])
            if batch is None:  # another worker has finished it
                continue
            if batch["month"] is not None:
                changed_guild_ids.update(await _replace_month(clickhouse, batch["month"], batch["key"]))
            else:
                changed_guild_ids.update(batch["guild_ids"])
                await _replace_members(clickhouse, batch, end=get_next_hour(now - DEPARTED_RETENTION))
                members = batch["guild_ids"], batch["user_ids"], now - DEPARTED_RETENTION
                for statement in (FORGET_OPENERS_SQL, FORGET_RESPONDERS_SQL, DELETE_PERIODS_SQL, DELETE_MEMBERS_SQL):
                    await connection.execute(statement, *members)
            await connection.execute(DELETE_BATCH_SQL, row["id"])
        log.info("members replaced by pseudonyms", month=str(batch["month"] or ""), members=len(batch["user_ids"]))


async def _replace_month(clickhouse: AsyncClient, month: date, key: bytes) -> tuple[int, ...]:
    """Replace everybody in a month; return the ids of the guilds."""
    start = datetime(month.year, month.month, 1, tzinfo=UTC)
    end = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
    guilds = await clickhouse.query(GUILDS_OF_MONTH_SQL, parameters={"month": month})
    if guild_ids := tuple(row[0] for row in guilds.result_rows):
        await replace_by_pseudonyms(clickhouse, ActivityScope(guild_ids, end, start), key=key)
    return guild_ids


async def _replace_members(clickhouse: AsyncClient, batch: asyncpg.Record, *, end: datetime) -> None:
    members = tuple(zip(batch["guild_ids"], batch["user_ids"], strict=True))
    scope = ActivityScope(tuple(dict.fromkeys(batch["guild_ids"])), end, members=members)
    await replace_by_pseudonyms(clickhouse, scope, key=batch["key"])


def _build_key() -> bytes:
    return secrets.token_bytes(PSEUDONYM_KEY_BYTES)
