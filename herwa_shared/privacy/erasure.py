"""Erase a member from one guild, or a user from all guilds.

PostgreSQL is erased in the transaction of the request, ClickHouse by the worker afterwards. In ClickHouse the member's
rows become rows without a member, so that all counts stay. Until the next full hour, what the member does is stored
without them too; then they count as a new member. Decision: docs/decisions/0013.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.log import get_logger
from herwa_shared.models import ErasureRequest
from herwa_shared.privacy.activity_rewrite import ActivityScope, hold_transfers, list_guilds_of_user, remove_members
from herwa_shared.privacy.choices import compute_digest, lock_choices, save_choice
from herwa_shared.privacy.member_columns import ACCOUNT_TABLE, ERASED_COLUMNS, Treatment
from herwa_shared.services.audit import erase_member

log = get_logger(__name__)

CLOCK_MARGIN = timedelta(minutes=1)
"""How much the clocks of Discord and of Herwa's machines may differ."""
FINISHED_REQUEST_RETENTION = timedelta(days=30)

_ACTIONS = {
    Treatment.DELETE: "DELETE FROM {table}",
    Treatment.SET_NULL: "UPDATE {table} SET {column} = NULL",
    Treatment.SET_ZERO: "UPDATE {table} SET {column} = 0",
}
_CONDITION = " WHERE {column} = :user_id AND (guild_id = :guild_id OR CAST(:guild_id AS bigint) IS NULL)"
ERASE_QUERIES = tuple(
    text((_ACTIONS[treatment] + _CONDITION).format(table=table, column=column))
    for (table, column), treatment in ERASED_COLUMNS.items()
)
DELETE_ACCOUNT_QUERY = text(f"DELETE FROM {ACCOUNT_TABLE} WHERE id = :user_id")  # noqa: S608 - a constant
ERASE_AUDIT_OF_GUILD_QUERY = text("SELECT audit_entry_erase_member_of_guild(CAST(:user_id AS text), :guild_id)")

OPEN_REQUESTS_SQL = "SELECT id FROM erasure_request WHERE finished_at IS NULL ORDER BY id"
OPEN_REQUEST_SQL = """
SELECT guild_id, user_id, erased_until FROM erasure_request WHERE id = $1 AND finished_at IS NULL FOR UPDATE
"""
FINISH_REQUEST_SQL = "UPDATE erasure_request SET user_id = NULL, finished_at = now() WHERE id = $1"
PURGE_REQUESTS_SQL = "DELETE FROM erasure_request WHERE finished_at < $1"


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that was requested: its id, and the hour until which the member's events are stored without them."""

    request_id: int
    erased_until: datetime


async def request_erasure(session: AsyncSession, *, guild_id: int | None, user_id: int) -> Erasure:
    """Erase a user from PostgreSQL, in one guild or everywhere (None), and request the same for ClickHouse.

    Takes the append lock: events that were received before and are stored later do not bring the member back.
    """
    await lock_choices(session)
    digest = compute_digest(session, guild_id=guild_id, user_id=user_id)
    now = utc_now()
    erased_until = _get_next_hour(now + CLOCK_MARGIN)
    await save_choice(session, digest=digest, guild_id=guild_id, erased_until=erased_until)
    for statement in ERASE_QUERIES:
        await session.execute(statement, {"user_id": user_id, "guild_id": guild_id})
    if guild_id is None:
        await session.execute(DELETE_ACCOUNT_QUERY, {"user_id": user_id})
        await erase_member(session, user_id=user_id)
    else:
        await session.execute(ERASE_AUDIT_OF_GUILD_QUERY, {"user_id": str(user_id), "guild_id": guild_id})
    row = ErasureRequest(guild_id=guild_id, user_id=user_id, digest=digest, requested_at=now, erased_until=erased_until)
    session.add(row)
    await session.flush()
    assert row.id is not None
    return Erasure(row.id, erased_until)


async def is_finished(session: AsyncSession, *, request_id: int) -> bool:
    """Check whether a request is finished in both databases."""
    row = await session.get(ErasureRequest, request_id, populate_existing=True)
    return row is None or row.finished_at is not None


async def process_erasures(database: Database, clickhouse: AsyncClient) -> int:
    """Erase the members of all open requests from ClickHouse; returns their number.

    It can be interrupted at any moment and run again: each step does nothing if it was done before.
    """
    async with database.acquire_connection() as connection:
        request_ids = [row["id"] for row in await connection.fetch(OPEN_REQUESTS_SQL)]
        for request_id in request_ids:
            await _process_erasure(connection, clickhouse, request_id)
    return len(request_ids)


async def purge_erasure_requests(connection: asyncpg.Connection, *, now: datetime) -> None:
    """Delete requests that were finished long ago; they only serve to answer the member."""
    await connection.execute(PURGE_REQUESTS_SQL, now - FINISHED_REQUEST_RETENTION)


async def _process_erasure(connection: asyncpg.Connection, clickhouse: AsyncClient, request_id: int) -> None:
    async with hold_transfers(connection, clickhouse):
        request = await connection.fetchrow(OPEN_REQUEST_SQL, request_id)
        if request is None:  # another worker has finished it
            return
        user_id, guild_id = request["user_id"], request["guild_id"]
        guild_ids = [guild_id] if guild_id is not None else await list_guilds_of_user(clickhouse, user_id)
        members = tuple((affected_guild_id, user_id) for affected_guild_id in guild_ids)
        if members:
            scope = ActivityScope(tuple(guild_ids), request["erased_until"], members=members)
            await remove_members(clickhouse, scope)
        await connection.execute(FINISH_REQUEST_SQL, request_id)
    log.info("member erased", request=request_id, guilds=len(guild_ids))


def _get_next_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
