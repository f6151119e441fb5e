"""Verification of the audit log: of one hash chain, or of all chains against digests noted outside of the database.

A chain shows by itself that an entry was changed, exchanged or removed. That entries are missing at its end, or that it
was deleted, can only be seen from what was noted about it earlier (`audit_anchors`).
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from sqlalchemy import null
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.db import get_audit_key
from herwa_shared.models import AuditEntry
from herwa_shared.services.audit import filter_chain
from herwa_shared.services.audit_chain import GENESIS_DIGEST, ChainDefect, DefectKind, find_chain_defect

READ_BATCH_ROWS = 500
GUILD_DELETED_ACTION, GUILD_DELETED_FIELD = "guild.delete", "audit_entries"
"""Action of the operator's entry about a deleted guild, and its field with the number of the chain's entries."""

ChainDigests = Mapping[int, bytes]
"""Digests of entries of one chain, by number."""


@dataclass(frozen=True, slots=True)
class AuditVerification:
    """The result of verifying all chains. `defects` contains at most one defect per chain."""

    chains: int
    entries: int
    defects: tuple[ChainDefect, ...]


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The newest entry of a chain (`guild_id` None: the operator's)."""

    guild_id: int | None
    number: int
    digest: bytes


async def verify_chain(
    session: AsyncSession, *, guild_id: int | None, noted: ChainDigests | None = None
) -> ChainDefect | None:
    """Verify a chain from its first entry, and against digests that were noted earlier.

    Returns the first defect, None if there is none.
    """
    deleted_numbers = await _load_deleted_numbers(session)
    _, defect = await _verify_chain(session, guild_id, _drop_deleted(noted or {}, deleted_numbers.get(guild_id, 0)))
    return defect


async def verify_all_chains(session: AsyncSession, *, noted: Mapping[int | None, ChainDigests]) -> AuditVerification:
    """Verify every chain of the database, and every chain that was noted. `noted` is by guild, None: the operator's.

    The chain of a deleted guild is no defect: the operator's chain, which is verified as well, has an entry about it.
    """
    deleted_numbers = await _load_deleted_numbers(session)
    guild_ids = {head.guild_id for head in await list_chain_heads(session)} | set(noted)
    defects, entries = [], 0
    for guild_id in sorted(guild_ids, key=lambda guild_id: guild_id or 0):
        still_noted = _drop_deleted(noted.get(guild_id, {}), deleted_numbers.get(guild_id, 0))
        count, defect = await _verify_chain(session, guild_id, still_noted)
        entries += count
        if defect:
            defects.append(defect)
    return AuditVerification(len(guild_ids), entries, tuple(defects))


async def list_chain_heads(session: AsyncSession) -> list[ChainHead]:
    """List the newest entry of every chain, the operator's first."""
    columns = (col(AuditEntry.guild_id), col(AuditEntry.number), col(AuditEntry.digest))
    newest_first = (col(AuditEntry.guild_id), col(AuditEntry.number).desc())
    operator = select(*columns).where(filter_chain(None)).order_by(col(AuditEntry.number).desc()).limit(1)
    guilds = (
        select(*columns)
        .where(col(AuditEntry.guild_id).is_not(null()))
        .distinct(col(AuditEntry.guild_id))
        .order_by(*newest_first)
    )
    rows = [*(await session.execute(operator)).all(), *(await session.execute(guilds)).all()]
    return [ChainHead(guild_id, number, digest) for guild_id, number, digest in rows]


async def _load_deleted_numbers(session: AsyncSession) -> dict[int | None, int]:
    """Load how many entries the chains of deleted guilds had."""
    query = select(AuditEntry.target, AuditEntry.before).where(
        filter_chain(None), col(AuditEntry.action) == GUILD_DELETED_ACTION
    )
    deleted_numbers: dict[int | None, int] = {}
    for target, before in await session.execute(query):
        number = (before or {}).get(GUILD_DELETED_FIELD, 0)
        deleted_numbers[int(target)] = max(number, deleted_numbers.get(int(target), 0))
    return deleted_numbers


def _drop_deleted(noted: ChainDigests, deleted_number: int) -> ChainDigests:
    """Drop what was noted of a chain that was deleted with its guild. A guild that returned begins a new chain."""
    return {number: digest for number, digest in noted.items() if number > deleted_number}


async def _verify_chain(
    session: AsyncSession, guild_id: int | None, noted: ChainDigests
) -> tuple[int, ChainDefect | None]:
    """Return the number of valid entries and the first defect."""
    audit_key = get_audit_key(session)
    number, previous = 0, GENESIS_DIGEST
    async for entry in _stream_entries(session, guild_id):
        if defect := find_chain_defect(entry, number=number + 1, previous=previous, audit_key=audit_key):
            return number, defect
        number, previous = entry.number, entry.digest
        if noted.get(number, previous) != previous:
            return number, ChainDefect(guild_id, number, DefectKind.NOT_AS_NOTED)
    if noted and max(noted) > number:
        return number, ChainDefect(guild_id, number + 1, DefectKind.CUT_OFF if number else DefectKind.DELETED)
    return number, None


async def _stream_entries(session: AsyncSession, guild_id: int | None) -> AsyncIterator[AuditEntry]:
    query = (
        select(AuditEntry)
        .where(filter_chain(guild_id))
        .order_by(col(AuditEntry.number))
        .execution_options(yield_per=READ_BATCH_ROWS, populate_existing=True)
    )
    async for entry in await session.stream_scalars(query):
        yield entry
