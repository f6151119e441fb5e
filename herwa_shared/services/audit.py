"""Audit log: who changed what, when and through which interface; a hash chain per guild.

The operator has a chain of its own. Herwa's account of PostgreSQL can only add entries (`database_privileges`), and
triggers reject changes by the owner of the table. `audit_verification` detects what was changed nevertheless.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.changes.listener import EVERY_GUILD
from herwa_shared.clock import utc_now
from herwa_shared.db import get_audit_key
from herwa_shared.errors import NotFound
from herwa_shared.models import AuditEntry
from herwa_shared.models.audit import ChangeSource
from herwa_shared.services.audit_chain import (
    ACTOR,
    ERASED,
    GENESIS_DIGEST,
    TARGET,
    PersonalField,
    PersonalValue,
    build_personal_field,
    compute_commitment,
    compute_digest,
    compute_mac,
    extract_personal,
    restore_personal,
)

__all__ = [
    "ERASED",
    "SYSTEM",
    "Actor",
    "AuditFilter",
    "AuditLogEntry",
    "ChangeSource",
    "PersonalValue",
    "erase_member",
    "find_last_entry",
    "get_entry",
    "list_actors",
    "list_entries",
    "lock_chain",
    "record",
]

MAX_TARGET_LENGTH = 128
MAX_REASON_LENGTH = 200
MAX_ACTORS = 100

_ACTOR_ID = col(AuditEntry.personal)[ACTOR]["of"].as_string()

# Locks the same row as `publish_policy_change`: a guild has a single lock, so the two calls may come in any order.
LOCK_CHAIN_QUERY = text("""
INSERT INTO policy_change (guild_id, version) VALUES (:guild_id, nextval('policy_version'))
ON CONFLICT (guild_id) DO UPDATE SET version = policy_change.version
""")

ERASE_MEMBER_QUERY = text("SELECT audit_entry_erase_member(:user_id)")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made a change, and through which interface.

    `user_id` is None for the operator at a shell and for Herwa itself.
    """

    via: ChangeSource
    user_id: int | None
    name: str


SYSTEM = Actor(ChangeSource.SYSTEM, None, "Herwa")


@dataclass(frozen=True, slots=True)
class AuditLogEntry:
    """An audit entry with its personal values restored; ERASED replaces values that were erased.

    `personal_fields` are the paths of those that concern a person, such as `after.subject_id`.
    """

    id: int
    number: int
    at: datetime
    actor: Actor
    action: str
    target: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    reason: str
    undoes: int | None
    digest: bytes
    personal_fields: frozenset[str]


async def lock_chain(session: AsyncSession, *, guild_id: int | None) -> None:
    """Lock a chain and the settings that it audits against concurrent changes, until the commit.

    `guild_id` None is the operator's chain.
    """
    await session.execute(LOCK_CHAIN_QUERY, {"guild_id": EVERY_GUILD if guild_id is None else guild_id})


