"""Subscriptions of guilds to tiers: grant, extend, revoke and record expiry.

Rows are never deleted. Every change locks the guild's audit chain before it reads, so that concurrent changes are
serialized. Each change is one audit entry; its `before` and `after` are the current tier and its end.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import TierKey
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest
from herwa_shared.models import Subscription, TierRow
from herwa_shared.models.subscriptions import SubscriptionSource
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services import audit
from herwa_shared.services.audit import MAX_REASON_LENGTH, SYSTEM, Actor
from herwa_shared.services.periods import (
    MAX_NAME_LENGTH,
    RESTORE_TIME,
    require_guild,
    resolve_period,
    to_timedelta,
)
from herwa_shared.services.tiers import require_tier

__all__ = [
    "CurrentTier",
    "SubscriptionSource",
    "SubscriptionStatus",
    "build_current_tier_query",
    "build_has_tier_condition",
    "extend",
    "get_current_tier",
    "grant",
    "is_granted",
    "list_subscriptions",
    "record_change",
    "record_expired",
    "restore",
    "revoke",
]

MAX_GUILDS_PER_RUN = 100
"""Maximum number of guilds that one call of `record_expired` processes."""
ONE_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class CurrentTier:
    """The tier of a guild at one time; `ends` is None if it has no end."""

    tier: str
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class SubscriptionStatus:
    """One subscription in a guild's history.

    It ends at `revoked_at` or `ends_at`, the earlier of both.
    """

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
    """Get the tier of a guild at `now`: the best of its active subscriptions, else Free.

    `ends` is the latest end among the active subscriptions of that tier.
    """
    row = (await session.execute(build_current_tier_query(guild_id, now))).one_or_none()
    return CurrentTier(row[0], row[1]) if row else CurrentTier(TierKey.FREE, None)


def build_current_tier_query(guild_id: Any, now: datetime) -> Any:
    """Build the query of a guild's current tier: its key and end; no row for Free. `guild_id` may be a column."""
    return (
        select(Subscription.tier_key, Subscription.ends_at)
        .join(TierRow, col(TierRow.key) == col(Subscription.tier_key))
        .where(col(Subscription.guild_id) == guild_id, col(Subscription.starts_at) <= now, _is_active(now))
        .order_by(col(TierRow.rank).desc(), col(Subscription.ends_at).desc().nulls_first())
        .limit(1)
    )


