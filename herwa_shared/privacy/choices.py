"""Choices of members: opt out of being counted as a member, in one guild or everywhere, and opt in again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from herwa_shared.changes.data_versions import raise_data_versions
from herwa_shared.clock import utc_now
from herwa_shared.db import get_audit_key
from herwa_shared.models import ErasureRequest, Member, PrivacyChoice
from herwa_shared.pipeline.buffer import APPEND_LOCK_ID
from herwa_shared.privacy_digests import derive_privacy_key, hash_member
from herwa_shared.services.direct_messages import is_muted

# Open sessions and memberships, which later events would continue. What was counted before is kept.
DELETE_OPEN_PERIODS_QUERIES = (
    text("""
    DELETE FROM voice_session
    WHERE user_id = :user_id AND (guild_id = :guild_id OR CAST(:guild_id AS bigint) IS NULL)
    """),
    text("""
    DELETE FROM membership_period
    WHERE user_id = :user_id AND (guild_id = :guild_id OR CAST(:guild_id AS bigint) IS NULL)
    """),
)


@dataclass(frozen=True, slots=True)
class ErasureProgress:
    """The newest request to erase a member; `finished_at` is None while the worker erases ClickHouse."""

    requested_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class PrivacyStatus:
    """What a member chose for a guild and for all guilds, and the newest erasure of either.

    `is_muted`: the user switched off direct messages.
    """

    opted_out_here: bool
    opted_out_everywhere: bool
    erasure: ErasureProgress | None
    is_muted: bool

    @property
    def is_opted_out(self) -> bool:
        """Whether events in the guild are stored without the member."""
        return self.opted_out_here or self.opted_out_everywhere


async def lock_choices(session: AsyncSession) -> None:
    """Lock all choices until the commit, against other changes and against storing events."""
    await session.execute(select(func.pg_advisory_xact_lock(APPEND_LOCK_ID)))


async def set_opt_out(session: AsyncSession, *, guild_id: int | None, user_id: int, opted_out: bool) -> bool:
    """Opt a user out of one guild (None: of all) or in again. Returns False if that changes nothing.

    It is in force for all events that are stored after the commit. Takes the append lock.
    """
    await lock_choices(session)
    digest = compute_digest(session, guild_id=guild_id, user_id=user_id)
    query = select(col(PrivacyChoice.opted_out_at)).where(col(PrivacyChoice.digest) == digest)
    if (await session.scalar(query) is not None) == opted_out:
        return False
    await save_choice(session, digest=digest, guild_id=guild_id, opted_out_at=utc_now() if opted_out else None)
    if opted_out:
        for statement in DELETE_OPEN_PERIODS_QUERIES:
            await session.execute(statement, {"user_id": user_id, "guild_id": guild_id})
    await raise_data_versions(session, await list_member_guilds(session, guild_id=guild_id, user_id=user_id))
    return True


async def list_member_guilds(session: AsyncSession, *, guild_id: int | None, user_id: int) -> list[int]:
    """List the guilds whose lists of members a choice for this guild (None: for all) changes.

    For all guilds these are the ones that know the name of the user, not each guild: otherwise a single user could
    make all cached results of all guilds worthless.
    """
    if guild_id is not None:
        return [guild_id]
    return list(await session.scalars(select(col(Member.guild_id)).where(col(Member.user_id) == user_id)))


async def load_privacy_status(session: AsyncSession, *, guild_id: int | None, user_id: int) -> PrivacyStatus:
    """Load what a member chose for this guild (None: for all guilds) and everywhere."""
    here = compute_digest(session, guild_id=guild_id, user_id=user_id)
    everywhere = compute_digest(session, guild_id=None, user_id=user_id)
    choices = await session.execute(
        select(col(PrivacyChoice.digest)).where(
            or_(col(PrivacyChoice.digest) == here, col(PrivacyChoice.digest) == everywhere),
            col(PrivacyChoice.opted_out_at).is_not(None),
        )
    )
    digests = {bytes(row[0]) for row in choices}
    newest = select(col(ErasureRequest.requested_at), col(ErasureRequest.finished_at)).where(
        or_(col(ErasureRequest.digest) == here, col(ErasureRequest.digest) == everywhere)
    )
    erasure = (await session.execute(newest.order_by(col(ErasureRequest.id).desc()).limit(1))).one_or_none()
    return PrivacyStatus(
        here in digests,
        everywhere in digests,
        ErasureProgress(*erasure) if erasure else None,
        await is_muted(session, user_id=user_id),
    )


async def count_opt_outs(session: AsyncSession, *, guild_id: int) -> int:
    """Count the members who opted out of this guild; choices for all guilds do not show who is in which guild."""
    query = select(func.count()).where(
        col(PrivacyChoice.guild_id) == guild_id, col(PrivacyChoice.opted_out_at).is_not(None)
    )
    return await session.scalar(query) or 0


def compute_digest(session: AsyncSession, *, guild_id: int | None, user_id: int) -> bytes:
    """Compute the keyed hash of a user in a guild (None: everywhere) with the key of this copy."""
    return hash_member(derive_privacy_key(get_audit_key(session)), guild_id=guild_id, user_id=user_id)


async def save_choice(session: AsyncSession, *, digest: bytes, guild_id: int | None, **values: datetime | None) -> None:
    """Save columns of a choice, and let every process load the choices again.

    The caller holds the append lock. At the end of its transaction it raises the data version, because of which lists
    of members are read again.
    """
    statement = insert(PrivacyChoice).values(digest=digest, guild_id=guild_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["digest"], set_=values))
    await session.execute(text("UPDATE privacy_version SET version = version + 1 WHERE id = 0"))
