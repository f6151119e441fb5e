"""Entitlement grants: a feature, or a higher limit, beyond a guild's tier for a period."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import Limit
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import EntitlementGrant
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services import audit
from herwa_shared.services.audit import MAX_REASON_LENGTH, Actor
from herwa_shared.services.periods import MAX_NAME_LENGTH, RESTORE_TIME, require_guild, resolve_period
from herwa_shared.services.rule_targets import require_feature
from herwa_shared.services.tiers import MAX_LIMIT_VALUE


@dataclass(frozen=True, slots=True)
class GrantStatus:
    """A grant of a feature or of a limit; for a limit, a `value` of None means unlimited."""

    id: int
    feature: str | None
    limit: Limit | None
    value: int | None
    starts_at: datetime
    ends_at: datetime | None
    reason: str
    granted_by: str
    revoked_at: datetime | None


async def grant_feature(
    session: AsyncSession,
    *,
    guild_id: int,
    feature: str,
    starts: datetime | None = None,
    ends: datetime | None = None,
    days: int | None = None,
    reason: str,
    actor: Actor,
) -> int:
    """Grant a guild a feature and return the id of the grant.

    By default it starts now and has no end. Raises NotFound for an unknown feature or guild, BadRequest for an invalid
    period.
    """
    await require_feature(session, feature)
    row = await _build_grant(session, guild_id, starts, ends, days, reason, actor)
    row.feature_key = feature
    return await _save_grant(session, row, actor, reason)


async def grant_limit(
    session: AsyncSession,
    *,
    guild_id: int,
    limit: Limit,
    value: int | None,
    starts: datetime | None = None,
    ends: datetime | None = None,
    days: int | None = None,
    reason: str,
    actor: Actor,
) -> int:
    """Grant a guild a limit (None: unlimited) and return the id of the grant.

    A value below that of the tier does not lower the guild's limit. By default the grant starts now and has no end.
    Raises NotFound for an unknown guild, BadRequest for an invalid value or period.
    """
    if value is not None and not 0 <= value <= MAX_LIMIT_VALUE:
        raise BadRequest("A limit must be 0 or more, or empty for unlimited.")
    row = await _build_grant(session, guild_id, starts, ends, days, reason, actor)
    row.limit_key, row.value = limit, value
    return await _save_grant(session, row, actor, reason)


async def revoke_grant(session: AsyncSession, *, guild_id: int, grant_id: int, reason: str, actor: Actor) -> None:
    """Revoke a grant now; no effect if it has ended or was revoked. Raises NotFound."""
    await require_guild(session, guild_id)
    await audit.lock_chain(session, guild_id=guild_id)
    row = await session.get(EntitlementGrant, grant_id, populate_existing=True)
    if row is None or row.guild_id != guild_id:
        raise NotFound("This grant doesn't exist in this server.")
    now = utc_now()
    if row.revoked_at is not None or (row.ends_at is not None and row.ends_at <= now):
        return
    row.revoked_at = now
    await _record(session, row, actor, "grant.revoke", before=_to_audit_values(row), after=None, reason=reason)


async def restore_grant(session: AsyncSession, *, guild_id: int, grant_id: int, reason: str, actor: Actor) -> None:
    """Undo the revocation of a grant. Raises NotFound, and BadRequest if it was not revoked within `RESTORE_TIME`."""
    await require_guild(session, guild_id)
    await audit.lock_chain(session, guild_id=guild_id)
    row = await session.get(EntitlementGrant, grant_id, populate_existing=True)
    if row is None or row.guild_id != guild_id:
        raise NotFound("This grant doesn't exist in this server.")
    if row.revoked_at is None or row.revoked_at < utc_now() - RESTORE_TIME:
        raise BadRequest("This wasn't revoked in the last ten minutes.")
    row.revoked_at = None
    await _record(session, row, actor, "grant.restore", before=None, after=_to_audit_values(row), reason=reason)


async def list_grants(session: AsyncSession, *, guild_id: int) -> tuple[GrantStatus, ...]:
    """List all grants of a guild, including ended and revoked ones, newest first."""
    rows = await session.scalars(
        select(EntitlementGrant)
        .where(col(EntitlementGrant.guild_id) == guild_id)
        .order_by(col(EntitlementGrant.id).desc())
    )
    return tuple(_to_status(row) for row in rows)


async def _build_grant(
    session: AsyncSession,
    guild_id: int,
    starts: datetime | None,
    ends: datetime | None,
    days: int | None,
    reason: str,
    actor: Actor,
) -> EntitlementGrant:
    await require_guild(session, guild_id)
    await audit.lock_chain(session, guild_id=guild_id)
    now = utc_now()
    start, end = resolve_period(now=now, starts=starts, ends=ends, days=days)
    return EntitlementGrant(
        guild_id=guild_id,
        starts_at=start,
        ends_at=end,
        reason=reason[:MAX_REASON_LENGTH],
        granted_by=actor.name[:MAX_NAME_LENGTH],
        created_at=now,
    )


async def _save_grant(session: AsyncSession, row: EntitlementGrant, actor: Actor, reason: str) -> int:
    session.add(row)
    await session.flush()
    assert row.id is not None
    await _record(session, row, actor, "grant.add", before=None, after=_to_audit_values(row), reason=reason)
    return row.id


async def _record(
    session: AsyncSession,
    row: EntitlementGrant,
    actor: Actor,
    action: str,
    *,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    reason: str,
) -> None:
    await publish_policy_change(session, guild_id=row.guild_id)
    target = row.feature_key or row.limit_key or ""
    await audit.record(
        session, actor, action, guild_id=row.guild_id, target=target, before=before, after=after, reason=reason
    )


def _to_audit_values(row: EntitlementGrant) -> dict[str, Any]:
    value = {} if row.limit_key is None else {"value": row.value}
    return {"id": row.id, **value, "starts": row.starts_at, "ends": row.ends_at}


def _to_status(row: EntitlementGrant) -> GrantStatus:
    assert row.id is not None
    return GrantStatus(
        id=row.id,
        feature=row.feature_key,
        limit=None if row.limit_key is None else Limit(row.limit_key),
        value=row.value,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        reason=row.reason,
        granted_by=row.granted_by,
        revoked_at=row.revoked_at,
    )
