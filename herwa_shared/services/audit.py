"""The audit log: who changed what, when, through what. A chain for each guild, one for the operator.

What PostgreSQL refuses (triggers: no row changes or goes) and what it cannot (its superuser), `verify_chain` tells.
Entries cut off at the end are told by comparing the last digest with one noted before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.clock import utc_now
from herwa_shared.errors import NotFound
from herwa_shared.models import AuditEntry
from herwa_shared.models.audit import Via
from herwa_shared.policy_cache.notifications import EVERY_GUILD
from herwa_shared.services.audit_chain import (
    ACTOR,
    BEGINNING,
    ERASED,
    TARGET,
    Broken,
    Field,
    Personal,
    commitment,
    digest,
    flaw,
    new_field,
    put_aside,
    put_back,
)

__all__ = [
    "ERASED",
    "SYSTEM",
    "Actor",
    "Broken",
    "Entry",
    "Personal",
    "Via",
    "entries",
    "entry",
    "erase_member",
    "hold_chain",
    "record",
    "verify_chain",
]

LONGEST_TARGET = 128
LONGEST_REASON = 200
READ_AT_ONCE = 500

# The row that `policy_channel.touch` holds too: a guild has one lock, and the order of the two calls does not matter.
HOLD_CHAIN = text("""
INSERT INTO policy_change (guild_id, version) VALUES (:guild_id, nextval('policy_version'))
ON CONFLICT (guild_id) DO UPDATE SET version = policy_change.version
""")

ERASE = text("""
UPDATE audit_entry
SET personal = (
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(personal) WHERE value ->> 'of' IS DISTINCT FROM :user_id
)
WHERE EXISTS (SELECT FROM jsonb_each(personal) WHERE value ->> 'of' = :user_id)
""")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changed something, and through what. Without a user it was the operator at a shell, or Herwa itself."""

    via: Via
    user_id: int | None
    name: str


SYSTEM = Actor(Via.SYSTEM, None, "Herwa")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as people read it; `ERASED` stands where somebody's erasure took a value along."""

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


async def hold_chain(session: AsyncSession, *, guild_id: int | None) -> None:
    """Until the commit nobody else appends to this chain, nor changes what it tells of."""
    await session.execute(HOLD_CHAIN, {"guild_id": EVERY_GUILD if guild_id is None else guild_id})


async def record(
    session: AsyncSession,
    actor: Actor,
    action: str,
    *,
    guild_id: int | None,
    target: str | Personal = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    undoes: int | None = None,
) -> int:
    """Append to the guild's chain (None: the operator's); the entry's id. Parallel writers of one chain queue here.

    `before` and `after` hold plain values, times, and `Personal` for whatever says something of a person: what is not
    wrapped stays forever. `undoes` is the id of the entry that this one takes back.
    """
    await hold_chain(session, guild_id=guild_id)
    last = await _last(session, guild_id)
    personal: dict[str, Field] = {ACTOR: new_field(actor.name, actor.user_id)}
    if isinstance(target, Personal):
        personal[TARGET] = new_field(target.value, target.owner)
    made = AuditEntry(
        guild_id=guild_id,
        number=last[0] + 1,
        at=utc_now(),
        via=actor.via,
        action=action,
        target="" if isinstance(target, Personal) else target[:LONGEST_TARGET],
        before=put_aside("before", before, personal),
        after=put_aside("after", after, personal),
        reason=reason[:LONGEST_REASON],
        undoes=undoes,
        personal=personal,
        commitments={name: commitment(field) for name, field in personal.items()},
        previous=last[1],
        digest=b"",
    )
    made.digest = digest(made)
    session.add(made)
    await session.flush()
    assert made.id is not None
    return made.id


async def entries(
    session: AsyncSession, *, guild_id: int | None, limit: int = 50, before: int | None = None
) -> tuple[Entry, ...]:
    """The newest entries of a chain, the newest first; `before` is the number of the entry to go on behind."""
    wanted = select(AuditEntry).where(_chain(guild_id)).order_by(col(AuditEntry.number).desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(col(AuditEntry.number) < before)
    return tuple(_entry(row) for row in await session.scalars(wanted))


async def entry(session: AsyncSession, *, guild_id: int | None, entry_id: int) -> Entry:
    """One entry of this chain. Raises NotFound."""
    row = await session.scalar(select(AuditEntry).where(_chain(guild_id), col(AuditEntry.id) == entry_id))
    if row is None:
        raise NotFound("There is no such entry in this audit log.")
    return _entry(row)


async def verify_chain(session: AsyncSession, *, guild_id: int | None) -> Broken | None:
    """Follow the chain from its beginning; the first entry that does not hold, None when all do."""
    rows = await session.stream_scalars(
        select(AuditEntry)
        .where(_chain(guild_id))
        .order_by(col(AuditEntry.number))
        .execution_options(yield_per=READ_AT_ONCE, populate_existing=True)
    )
    number, previous = 1, BEGINNING
    async for row in rows:
        if broken := flaw(row, number=number, previous=previous):
            return broken
        number, previous = number + 1, row.digest
    return None


async def erase_member(session: AsyncSession, *, user_id: int) -> int:
    """Take every value that is this user's out of every chain, which stay valid; how many entries had one."""
    done = await session.execute(ERASE, {"user_id": str(user_id)})
    assert isinstance(done, CursorResult)
    return done.rowcount


async def _last(session: AsyncSession, guild_id: int | None) -> tuple[int, bytes]:
    """Number and digest of a chain's last entry. The chain must be held."""
    newest = (
        select(AuditEntry.number, AuditEntry.digest)
        .where(_chain(guild_id))
        .order_by(col(AuditEntry.number).desc())
        .limit(1)
    )
    found = (await session.execute(newest)).one_or_none()
    return (found[0], found[1]) if found else (0, BEGINNING)


def _chain(guild_id: int | None) -> Any:
    return col(AuditEntry.guild_id).is_(None) if guild_id is None else col(AuditEntry.guild_id) == guild_id


def _entry(row: AuditEntry) -> Entry:
    assert row.id is not None
    personal: Mapping[str, Field] = row.personal or {}
    target = personal.get(TARGET, {"value": ERASED})["value"] if TARGET in row.commitments else row.target
    return Entry(
        id=row.id,
        number=row.number,
        at=row.at,
        actor=_actor(row, personal.get(ACTOR)),
        action=row.action,
        target=target,
        before=put_back(row.before, personal),
        after=put_back(row.after, personal),
        reason=row.reason,
        undoes=row.undoes,
        digest=row.digest,
    )


def _actor(row: AuditEntry, field: Field | None) -> Actor:
    if field is None:
        return Actor(Via(row.via), None, ERASED)
    return Actor(Via(row.via), None if field["of"] is None else int(field["of"]), field["value"])
