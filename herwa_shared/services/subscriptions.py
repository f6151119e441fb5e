"""A guild's tier for a time: granted, extended, revoked, ended by itself. A row is never deleted.

Every change holds the guild's audit chain before it looks, so that parallel ones queue; each is one audit entry whose
before and after are the tier in force and its end.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import TierKey
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest
from herwa_shared.models import Subscription, TierRow
from herwa_shared.models.subscriptions import SubscriptionSource
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services import audit
from herwa_shared.services.audit import SYSTEM, Actor
from herwa_shared.services.periods import (
    MAX_NAME_LENGTH,
    MAX_REASON_LENGTH,
    require_guild,
    resolve_period,
    to_timedelta,
)
from herwa_shared.services.tiers import require_tier

__all__ = [
    "CurrentTier",
    "SubscriptionSource",
    "SubscriptionStatus",
    "extend",
    "get_current_tier",
    "grant",
    "list_subscriptions",
    "record_expired",
    "revoke",
]

MAX_GUILDS_PER_RUN = 100
ONE_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class CurrentTier:
    """The tier of a guild at one moment and when it ends; None: not by itself."""

    tier: str
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class SubscriptionStatus:
    """One term of a guild's history. It ended at `revoked_at` or `ends_at`, whichever was first."""

    id: int
    tier: str
    source: SubscriptionSource
    starts_at: datetime
    ends_at: datetime | None
    reason: str
    granted_by: str
    created_at: datetime
    revoked_at: datetime | None


async def get_current_tier(session: AsyncSession, *, guild_id: int, now: datetime) -> CurrentTier:
    """The best tier of those live at that moment, and the latest end among its terms; Free where there is none."""
    query = (
        select(Subscription.tier_key, Subscription.ends_at)
        .join(TierRow, col(TierRow.key) == col(Subscription.tier_key))
        .where(col(Subscription.guild_id) == guild_id, col(Subscription.starts_at) <= now, _is_active(now))
        .order_by(col(TierRow.rank).desc(), col(Subscription.ends_at).desc().nulls_first())
        .limit(1)
    )
    row = (await session.execute(query)).one_or_none()
    return CurrentTier(row[0], row[1]) if row else CurrentTier(TierKey.FREE, None)


