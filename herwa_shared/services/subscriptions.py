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
from herwa_shared.models import Subscription, Tier
from herwa_shared.models.subscriptions import Source
from herwa_shared.policy_cache.notifications import touch
from herwa_shared.services import audit
from herwa_shared.services.audit import SYSTEM, Actor
from herwa_shared.services.periods import LONGEST_NAME, LONGEST_REASON, require_guild, term, whole_days
from herwa_shared.services.tiers import require_tier

__all__ = [
    "InForce",
    "Source",
    "SubscriptionStatus",
    "extend",
    "grant",
    "history",
    "in_force",
    "note_expired",
    "revoke",
]

GUILDS_AT_ONCE = 100
A_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class InForce:
    """The tier of a guild at one moment and when it ends; None: not by itself."""

    tier: str
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class SubscriptionStatus:
    """One term of a guild's history. It ended at `revoked_at` or `ends_at`, whichever was first."""

    id: int
    tier: str
    source: Source
    starts_at: datetime
    ends_at: datetime | None
    reason: str
    granted_by: str
    created_at: datetime
    revoked_at: datetime | None


async def in_force(session: AsyncSession, *, guild_id: int, now: datetime) -> InForce:
    """The best tier of those live at that moment, and the latest end among its terms; Free where there is none."""
    best = (
        select(Subscription.tier_key, Subscription.ends_at)
        .join(Tier, col(Tier.key) == col(Subscription.tier_key))
        .where(col(Subscription.guild_id) == guild_id, col(Subscription.starts_at) <= now, _lasts(now))
        .order_by(col(Tier.rank).desc(), col(Subscription.ends_at).desc().nulls_first())
        .limit(1)
    )
    found = (await session.execute(best)).one_or_none()
    return InForce(found[0], found[1]) if found else InForce(TierKey.FREE, None)


async def grant(
    session: AsyncSession,
    *,
    guild_id: int,
    tier: str,
    source: Source = Source.MANUAL,
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
    await audit.hold_chain(session, guild_id=guild_id)
    now = utc_now()
    start, end = term(now=now, starts=starts, ends=ends, days=days)
    before = await in_force(session, guild_id=guild_id, now=now)
    row = Subscription(
        guild_id=guild_id,
        tier_key=tier,
        source=source,
        starts_at=start,
        ends_at=end,
        reason=reason[:LONGEST_REASON],
        granted_by=actor.name[:LONGEST_NAME],
        external_id=external_id,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    assert row.id is not None
    await _changed(session, actor, "subscription.grant", guild_id, tier, before=before, now=now, reason=reason)
    return row.id


async def extend(session: AsyncSession, *, guild_id: int, days: int, reason: str, actor: Actor) -> datetime:
    """Put off the end of the tier in force by so many days; the new end. Raises BadRequest where nothing ends."""
    await require_guild(session, guild_id)
    longer = whole_days(days)
    await audit.hold_chain(session, guild_id=guild_id)
    now = utc_now()
    before = await in_force(session, guild_id=guild_id, now=now)
    if before.ends is None:
        raise BadRequest("Nothing ends by itself in this server, so there is nothing to extend: grant a tier.")
    end = before.ends + longer
    await session.execute(
        update(Subscription)
        .where(col(Subscription.guild_id) == guild_id, col(Subscription.tier_key) == before.tier, _lasts(now))
        .where(col(Subscription.ends_at) == before.ends)
        .values(ends_at=end)
    )
    await _changed(session, actor, "subscription.extend", guild_id, before.tier, before=before, now=now, reason=reason)
    return end


async def revoke(session: AsyncSession, *, guild_id: int, reason: str, actor: Actor) -> int:
    """End now whatever this guild was granted, also what is yet to start; how many terms that ended."""
    await require_guild(session, guild_id)
    await audit.hold_chain(session, guild_id=guild_id)
    now = utc_now()
    before = await in_force(session, guild_id=guild_id, now=now)
    ended = await session.scalars(
        update(Subscription)
        .where(col(Subscription.guild_id) == guild_id, _lasts(now))
        .values(revoked_at=now)
        .returning(col(Subscription.id))
    )
    if count := len(ended.all()):
        await _changed(
            session, actor, "subscription.revoke", guild_id, before.tier, before=before, now=now, reason=reason
        )
    return count


async def note_expired(session: AsyncSession, *, now: datetime) -> int:
    """Write into the audit log what has ended by itself since; how many terms that were. Several may do so at once.

    Nothing depends on it: every process ends a term at its second from the end that it knows.
    """
    ended = select(Subscription.guild_id).where(_has_ended(now)).distinct().order_by(col(Subscription.guild_id))
    count = 0
    for guild_id in (await session.scalars(ended.limit(GUILDS_AT_ONCE))).all():
        count += await _note_expired_of(session, guild_id, now)
    return count


async def history(session: AsyncSession, *, guild_id: int) -> tuple[SubscriptionStatus, ...]:
    """Every term that a guild was ever granted, the newest first."""
    rows = await session.scalars(
        select(Subscription).where(col(Subscription.guild_id) == guild_id).order_by(col(Subscription.id).desc())
    )
    return tuple(_status(row) for row in rows)


async def _note_expired_of(session: AsyncSession, guild_id: int, now: datetime) -> int:
    await audit.hold_chain(session, guild_id=guild_id)
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
        before = await in_force(session, guild_id=guild_id, now=row.ends_at - A_MOMENT)
        await _changed(
            session, SYSTEM, "subscription.expire", guild_id, row.tier_key, before=before, now=row.ends_at, reason=""
        )
    return len(ended)


async def _changed(
    session: AsyncSession,
    actor: Actor,
    action: str,
    guild_id: int,
    tier: str,
    *,
    before: InForce,
    now: datetime,
    reason: str,
) -> None:
    await touch(session, guild_id=guild_id)
    after = await in_force(session, guild_id=guild_id, now=now)
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


def _lasts(now: datetime) -> ColumnElement[bool]:
    """Neither revoked nor over; it may be yet to start."""
    over = or_(col(Subscription.ends_at).is_(None), col(Subscription.ends_at) > now)
    return over & col(Subscription.revoked_at).is_(None)


def _has_ended(now: datetime) -> ColumnElement[bool]:
    """By itself, and nobody has noted it yet."""
    unnoted = col(Subscription.revoked_at).is_(None) & col(Subscription.expired_at).is_(None)
    return (col(Subscription.ends_at) <= now) & unnoted


def _status(row: Subscription) -> SubscriptionStatus:
    assert row.id is not None
    return SubscriptionStatus(
        id=row.id,
        tier=row.tier_key,
        source=Source(row.source),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        reason=row.reason,
        granted_by=row.granted_by,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