def build_has_tier_condition(guild_id: Any, tier: str, now: datetime) -> ColumnElement[bool]:
    """Build the condition that a tier is the current one of a guild, as `build_current_tier_query` defines it.

    `guild_id` is a column. Performance: the guilds with an active subscription are read once, into a hash table, and
    `IS TRUE` keeps PostgreSQL from looking up each of them in the table of the column instead.
    """
    rank = select(TierRow.rank).where(col(TierRow.key) == tier).scalar_subquery()
    better_tiers = select(TierRow.key).where(col(TierRow.rank) > rank)
    guilds = select(Subscription.guild_id).where(col(Subscription.starts_at) <= now, _is_active(now))
    has_tier: ColumnElement[bool] = guild_id.in_(guilds.where(col(Subscription.tier_key) == tier)).is_(True)
    has_better: ColumnElement[bool] = guild_id.in_(guilds.where(col(Subscription.tier_key).in_(better_tiers))).is_(True)
    return not_(has_better) if tier == TierKey.FREE else and_(has_tier, not_(has_better))


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
) -> int:
    """Grant a guild a tier and return the id of the subscription.

    By default it starts now and has no end. Other subscriptions remain; the best tier applies. Raises NotFound for an
    unknown guild or tier (the message lists the tiers), BadRequest for an invalid period.
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
        created_at=now,
    )
    session.add(row)
    await session.flush()
    assert row.id is not None
    await record_change(session, actor, "subscription.grant", guild_id, tier, before=before, now=now, reason=reason)
    return row.id


async def extend(session: AsyncSession, *, guild_id: int, days: int, reason: str, actor: Actor) -> datetime:
    """Extend the current tier by some days and return its new end.

    Raises NotFound for an unknown guild, BadRequest if the current tier has no end or was bought in Discord.
    """
    await require_guild(session, guild_id)
    extension = to_timedelta(days)
    await audit.lock_chain(session, guild_id=guild_id)
    now = utc_now()
    before = await get_current_tier(session, guild_id=guild_id, now=now)
    if before.ends is None:
        raise BadRequest("This server's tier has no end, so it can't be extended. Grant a tier instead.")
    end = before.ends + extension
    extended = await session.scalars(
        update(Subscription)
        .where(col(Subscription.guild_id) == guild_id, col(Subscription.tier_key) == before.tier, _is_active(now))
        .where(col(Subscription.ends_at) == before.ends, is_granted())
        .values(ends_at=end)
        .returning(col(Subscription.id))
    )
    if not extended.all():
        raise BadRequest("This server's tier was bought in Discord, so it ends there. Grant a tier instead.")
    await record_change(
        session, actor, "subscription.extend", guild_id, before.tier, before=before, now=now, reason=reason
    )
    return end


async def revoke(session: AsyncSession, *, guild_id: int, reason: str, actor: Actor) -> int:
    """Revoke all granted subscriptions of a guild, including future ones; what was bought in Discord remains.

    Returns the number of revoked ones.
    """
    await require_guild(session, guild_id)
    await audit.lock_chain(session, guild_id=guild_id)
    now = utc_now()
    before = await get_current_tier(session, guild_id=guild_id, now=now)
    ended = await session.scalars(
        update(Subscription)
        .where(col(Subscription.guild_id) == guild_id, _is_active(now), is_granted())
        .values(revoked_at=now)
        .returning(col(Subscription.id))
    )
    if count := len(ended.all()):
        await record_change(
            session, actor, "subscription.revoke", guild_id, before.tier, before=before, now=now, reason=reason
        )
    return count


async def restore(session: AsyncSession, *, guild_id: int, reason: str, actor: Actor) -> int:
    """Undo the last revocation of a guild: what it ended is in force again. Returns the number of subscriptions.

    Raises NotFound for an unknown guild, BadRequest if nothing was revoked within `RESTORE_TIME`.
    """
    await require_guild(session, guild_id)
    await audit.lock_chain(session, guild_id=guild_id)
    now = utc_now()
    of_guild = (col(Subscription.guild_id) == guild_id) & is_granted()
    revoked_at = await session.scalar(select(func.max(Subscription.revoked_at)).where(of_guild))
    if revoked_at is None or revoked_at < now - RESTORE_TIME:
        raise BadRequest("Nothing was revoked in the last ten minutes.")
    before = await get_current_tier(session, guild_id=guild_id, now=now)
    restored = await session.scalars(
        update(Subscription)
        .where(of_guild, col(Subscription.revoked_at) == revoked_at)
        .values(revoked_at=None)
        .returning(col(Subscription.id))
    )
    count = len(restored.all())
    after = await get_current_tier(session, guild_id=guild_id, now=now)
    await record_change(
        session, actor, "subscription.restore", guild_id, after.tier, before=before, now=now, reason=reason
    )
    return count


async def record_expired(session: AsyncSession, *, now: datetime) -> int:
    """Record ended subscriptions in the audit log; returns their number.

    Safe to run concurrently in several processes. No decision depends on it: every process knows the end of a
    subscription and stops applying it at that second.
    """
    ended = select(Subscription.guild_id).where(_has_ended(now)).distinct().order_by(col(Subscription.guild_id))
    count = 0
    for guild_id in (await session.scalars(ended.limit(MAX_GUILDS_PER_RUN))).all():
        count += await _record_expired_in_guild(session, guild_id, now)
    return count


async def list_subscriptions(session: AsyncSession, *, guild_id: int) -> tuple[SubscriptionStatus, ...]:
    """List all subscriptions of a guild, including ended ones, newest first."""
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
        await record_change(
            session, SYSTEM, "subscription.expire", guild_id, row.tier_key, before=before, now=row.ends_at, reason=""
        )
    return len(ended)


async def record_change(
    session: AsyncSession,
    actor: Actor,
    action: str,
    guild_id: int,
    tier: str,
    *,
    before: CurrentTier,
    now: datetime,
    reason: str = "",
) -> None:
    """Announce a change of a guild's subscriptions and record it with the current tier before and after it."""
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
    """Build the condition: neither revoked nor ended; it may start in the future."""
    not_ended = or_(col(Subscription.ends_at).is_(None), col(Subscription.ends_at) > now)
    return not_ended & col(Subscription.revoked_at).is_(None)


def is_granted() -> ColumnElement[bool]:
    """Build the condition: granted by an operator, not bought in Discord."""
    return col(Subscription.source) != SubscriptionSource.DISCORD


def _has_ended(now: datetime) -> ColumnElement[bool]:
    """Build the condition: ended without being revoked, and not yet recorded."""
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
