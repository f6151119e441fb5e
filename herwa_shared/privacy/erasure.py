"""Erase a member from one guild, or a user from all guilds.

PostgreSQL is erased in the transaction of the request, ClickHouse by the worker afterwards. In ClickHouse the member's
rows become rows without a member, so that all counts stay exact. Until the next full hour, what the member does is
stored without them too; then they count as a new member. Rewriting ClickHouse's tables costs much, so a member causes
it at most once an hour, and open requests are processed together. Decision: docs/decisions/0013.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.changes.data_versions import raise_data_versions
from herwa_shared.clock import utc_now
from herwa_shared.db import Database, get_audit_key
from herwa_shared.exports.restarts import restart_exports_of_guilds
from herwa_shared.log import get_logger
from herwa_shared.models import ErasureRequest, Ticket
from herwa_shared.pipeline.privacy_filter import build_ticket_pseudonym
from herwa_shared.privacy.activity_rewrite import (
    ActivityScope,
    get_next_hour,
    hold_transfers,
    list_ids_of_user,
    remove_members,
)
from herwa_shared.privacy.choices import compute_digest, list_member_guilds, lock_choices, save_choice
from herwa_shared.privacy.member_columns import ACCOUNT_TABLE, ERASED_COLUMNS, USER_TABLES, Treatment
from herwa_shared.privacy_digests import derive_privacy_key
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
DELETE_USER_QUERIES = (
    text(f"DELETE FROM {ACCOUNT_TABLE} WHERE id = :user_id"),  # noqa: S608 - a constant
    *(text(f"DELETE FROM {table} WHERE user_id = :user_id") for table in USER_TABLES),  # noqa: S608 - constants
)
ERASE_AUDIT_OF_GUILD_QUERY = text("SELECT audit_entry_erase_member_of_guild(CAST(:user_id AS text), :guild_id)")

MAX_BATCH_REQUESTS = 500

HAS_OPEN_REQUESTS_SQL = "SELECT EXISTS (SELECT FROM erasure_request WHERE finished_at IS NULL)"
# The oldest open requests that end with the same hour.
BATCH_SQL = """
SELECT id, guild_id, user_id, erased_until FROM erasure_request
WHERE finished_at IS NULL
    AND erased_until = (SELECT min(erased_until) FROM erasure_request WHERE finished_at IS NULL)
ORDER BY id LIMIT $1 FOR UPDATE
"""
FINISH_REQUESTS_SQL = "UPDATE erasure_request SET user_id = NULL, finished_at = now() WHERE id = ANY($1::bigint[])"
PURGE_REQUESTS_SQL = "DELETE FROM erasure_request WHERE finished_at < $1"


@dataclass(frozen=True, slots=True)
class Erasure:
    """A requested erasure: its id, and the hour until which the member's events are stored without them."""

    request_id: int
    erased_until: datetime


async def request_erasure(session: AsyncSession, *, guild_id: int | None, user_id: int) -> Erasure:
    """Erase a user from PostgreSQL, in one guild or everywhere (None), and request the same for ClickHouse.

    Takes the append lock: events that were received before and are stored later do not bring the member back. A second
    request until the same hour returns the first one, because nothing about the member was added to ClickHouse since.
    """
    await lock_choices(session)
    guild_ids = await list_member_guilds(session, guild_id=guild_id, user_id=user_id)
    digest = compute_digest(session, guild_id=guild_id, user_id=user_id)
    now = utc_now()
    erased_until = get_next_hour(now + CLOCK_MARGIN)
    await save_choice(session, digest=digest, guild_id=guild_id, erased_until=erased_until)
    for statement in ERASE_QUERIES:
        await session.execute(statement, {"user_id": user_id, "guild_id": guild_id})
    await _hide_opener(session, guild_id=guild_id, user_id=user_id)
    if guild_id is None:
        for statement in DELETE_USER_QUERIES:
            await session.execute(statement, {"user_id": user_id})
        await erase_member(session, user_id=user_id)
    else:
        await session.execute(ERASE_AUDIT_OF_GUILD_QUERY, {"user_id": str(user_id), "guild_id": guild_id})
    earlier = select(ErasureRequest).where(
        col(ErasureRequest.digest) == digest, col(ErasureRequest.erased_until) == erased_until
    )
    request = (await session.scalars(earlier)).one_or_none()
    if request is None:
        request = ErasureRequest(
            guild_id=guild_id, user_id=user_id, digest=digest, requested_at=now, erased_until=erased_until
        )
        session.add(request)
        await session.flush()
    assert request.id is not None
    await raise_data_versions(session, guild_ids)
    return Erasure(request.id, erased_until)


async def _hide_opener(session: AsyncSession, *, guild_id: int | None, user_id: int) -> None:
    """Replace a user as the opener of tickets by a pseudonym of each ticket.

    With it, their next message in the ticket is recognized as their own and is no response.
    """
    privacy_key = derive_privacy_key(get_audit_key(session))
    query = select(Ticket).where(col(Ticket.opener_id) == user_id)
    for ticket in await session.scalars(query if guild_id is None else query.where(col(Ticket.guild_id) == guild_id)):
        ticket.opener_id = build_ticket_pseudonym(
            privacy_key, guild_id=ticket.guild_id, user_id=user_id, thread_id=ticket.thread_id
        )
    await session.flush()


async def is_finished(session: AsyncSession, *, request_id: int) -> bool:
    """Check whether a request is finished in both databases."""
    row = await session.get(ErasureRequest, request_id, populate_existing=True)
    return row is None or row.finished_at is not None


async def process_erasures(database: Database, clickhouse: AsyncClient) -> int:
    """Erase the members of all open requests from ClickHouse; returns the number of requests.

    It can be interrupted at any moment and run again: each step does nothing if it was done before.
    """
    count = 0
    async with database.acquire_connection() as connection:
        while await connection.fetchval(HAS_OPEN_REQUESTS_SQL):
            count += await _process_batch(connection, clickhouse, audit_key=database.audit_key)
    return count


async def purge_erasure_requests(connection: asyncpg.Connection, *, now: datetime) -> None:
    """Delete requests that were finished long ago; they only serve to answer the member."""
    await connection.execute(PURGE_REQUESTS_SQL, now - FINISHED_REQUEST_RETENTION)


async def _process_batch(connection: asyncpg.Connection, clickhouse: AsyncClient, *, audit_key: bytes | None) -> int:
    """Process the oldest open requests together; returns their number, 0 if another worker has finished them."""
    async with hold_transfers(connection, clickhouse) as changed_guild_ids:
        requests = await connection.fetch(BATCH_SQL, MAX_BATCH_REQUESTS)
        members = sorted(
            {
                member
                for request in requests
                for member in await list_ids_of_user(
                    clickhouse, request["user_id"], guild_id=request["guild_id"], audit_key=audit_key
                )
            }
        )
        if members:
            guild_ids = tuple(dict.fromkeys(guild_id for guild_id, _ in members))
            scope = ActivityScope(guild_ids, requests[0]["erased_until"], members=tuple(members))
            changed_guild_ids.update(guild_ids)
            await remove_members(clickhouse, scope)
            await restart_exports_of_guilds(connection, guild_ids)
        await connection.execute(FINISH_REQUESTS_SQL, [request["id"] for request in requests])
    if requests:
        log.info("members erased", requests=len(requests))
    return len(requests)
