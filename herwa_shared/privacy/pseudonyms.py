"""Replace members in ClickHouse by pseudonyms: those who left 90 days ago, and everybody in hours before 13 months.

A member has one pseudonym per guild, computed with a key that is in no database (`clickhouse/pseudonyms`). All counts
stay exact, and so does the number of distinct members over any window, also while members are being replaced and after
an interruption: a member and their pseudonym count as one. Decision: docs/decisions/0020.
"""

from datetime import UTC, date, datetime

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.clickhouse.pseudonyms import DEPARTED_RETENTION, FIRST_PSEUDONYM
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.privacy.activity_rewrite import (
    ActivityScope,
    get_next_hour,
    hold_transfers,
    replace_by_pseudonyms,
)

log = get_logger(__name__)

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
# Members are listed and deleted in one transaction; a member who joins again in the meantime keeps their row.
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
FORGET_SQLS = (FORGET_OPENERS_SQL, FORGET_RESPONDERS_SQL, DELETE_PERIODS_SQL, DELETE_MEMBERS_SQL)
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
    replaced, border = 0, now - DEPARTED_RETENTION
    async with database.acquire_connection() as connection:
        while await connection.fetch(LIST_DEPARTED_SQL, border, 1):
            async with hold_transfers(connection, clickhouse) as changed_guild_ids:
                departed = await connection.fetch(LIST_DEPARTED_SQL, border, MAX_BATCH_MEMBERS)
                if departed:  # no other worker has replaced them
                    members = tuple((row["guild_id"], row["user_id"]) for row in departed)
                    guild_ids, user_ids = zip(*members, strict=True)
                    changed_guild_ids.update(guild_ids)
                    scope = ActivityScope(tuple(dict.fromkeys(guild_ids)), get_next_hour(border), members=members)
                    await replace_by_pseudonyms(clickhouse, scope, audit_key=database.audit_key)
                    for statement in FORGET_SQLS:
                        await connection.execute(statement, guild_ids, user_ids, border)
            log.info("members who left replaced by pseudonyms", members=len(departed))
            replaced += len(departed)
    return replaced


async def replace_members_in_old_hours(database: Database, clickhouse: AsyncClient, *, now: datetime) -> int:
    """Replace everybody in every month that ended more than 13 months ago; returns the number of months."""
    replaced = 0
    parameters = {"end": int(compute_identity_start(now).timestamp())}
    async with database.acquire_connection() as connection:
        while months := (await clickhouse.query(OLDEST_MONTH_SQL, parameters=parameters)).result_rows:
            month: date = months[0][0]
            async with hold_transfers(connection, clickhouse) as changed_guild_ids:
                changed_guild_ids.update(await _replace_month(clickhouse, month, audit_key=database.audit_key))
            log.info("members in old hours replaced by pseudonyms", month=str(month))
            replaced += 1
    return replaced


def compute_identity_start(now: datetime) -> datetime:
    """Compute the start of the oldest month in which members are stored by their own id."""
    months = now.year * 12 + now.month - 1 - IDENTITY_MONTHS
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


async def _replace_month(clickhouse: AsyncClient, month: date, *, audit_key: bytes | None) -> tuple[int, ...]:
    """Replace everybody in a month; return the ids of the guilds."""
    start = datetime(month.year, month.month, 1, tzinfo=UTC)
    end = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)
    guilds = await clickhouse.query(GUILDS_OF_MONTH_SQL, parameters={"month": month})
    guild_ids = tuple(row[0] for row in guilds.result_rows)
    if guild_ids:  # no other worker has replaced them
        await replace_by_pseudonyms(clickhouse, ActivityScope((), end, start), audit_key=audit_key)
    return guild_ids