async def grant(
    session: AsyncSession,
    *,
    guild_id: int,
    tier: str,
    source: SubscriptionSource = SubscriptionSource.MANUAL,
    starts: datetime | None = None,
    ends: datetime | None = None,
    days: int | None = None,
    reason: str,
    actor: Actor,
    external_id: str | None = None,
) -> int:
    """Give a guild a tier, from now and for good where nothing else is said; the subscription's id.

    What it had goes on beside it, and the best counts. Raises NotFound naming the tiers, BadRequest for a bad time.
    """
    await require_guild(session, guild_id)
    await require_tier(session, tier)
    await audit.lock_chain(session, guild_id=guild_id)
    now = utc_now()
    start, end = resolve_period(now=now, starts=starts, ends=ends, days=days)
    before = await get_current_tier(session, guild_id=guild_id, now=now)
    row = Subscription(
        guild_id=guild_id,
        tier_key=tier,
        source=source,
        starts_at=start,
        ends_at=end,
        reason=reason[:MAX_REASON_LENGTH],
        granted_by=actor.name[:MAX_NAME_LENGTH],
        external_id=external_id,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    assert row.id is not None
    await _record_change(session, actor, "subscription.grant", guild_id, tier, before=before, now=now, reason=reason)
    return row.id


async def extend(session: AsyncSession, *, guild_id: int, days: int, reason: str, actor: Actor) -> datetime:
    """Put off the end of the tier in force by so many days; the new end. Raises BadRequest where nothing ends."""
    await require_guild(session, guild_id)
    extension = to_timedelta(days)
    await audit.lock_chain(session, guild_id=guild_id)
    now = utc_now()
    before = await get_current_tier(session, guild_id=guild_id, now=now)
    if before.ends is None:
        raise BadRequest("Nothing ends by itself in this server, so there is nothing to extend: grant a tier.")
    end = before.ends + extension
    await session.execute(
        update(Subscription)
        .where(col(Subscription.guild_id) == guild_id, col(Subscription.tier_key) == before.tier, _is_active(now))
        .where(col(Subscription.ends_at) == before.ends)
        .values(ends_at=end)
    )
    await _record_change(
        session, actor, "subscription.extend", guild_id, before.tier, before=before, now=now, reason=reason
    )
    return end


async def revoke(session: AsyncSession, *, guild_id: int, reason: str, actor: Actor) -> int:
    """End now whatever this guild was granted, also what is yet to start; how many terms that ended."""
    await require_guild(session, guild_id)
    await audit.lock_chain(session, guild_id=guild_id)
    now = utc_now()
    before = await get_current_tier(session, guild_id=guild_id, now=now)
    ended = await session.scalars(
        update(Subscription)
        .where(col(Subscription.guild_id) == guild_id, _is_active(now))
        .values(revoked_at=now)
        .returning(col(Subscription.id))
    )
    if count := len(ended.all()):
        await _record_change(
            session, actor, "subscription.revoke", guild_id, before.tier, before=before, now=now, reason=reason
        )
    return count


async def record_expired(session: AsyncSession, *, now: datetime) -> int:
    """Write into the audit log what has ended by itself since; how many terms that were. Several may do so at once.

    Nothing depends on it: every process ends a term at its second from the end that it knows.
    """
    ended = select(Subscription.guild_id).where(_has_ended(now)).distinct().order_by(col(Subscription.guild_id))
    count = 0
    for guild_id in (await session.scalars(ended.limit(MAX_GUILDS_PER_RUN))).all():
        count += await _record_expired_in_guild(session, guild_id, now)
    return count


async def list_subscriptions(session: AsyncSession, *, guild_id: int) -> tuple[SubscriptionStatus, ...]:
    """Every term that a guild was ever granted, the newest first."""
    rows = await session.scalars(
        select(Subscription).where(col(Subscription.guild_id) == guild_id).order_by(col(Subscription.id).desc())
    )
    return tuple(_to_status(row) for row in rows)


async def _record_expired_in_guild(session: AsyncSession, guild_id: int, now: datetime) -> int:
    await audit.lock_chain(session, guild_id=guild_id)
    rows = await session.scalars(
        select(Subscription)
        .where(col(Subscription.guild_id) == guild_id, _has_ended(now))
        .order_by(col(Subscription.ends_at), col(Subscription.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    ended = rows.all()
    for row in ended:
        assert row.ends_at is not None
        row.expired_at = now
        before = await get_current_tier(session, guild_id=guild_id, now=row.ends_at - ONE_MICROSECOND)
        await _record_change(
            session, SYSTEM, "subscription.expire", guild_id, row.tier_key, before=before, now=row.ends_at, reason=""
        )
    return len(ended)


async def _record_change(
    session: AsyncSession,
    actor: Actor,
    action: str,
    guild_id: int,
    tier: str,
    *,
    before: CurrentTier,
    now: datetime,
    reason: str,
) -> None:
    await publish_policy_change(session, guild_id=guild_id)
    after = await get_current_tier(session, guild_id=guild_id, now=now)
    await audit.record(
        session,
        actor,
        action,
        guild_id=guild_id,
        target=tier,
        before=asdict(before),
        after=asdict(after),
        reason=reason,
    )


def _is_active(now: datetime) -> ColumnElement[bool]:
    """Neither revoked nor over; it may be yet to start."""
    not_ended = or_(col(Subscription.ends_at).is_(None), col(Subscription.ends_at) > now)
    return not_ended & col(Subscription.revoked_at).is_(None)


def _has_ended(now: datetime) -> ColumnElement[bool]:
    """By itself, and nobody has noted it yet."""
    unrecorded = col(Subscription.revoked_at).is_(None) & col(Subscription.expired_at).is_(None)
    return (col(Subscription.ends_at) <= now) & unrecorded


def _to_status(row: Subscription) -> SubscriptionStatus:
    assert row.id is not None
    return SubscriptionStatus(
        id=row.id,
        tier=row.tier_key,
        source=SubscriptionSource(row.source),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        reason=row.reason,
        granted_by=row.granted_by,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
