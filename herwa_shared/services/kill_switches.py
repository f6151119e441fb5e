"""Kill switches: turn a feature off in all guilds, with a reason that users see."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import Essential
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest
from herwa_shared.models import Feature, KillSwitch
from herwa_shared.policy_cache.notifications import publish_policy_change
from herwa_shared.services import audit
from herwa_shared.services.audit import MAX_REASON_LENGTH, Actor
from herwa_shared.services.periods import MAX_NAME_LENGTH
from herwa_shared.services.rule_targets import require_feature


@dataclass(frozen=True, slots=True)
class KillSwitchStatus:
    """An active kill switch: its feature is off in all guilds."""

    feature: str
    title: str
    reason: str
    by: str
    at: datetime


async def set_kill_switch(
    session: AsyncSession, *, feature: str, active: bool, reason: str, actor: Actor
) -> int | None:
    """Activate a feature's kill switch (the feature is then off in all guilds) or deactivate it.

    Returns the id of the audit entry, None if nothing changed. Activating an active switch updates its reason. Raises
    NotFound (with similar features in its message), and BadRequest for activating without a valid reason or for an
    essential feature, to which kill switches do not apply.
    """
    feature_row = await require_feature(session, feature)
    await audit.lock_chain(session, guild_id=None)
    existing = await session.get(KillSwitch, feature, populate_existing=True)
    before = {"on": True, "reason": existing.reason} if existing else {"on": False}
    cleaned_reason = _clean_reason(feature_row, reason) if active else reason
    after = {"on": True, "reason": cleaned_reason} if active else {"on": False}
    if before == after:
        return None
    if active:
        await session.merge(
            KillSwitch(feature_key=feature, reason=cleaned_reason, by=actor.name[:MAX_NAME_LENGTH], at=utc_now())
        )
    elif existing:
        await session.delete(existing)
    await publish_policy_change(session, guild_id=None)
    return await audit.record(
        session,
        actor,
        "kill_switch.set",
        guild_id=None,
        target=feature,
        before=before,
        after=after,
        reason=cleaned_reason,
    )


async def list_kill_switches(session: AsyncSession) -> tuple[KillSwitchStatus, ...]:
    """List the active kill switches, newest first."""
    rows = await session.execute(
        select(KillSwitch, Feature.title)
        .join(Feature, col(Feature.key) == col(KillSwitch.feature_key))
        .order_by(col(KillSwitch.at).desc())
    )
    return tuple(KillSwitchStatus(row.feature_key, title, row.reason, row.by, row.at) for row, title in rows)


def _clean_reason(feature: Feature, reason: str) -> str:
    if feature.essential != Essential.NO:
        raise BadRequest(f"{feature.title} is essential and can't be turned off.")
    cleaned_reason = " ".join(reason.split())
    if not 1 <= len(cleaned_reason) <= MAX_REASON_LENGTH:
        raise BadRequest(f"Give a reason of 1 to {MAX_REASON_LENGTH} characters. Users will see it.")
    return cleaned_reason