async def record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    *,
    guild_id: int | None,
    target: str | PersonalValue = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    undoes: int | None = None,
) -> int:
    """Append an entry to the guild's chain (None: the operator's) and return its id.

    Locks the chain, so concurrent writers of one chain are serialized. `before` and `after` contain plain JSON values,
    datetimes, and `PersonalValue` for everything that concerns a person: an unwrapped value can never be erased.
    `undoes` is the id of the entry that this change undoes.
    """
    await lock_chain(session, guild_id=guild_id)
    last = await _get_last_link(session, guild_id)
    personal: dict[str, PersonalField] = {ACTOR: build_personal_field(actor.name, actor.user_id)}
    if isinstance(target, PersonalValue):
        personal[TARGET] = build_personal_field(target.value, target.owner_id)
    row = AuditEntry(
        guild_id=guild_id,
        number=last[0] + 1,
        at=utc_now(),
        via=actor.via,
        action=action,
        target="" if isinstance(target, PersonalValue) else target[:MAX_TARGET_LENGTH],
        before=extract_personal("before", before, personal),
        after=extract_personal("after", after, personal),
        reason=reason[:MAX_REASON_LENGTH],
        undoes=undoes,
        personal=personal,
        commitments={name: compute_commitment(field) for name, field in personal.items()},
        previous=last[1],
        digest=b"",
        mac=b"",
    )
    row.digest = compute_digest(row)
    row.mac = compute_mac(get_audit_key(session), row.digest)
    session.add(row)
    await session.flush()
    assert row.id is not None
    return row.id


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries to list. `until` is exclusive; None and no actions do not filter."""

    actor_id: int | None = None
    actions: Collection[str] = ()
    since: datetime | None = None
    until: datetime | None = None


EVERY_ENTRY = AuditFilter()


async def list_entries(
    session: AsyncSession,
    *,
    guild_id: int | None,
    limit: int = 50,
    before: int | None = None,
    matching: AuditFilter = EVERY_ENTRY,
) -> tuple[AuditLogEntry, ...]:
    """List up to `limit` entries of a chain, newest first.

    `before` is the pagination cursor: only entries with a lower number are listed.
    """
    conditions = [filter_chain(guild_id)]
    if before is not None:
        conditions.append(col(AuditEntry.number) < before)
    if matching.actor_id is not None:
        conditions.append(str(matching.actor_id) == _ACTOR_ID)
    if matching.actions:
        conditions.append(col(AuditEntry.action).in_(matching.actions))
    if matching.since is not None:
        conditions.append(col(AuditEntry.at) >= matching.since)
    if matching.until is not None:
        conditions.append(col(AuditEntry.at) < matching.until)
    query = select(AuditEntry).where(*conditions).order_by(col(AuditEntry.number).desc()).limit(limit)
    return tuple(_to_entry(row) for row in await session.scalars(query))


async def list_actors(session: AsyncSession, *, guild_id: int) -> tuple[tuple[int, str], ...]:
    """List the users who have changed something in a guild, by name: their ids and the names of their last changes."""
    name = col(AuditEntry.personal)[ACTOR]["value"].as_string()
    query = (
        select(_ACTOR_ID, name)
        .where(filter_chain(guild_id), _ACTOR_ID.is_not(None))
        .distinct(_ACTOR_ID)
        .order_by(_ACTOR_ID, col(AuditEntry.number).desc())
        .limit(MAX_ACTORS)
    )
    rows = await session.execute(query)
    return tuple(sorted(((int(row[0]), row[1]) for row in rows), key=lambda actor: actor[1].casefold()))


async def get_entry(session: AsyncSession, *, guild_id: int | None, entry_id: int) -> AuditLogEntry:
    """Get an entry of this chain. Raises NotFound."""
    row = await session.scalar(select(AuditEntry).where(filter_chain(guild_id), col(AuditEntry.id) == entry_id))
    if row is None:
        raise NotFound("This entry doesn't exist in this audit log.")
    return _to_entry(row)


async def find_last_entry(session: AsyncSession, *, guild_id: int, target: str) -> AuditLogEntry | None:
    """Find the newest entry about a setting of a guild."""
    query = select(AuditEntry).where(filter_chain(guild_id), col(AuditEntry.target) == target)
    row = await session.scalar(query.order_by(col(AuditEntry.number).desc()).limit(1))
    return None if row is None else _to_entry(row)


async def erase_member(session: AsyncSession, *, user_id: int) -> int:
    """Erase all personal values of a user from all chains, which remain valid.

    Returns the number of changed entries.
    """
    return int(await session.scalar(ERASE_MEMBER_QUERY, {"user_id": str(user_id)}) or 0)


async def _get_last_link(session: AsyncSession, guild_id: int | None) -> tuple[int, bytes]:
    """Get number and digest of a chain's last entry. The caller holds the chain's lock."""
    query = (
        select(AuditEntry.number, AuditEntry.digest)
        .where(filter_chain(guild_id))
        .order_by(col(AuditEntry.number).desc())
        .limit(1)
    )
    row = (await session.execute(query)).one_or_none()
    return (row[0], row[1]) if row else (0, GENESIS_DIGEST)


def filter_chain(guild_id: int | None) -> Any:
    """Build the condition for the entries of one chain."""
    return col(AuditEntry.guild_id).is_(None) if guild_id is None else col(AuditEntry.guild_id) == guild_id


def _to_entry(row: AuditEntry) -> AuditLogEntry:
    assert row.id is not None
    personal: Mapping[str, PersonalField] = row.personal or {}
    target = personal.get(TARGET, {"value": ERASED})["value"] if TARGET in row.commitments else row.target
    return AuditLogEntry(
        id=row.id,
        number=row.number,
        at=row.at,
        actor=_to_actor(row, personal.get(ACTOR)),
        action=row.action,
        target=target,
        before=restore_personal(row.before, personal),
        after=restore_personal(row.after, personal),
        reason=row.reason,
        undoes=row.undoes,
        digest=row.digest,
        personal_fields=frozenset(row.commitments),
    )


def _to_actor(row: AuditEntry, field: PersonalField | None) -> Actor:
    if field is None:
        return Actor(ChangeSource(row.via), None, ERASED)
    return Actor(ChangeSource(row.via), None if field["of"] is None else int(field["of"]), field["value"])
