"""Acts of an operator on one server: tier, features and limits beyond it, notes.

Each act is recorded in the server's own audit log, except notes, and in the operators' log.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.catalog import Limit
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.models import OperatorNote
from herwa_shared.models.operations import MAX_NOTE_LENGTH
from herwa_shared.models.subscriptions import SubscriptionSource
from herwa_shared.operators.audit import record_server_act
from herwa_shared.operators.texts import NO_REASON, NO_TRIAL_END, NOT_EMPTY_NOTE, NOTHING_TO_REVOKE, TOO_LONG_REASON
from herwa_shared.services import grants, subscriptions
from herwa_shared.services.audit import MAX_REASON_LENGTH, Actor
from herwa_shared.services.periods import MAX_NAME_LENGTH, require_guild


async def grant_tier(
    session: AsyncSession,
    *,
    guild_id: int,
    tier: str,
    days: int | None,
    is_trial: bool = False,
    reason: str,
    actor: Actor,
) -> int:
    """Grant a tier from now, for `days` or without an end; a trial has an end. Returns the subscription's id.

    Raises NotFound for an unknown server or tier, BadRequest for an invalid period, or without a reason.
    """
    cleaned_reason = clean_reason(reason)
    if is_trial and days is None:
        raise BadRequest(NO_TRIAL_END, field="days")
    source = SubscriptionSource.TRIAL if is_trial else SubscriptionSource.MANUAL
    subscription_id = await subscriptions.grant(
        session, guild_id=guild_id, tier=tier, source=source, days=days, reason=cleaned_reason, actor=actor
    )
    values = {"tier": tier, "days": days, "source": str(source)}
    await record_server_act(session, actor, "server.grant", guild_id=guild_id, values=values, reason=cleaned_reason)
    return subscription_id


async def extend_tier(session: AsyncSession, *, guild_id: int, days: int, reason: str, actor: Actor) -> datetime:
    """Extend the current tier by some days and return its new end. Raises NotFound, BadRequest."""
    cleaned_reason = clean_reason(reason)
    end = await subscriptions.extend(session, guild_id=guild_id, days=days, reason=cleaned_reason, actor=actor)
    values = {"days": days, "ends": end}
    await record_server_act(session, actor, "server.extend", guild_id=guild_id, values=values, reason=cleaned_reason)
    return end


async def revoke_tier(session: AsyncSession, *, guild_id: int, reason: str, actor: Actor) -> int:
    """Revoke all subscriptions of a server and return their number.

    Raises NotFound for an unknown server, BadRequest if it has none.
    """
    cleaned_reason = clean_reason(reason)
    count = await subscriptions.revoke(session, guild_id=guild_id, reason=cleaned_reason, actor=actor)
    if not count:
        raise BadRequest(NOTHING_TO_REVOKE)
    values = {"subscriptions": count}
    await record_server_act(session, actor, "server.revoke", guild_id=guild_id, values=values, reason=cleaned_reason)
    return count


async def restore_tier(session: AsyncSession, *, guild_id: int, reason: str, actor: Actor) -> int:
    """Undo the last revocation; returns the number of subscriptions. Raises NotFound, BadRequest."""
    cleaned_reason = clean_reason(reason)
    count = await subscriptions.restore(session, guild_id=guild_id, reason=cleaned_reason, actor=actor)
    values = {"subscriptions": count}
    await record_server_act(session, actor, "server.restore", guild_id=guild_id, values=values, reason=cleaned_reason)
    return count


async def add_feature_override(
    session: AsyncSession, *, guild_id: int, feature: str, days: int | None, reason: str, actor: Actor
) -> int:
    """Grant a feature beyond the tier; returns the id of the grant. Raises NotFound, BadRequest."""
    cleaned_reason = clean_reason(reason)
    grant_id = await grants.grant_feature(
        session, guild_id=guild_id, feature=feature, days=days, reason=cleaned_reason, actor=actor
    )
    values = {"feature": feature, "days": days, "grant": grant_id}
    await record_server_act(session, actor, "server.feature", guild_id=guild_id, values=values, reason=cleaned_reason)
    return grant_id


async def add_limit_override(
    session: AsyncSession,
    *,
    guild_id: int,
    limit: Limit,
    value: int | None,
    days: int | None,
    reason: str,
    actor: Actor,
) -> int:
    """Grant a limit (None: unlimited) beyond the tier; returns the id of the grant. Raises NotFound, BadRequest."""
    cleaned_reason = clean_reason(reason)
    grant_id = await grants.grant_limit(
        session, guild_id=guild_id, limit=limit, value=value, days=days, reason=cleaned_reason, actor=actor
    )
    values = {"limit": str(limit), "value": value, "days": days, "grant": grant_id}
    await record_server_act(session, actor, "server.limit", guild_id=guild_id, values=values, reason=cleaned_reason)
    return grant_id


async def revoke_override(session: AsyncSession, *, guild_id: int, grant_id: int, reason: str, actor: Actor) -> None:
    """Revoke a feature or limit beyond the tier. Raises NotFound, BadRequest."""
    cleaned_reason = clean_reason(reason)
    await grants.revoke_grant(session, guild_id=guild_id, grant_id=grant_id, reason=cleaned_reason, actor=actor)
    values = {"grant": grant_id}
    await record_server_act(
        session, actor, "server.override_revoke", guild_id=guild_id, values=values, reason=cleaned_reason
    )


async def restore_override(session: AsyncSession, *, guild_id: int, grant_id: int, reason: str, actor: Actor) -> None:
    """Undo the revocation of a feature or limit beyond the tier. Raises NotFound, BadRequest."""
    cleaned_reason = clean_reason(reason)
    await grants.restore_grant(session, guild_id=guild_id, grant_id=grant_id, reason=cleaned_reason, actor=actor)
    values = {"grant": grant_id}
    await record_server_act(
        session, actor, "server.override_restore", guild_id=guild_id, values=values, reason=cleaned_reason
    )


async def add_note(session: AsyncSession, *, guild_id: int, text: str, actor: Actor) -> int:
    """Add a note that only operators see; returns its id. Raises NotFound, BadRequest."""
    cleaned = " ".join(text.split())
    if not 1 <= len(cleaned) <= MAX_NOTE_LENGTH:
        raise BadRequest(NOT_EMPTY_NOTE, field="text")
    await require_guild(session, guild_id)
    row = OperatorNote(guild_id=guild_id, text=cleaned, by=actor.name[:MAX_NAME_LENGTH], at=utc_now())
    session.add(row)
    await session.flush()
    assert row.id is not None
    await record_server_act(session, actor, "server.note", guild_id=guild_id, values={"note": row.id})
    return row.id


async def delete_note(session: AsyncSession, *, guild_id: int, note_id: int, actor: Actor) -> str:
    """Delete a note and return its text. Raises NotFound."""
    row = await session.scalar(
        select(OperatorNote).where(col(OperatorNote.id) == note_id, col(OperatorNote.guild_id) == guild_id)
    )
    if row is None:
        raise NotFound
    await session.delete(row)
    await record_server_act(session, actor, "server.note_delete", guild_id=guild_id, values={"note": note_id})
    return row.text


def clean_reason(reason: str) -> str:
    """Return the reason on one line. Raises BadRequest if it is empty or too long."""
    cleaned = " ".join(reason.split())
    if not cleaned:
        raise BadRequest(NO_REASON, field="reason")
    if len(cleaned) > MAX_REASON_LENGTH:
        raise BadRequest(TOO_LONG_REASON, field="reason")
    return cleaned
