"""Delete guilds: 30 days after the bot left, or on request of the owner, after which the bot leaves.

A request of the owner can be undone for an hour. After the bot has left, the owner is who owned the guild then.
PostgreSQL is deleted in one transaction: API keys, settings and the audit log of the guild end with it. ClickHouse is
deleted by the worker afterwards. The operator's audit log keeps that the guild was deleted, so that the missing chain
is no defect. A guild to which the bot returned is not deleted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient
from sqlalchemy import and_, delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, func, select

from herwa_shared.auth.guild_access import NO_SUCH_GUILD
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.log import get_logger
from herwa_shared.models import AuditEntry, Channel, Guild, GuildDeletion, Member
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.privacy import texts
from herwa_shared.privacy.activity_rewrite import delete_guild_activity, hold_transfers
from herwa_shared.privacy.choices import lock_choices
from herwa_shared.services.audit import SYSTEM, Actor, record
from herwa_shared.services.audit_verification import GUILD_DELETED_ACTION, GUILD_DELETED_FIELD

log = get_logger(__name__)

GUILD_RETENTION = timedelta(days=30)
"""As in the function `guild_delete_left` of the database, which refuses an earlier deletion."""
DELETION_RETENTION = timedelta(days=30)
UNDO_PERIOD = timedelta(hours=1)
"""How long the request of an owner can be undone."""

# Tables without a foreign key to the guild. All others are deleted with it.
LOOSE_TABLES = ("event_buffer", "channel_coverage", "user_guild")
DELETE_LOOSE_QUERIES = tuple(text(f"DELETE FROM {table} WHERE guild_id = :guild_id") for table in LOOSE_TABLES)  # noqa: S608 - constants
DELETE_GUILD_QUERY = text("SELECT guild_delete_left(:guild_id)")

OPEN_DELETIONS_SQL = """
SELECT guild_id FROM guild_deletion WHERE deleted_at IS NOT NULL AND finished_at IS NULL ORDER BY guild_id
"""
OPEN_DELETION_SQL = """
SELECT deleted_at FROM guild_deletion
WHERE guild_id = $1 AND deleted_at IS NOT NULL AND finished_at IS NULL FOR UPDATE
"""
FINISH_DELETION_SQL = "UPDATE guild_deletion SET finished_at = now() WHERE guild_id = $1"
FORGET_FIRST_HOUR_SQL = "DELETE FROM first_recorded_hour WHERE guild_id = $1"
# The versions were needed until every process had dropped what it kept. A guild that came back has new ones.
DELETE_VERSION_SQLS = tuple(
    f"DELETE FROM {table} WHERE guild_id = $1 AND NOT EXISTS (SELECT FROM guild WHERE id = $1)"  # noqa: S608 - constants
    for table in ("policy_change", "data_version")
)
HAS_RETURNED_SQL = "SELECT EXISTS (SELECT FROM guild WHERE id = $1)"
PURGE_DELETIONS_SQL = "DELETE FROM guild_deletion WHERE finished_at < $1"


MAX_LEFT_GUILDS = 100
"""Guilds of one owner that are listed for them."""
REQUEST_ACTION, CANCEL_ACTION = "deletion.request", "deletion.cancel"


@dataclass(frozen=True, slots=True)
class GuildRows:
    """Numbers of rows that a deletion of a guild would delete from PostgreSQL."""

    members: int
    channels: int
    audit_entries: int


@dataclass(frozen=True, slots=True)
class LeftGuild:
    """A guild that the bot left at `left_at`.

    It is deleted at `delete_at`; if its owner requested that, earlier: at `requested_for`.
    """

    id: int
    name: str
    left_at: datetime
    requested_for: datetime | None

    @property
    def delete_at(self) -> datetime:
        """When it is deleted without a request."""
        return self.left_at + GUILD_RETENTION


class GuildNotLeft(BadRequest):
    """The bot is still in the guild, or is again."""

    code = "guild_not_left"
    message = texts.GUILD_NOT_LEFT


async def delete_guild(session: AsyncSession, *, guild_id: int, actor: Actor, at_once: bool = False) -> None:
    """Delete a guild from PostgreSQL and request its deletion from ClickHouse.

    Without `at_once` the bot must have left 30 days ago. Raises GuildNotLeft.
    """
    await lock_choices(session)
    await _save_deletion(session, guild_id=guild_id, at_once=at_once)
    query = (
        select(AuditEntry.number).where(col(AuditEntry.guild_id) == guild_id).order_by(col(AuditEntry.number).desc())
    )
    last_number = await session.scalar(query.limit(1)) or 0
    await record(
        session,
        actor,
        GUILD_DELETED_ACTION,
        guild_id=None,
        target=str(guild_id),
        before={GUILD_DELETED_FIELD: last_number},
    )
    await publish_policy_change(session, guild_id=guild_id)
    for statement in DELETE_LOOSE_QUERIES:
        await session.execute(statement, {"guild_id": guild_id})
    if not await session.scalar(DELETE_GUILD_QUERY, {"guild_id": guild_id}):
        raise GuildNotLeft


def require_typed_name(typed_name: str, *, name: str) -> None:
    """Raise BadRequest unless the owner typed the name of the guild."""
    if typed_name.strip().casefold() != name.strip().casefold():
        raise BadRequest(texts.WRONG_SERVER_NAME)


async def list_left_guilds(session: AsyncSession, *, owner_id: int) -> tuple[LeftGuild, ...]:
    """List the guilds of an owner that the bot has left, those that are deleted first at the beginning."""
    query = _select_left_guilds(owner_id).order_by(col(Guild.left_at), col(Guild.id)).limit(MAX_LEFT_GUILDS)
    return tuple(_build_left_guild(row) for row in await session.execute(query))


async def get_left_guild(session: AsyncSession, *, owner_id: int, guild_id: int) -> LeftGuild:
    """Get a guild of an owner that the bot has left.

    Raises NotFound, with the same message for an unknown guild, one of another owner, and one that the bot is in.
    """
    row = (await session.execute(_select_left_guilds(owner_id).where(col(Guild.id) == guild_id))).one_or_none()
    if row is None:
        raise NotFound(NO_SUCH_GUILD)
    return _build_left_guild(row)


def _select_left_guilds(owner_id: int) -> Any:
    is_open = and_(col(GuildDeletion.guild_id) == col(Guild.id), col(GuildDeletion.deleted_at).is_(None))
    query = select(Guild.id, Guild.name, Guild.left_at, GuildDeletion.requested_at).outerjoin(GuildDeletion, is_open)
    return query.where(col(Guild.owner_id) == owner_id, col(Guild.left_at).is_not(None))


def _build_left_guild(row: Any) -> LeftGuild:
    guild_id, name, left_at, requested_at = row
    return LeftGuild(guild_id, name, left_at, None if requested_at is None else requested_at + UNDO_PERIOD)


async def request_deletion(session: AsyncSession, *, guild_id: int, actor: Actor) -> datetime:
    """Request the deletion of a guild, for its owner; returns when it begins. A second request changes nothing."""
    if (due_at := await find_requested_deletion(session, guild_id=guild_id)) is not None:
        return due_at
    now = utc_now()
    values = {"at_once": True, "requested_at": now, "deleted_at": None, "finished_at": None}
    statement = insert(GuildDeletion).values(guild_id=guild_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["guild_id"], set_=values))
    await record(session, actor, REQUEST_ACTION, guild_id=guild_id)
    return now + UNDO_PERIOD


async def cancel_deletion(session: AsyncSession, *, guild_id: int, actor: Actor) -> bool:
    """Cancel the requested deletion of a guild. Returns False if there is none, or if it has begun."""
    query = delete(GuildDeletion).where(
        col(GuildDeletion.guild_id) == guild_id,
        col(GuildDeletion.deleted_at).is_(None),
        col(GuildDeletion.requested_at) > utc_now() - UNDO_PERIOD,
    )
    if await session.scalar(query.returning(col(GuildDeletion.guild_id))) is None:
        return False
    await record(session, actor, CANCEL_ACTION, guild_id=guild_id)
    return True


async def find_requested_deletion(session: AsyncSession, *, guild_id: int) -> datetime | None:
    """Find when the requested deletion of a guild begins; None without a request."""
    query = select(GuildDeletion.requested_at).where(
        col(GuildDeletion.guild_id) == guild_id, col(GuildDeletion.deleted_at).is_(None)
    )
    requested_at = await session.scalar(query)
    return None if requested_at is None else requested_at + UNDO_PERIOD


async def list_guilds_to_leave(session: AsyncSession) -> list[int]:
    """List the guilds that the bot must leave, because their owners requested the deletion more than an hour ago."""
    return await _list_due_guilds(session, has_bot=True)


async def delete_requested_guilds(database: Database) -> int:
    """Delete from PostgreSQL the guilds whose owners requested it, once the bot has left; returns their number."""
    async with database.transaction() as session:
        guild_ids = await _list_due_guilds(session, has_bot=False)
    return await _delete_guilds(database, guild_ids, at_once=True)


async def count_guild_rows(session: AsyncSession, *, guild_id: int) -> GuildRows:
    """Count the rows of a guild."""
    counts = [
        await session.scalar(select(func.count()).where(col(column) == guild_id)) or 0
        for column in (Member.guild_id, Channel.guild_id, AuditEntry.guild_id)
    ]
    return GuildRows(*counts)


async def list_overdue_guilds(session: AsyncSession, *, now: datetime) -> list[int]:
    """List the guilds that the bot left more than 30 days ago."""
    query = select(Guild.id).where(col(Guild.left_at) < now - GUILD_RETENTION)
    return list((await session.scalars(query.order_by(col(Guild.id)))).all())


async def delete_overdue_guilds(database: Database) -> int:
    """Delete overdue guilds from PostgreSQL, one transaction each; returns their number."""
    async with database.transaction() as session:
        guild_ids = await list_overdue_guilds(session, now=utc_now())
    return await _delete_guilds(database, guild_ids, at_once=False)


async def process_guild_deletions(database: Database, clickhouse: AsyncClient) -> int:
    """Delete from ClickHouse the guilds that are deleted from PostgreSQL; returns their number.

    It can be interrupted at any moment and run again.
    """
    async with database.acquire_connection() as connection:
        guild_ids = [row["guild_id"] for row in await connection.fetch(OPEN_DELETIONS_SQL)]
        for guild_id in guild_ids:
            async with hold_transfers(connection, clickhouse) as changed_guild_ids:
                deleted_at = await connection.fetchval(OPEN_DELETION_SQL, guild_id)
                if deleted_at is None:  # another worker has finished it
                    continue
                await delete_guild_activity(clickhouse, guild_id, end=deleted_at)
                await connection.execute(FORGET_FIRST_HOUR_SQL, guild_id)
                changed_guild_ids.discard(guild_id)
                for statement in DELETE_VERSION_SQLS:
                    await connection.execute(statement, guild_id)
                if await connection.fetchval(HAS_RETURNED_SQL, guild_id):
                    changed_guild_ids.add(guild_id)
                await connection.execute(FINISH_DELETION_SQL, guild_id)
            log.info("server deleted", guild=guild_id)
    return len(guild_ids)


async def purge_guild_deletions(connection: asyncpg.Connection, *, now: datetime) -> None:
    """Delete the rows of deletions that were finished long ago."""
    await connection.execute(PURGE_DELETIONS_SQL, now - DELETION_RETENTION)


async def _list_due_guilds(session: AsyncSession, *, has_bot: bool) -> list[int]:
    query = (
        select(Guild.id)
        .join(GuildDeletion, col(GuildDeletion.guild_id) == col(Guild.id))
        .where(
            col(GuildDeletion.at_once),
            col(GuildDeletion.deleted_at).is_(None),
            col(GuildDeletion.requested_at) <= utc_now() - UNDO_PERIOD,
            col(Guild.left_at).is_(None) if has_bot else col(Guild.left_at).is_not(None),
        )
    )
    return list((await session.scalars(query.order_by(col(Guild.id)))).all())


async def _delete_guilds(database: Database, guild_ids: list[int], *, at_once: bool) -> int:
    """Delete guilds from PostgreSQL, one transaction each; returns the number of those that were deleted."""
    deleted = 0
    for guild_id in guild_ids:
        try:
            async with database.transaction() as session:
                await delete_guild(session, guild_id=guild_id, actor=SYSTEM, at_once=at_once)
            deleted += 1
        except GuildNotLeft:
            log.info("the bot returned to a server before its deletion", guild=guild_id)
    return deleted


async def _save_deletion(session: AsyncSession, *, guild_id: int, at_once: bool) -> None:
    """Record the deletion. A guild can be deleted, come back and be deleted again."""
    now = utc_now()
    values = {"at_once": at_once, "requested_at": now, "deleted_at": now, "finished_at": None}
    statement = insert(GuildDeletion).values(guild_id=guild_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["guild_id"], set_=values))
