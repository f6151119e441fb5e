"""Access requests: a member requests a refused command, a manager allows or dismisses it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared import models
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.models import AccessRuleRow, Channel
from herwa_shared.models.access import AccessDecision
from herwa_shared.services import audit, texts
from herwa_shared.services.access_rules import NewRule, find_rule_id, save_rule
from herwa_shared.services.audit import Actor, PersonalValue
from herwa_shared.services.audited_settings import lock_guild
from herwa_shared.services.rule_targets import require_target

ALLOW_DURATION = timedelta(hours=24)
DISMISSAL_COOLDOWN = timedelta(hours=24)


class RequestAlreadyDecided(BadRequest):
    """The request was already decided, for example by another manager or through an old button."""

    code = "already_answered"
    message = texts.REQUEST_ALREADY_DECIDED


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """The result of creating a request.

    If `is_new` is false, `id` is an existing request: an open one, or one that was dismissed so recently that a new
    request is possible only from `retry_at` on.
    """

    id: int
    is_new: bool
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccessRequestInfo:
    """An access request; `decision` is None while it is open."""

    id: int
    guild_id: int
    user_id: int
    user_name: str
    command: str
    channel_id: int
    requested_at: datetime
    decision: AccessDecision | None
    decided_at: datetime | None
    decided_by: int | None
    rule_id: int | None


async def create_request(
    session: AsyncSession,
    *,
    guild_id: int,
    user_id: int,
    user_name: str,
    command: str,
    channel_id: int,
    now: datetime | None = None,
) -> RequestOutcome:
    """Create an access request, unless one of this member for this command blocks it.

    An open request blocks it, and a dismissed one for 24 hours (DISMISSAL_COOLDOWN).
    Raises NotFound for an unknown command or guild, BadRequest for a command that no rule applies to.
    """
    now = now or utc_now()
    await require_target(session, TargetKind.COMMAND, command)
    await lock_guild(session, guild_id)
    if (existing_outcome := await _find_blocking_request(session, guild_id, user_id, command, now)) is not None:
        return existing_outcome
    row = models.AccessRequest(
        guild_id=guild_id,
        user_id=user_id,
        user_name=user_name[:100],
        command=command,
        channel_id=channel_id,
        requested_at=now,
    )
    session.add(row)
    await session.flush()
    assert row.id is not None
    return RequestOutcome(row.id, is_new=True)


async def allow_request(
    session: AsyncSession, *, request_id: int, guild_id: int, actor: Actor, until: datetime | None = None
) -> int:
    """Allow the member to use the command everywhere, until `until` or for 24 hours.

    Returns the id of the access rule that allows it: an existing one if it lasts longer, else a new or updated one.
    Raises NotFound, RequestAlreadyDecided, and BadRequest if a rule that denies the command to this member would
    override it.
    """
    row = await _get_open_row(session, guild_id, request_id)
    await _require_no_deny_rule(session, row)
    rule = NewRule(
        allow=True,
        subject_kind=SubjectKind.MEMBER,
        subject_id=row.user_id,
        target_kind=TargetKind.COMMAND,
        target_key=row.command,
        until=until or utc_now() + ALLOW_DURATION,
        note=texts.REQUEST_RULE_NOTE,
    )
    rule_id = await _find_longer_rule(session, guild_id, rule)
    if rule_id is None:
        rule_id = (await save_rule(session, guild_id=guild_id, rule=rule, actor=actor)).id
    _set_decision(row, AccessDecision.ALLOWED, actor)
    row.rule_id = rule_id
    await session.flush()
    return rule_id


async def dismiss_request(session: AsyncSession, *, request_id: int, guild_id: int, actor: Actor) -> None:
    """Dismiss a request. Raises NotFound, RequestAlreadyDecided."""
    row = await _get_open_row(session, guild_id, request_id)
    _set_decision(row, AccessDecision.DISMISSED, actor)
    await session.flush()
    await audit.record(
        session,
        actor,
        "request.dismiss",
        guild_id=guild_id,
        target=str(row.id),
        after={"member": PersonalValue(str(row.user_id)), "command": row.command},
    )


async def list_open_requests(session: AsyncSession, *, guild_id: int) -> tuple[AccessRequestInfo, ...]:
    """List the open requests of a guild, oldest first."""
    query = select(models.AccessRequest).where(
        col(models.AccessRequest.guild_id) == guild_id, col(models.AccessRequest.decided_at).is_(None)
    )
    rows = await session.scalars(query.order_by(col(models.AccessRequest.id)))
    return tuple(_to_info(row) for row in rows)


async def get_request(session: AsyncSession, *, guild_id: int, request_id: int) -> AccessRequestInfo:
    """Get a request of this guild, open or decided. Raises NotFound."""
    return _to_info(await _get_row(session, guild_id, request_id))


async def _find_blocking_request(
    session: AsyncSession, guild_id: int, user_id: int, command: str, now: datetime
) -> RequestOutcome | None:
    """Find the open request, or the one dismissed within DISMISSAL_COOLDOWN."""
    table = models.AccessRequest
    recently_dismissed = (col(table.decision) == AccessDecision.DISMISSED) & (
        col(table.decided_at) > now - DISMISSAL_COOLDOWN
    )
    row = await session.scalar(
        select(table)
        .filter_by(guild_id=guild_id, user_id=user_id, command=command)
        .where(or_(col(table.decided_at).is_(None), recently_dismissed))
        .order_by(col(table.id).desc())
        .limit(1)
    )
    if row is None:
        return None
    assert row.id is not None
    return RequestOutcome(row.id, is_new=False, retry_at=row.decided_at and row.decided_at + DISMISSAL_COOLDOWN)


async def _get_row(session: AsyncSession, guild_id: int, request_id: int) -> models.AccessRequest:
    row = await session.get(models.AccessRequest, request_id, populate_existing=True)
    if row is None or row.guild_id != guild_id:
        raise NotFound(texts.REQUEST_NOT_FOUND)
    return row


async def _get_open_row(session: AsyncSession, guild_id: int, request_id: int) -> models.AccessRequest:
    await lock_guild(session, guild_id)
    row = await _get_row(session, guild_id, request_id)
    if row.decision is not None:
        is_allowed = row.decision == AccessDecision.ALLOWED
        raise RequestAlreadyDecided(texts.REQUEST_ALREADY_ALLOWED if is_allowed else texts.REQUEST_ALREADY_DECLINED)
    return row


async def _require_no_deny_rule(session: AsyncSession, row: models.AccessRequest) -> None:
    """Raise BadRequest if a rule that denies the command to this member would override ours."""
    query = select(AccessRuleRow.id).where(
        col(AccessRuleRow.guild_id) == row.guild_id,
        col(AccessRuleRow.allow).is_(False),
        col(AccessRuleRow.subject_kind) == SubjectKind.MEMBER,
        col(AccessRuleRow.subject_id) == row.user_id,
        col(AccessRuleRow.target_kind) == TargetKind.COMMAND,
        col(AccessRuleRow.target_key) == row.command,
        col(AccessRuleRow.place_id).in_([0, *await _list_place_ids(session, row.guild_id, row.channel_id)]),
        or_(col(AccessRuleRow.until).is_(None), col(AccessRuleRow.until) > utc_now()),
    )
    if await session.scalar(query.limit(1)) is not None:
        raise BadRequest(texts.format_request_blocked(row.command))


async def _list_place_ids(session: AsyncSession, guild_id: int, channel_id: int) -> list[int]:
    """List the request's channel or thread and its parents (channel, category), as far as known."""
    parents = select(Channel.parent_id).where(col(Channel.guild_id) == guild_id)
    parent = parents.where(col(Channel.id) == channel_id).scalar_subquery()
    parent_ids = await session.scalars(parents.where(col(Channel.id).in_([channel_id, parent])))
    return [channel_id, *(parent_id for parent_id in parent_ids if parent_id is not None)]


async def _find_longer_rule(session: AsyncSession, guild_id: int, rule: NewRule) -> int | None:
    """Find an equal rule that lasts longer than the new one, so that it is not shortened."""
    rule_id = await find_rule_id(session, guild_id, rule)
    if rule_id is None:
        return None
    existing_rule = await session.get_one(AccessRuleRow, rule_id, populate_existing=True)
    return (
        rule_id
        if existing_rule.until is None or (rule.until is not None and existing_rule.until > rule.until)
        else None
    )


def _set_decision(row: models.AccessRequest, decision: AccessDecision, actor: Actor) -> None:
    row.decision, row.decided_at, row.decided_by = decision, utc_now(), actor.user_id


def _to_info(row: models.AccessRequest) -> AccessRequestInfo:
    assert row.id is not None
    return AccessRequestInfo(
        id=row.id,
        guild_id=row.guild_id,
        user_id=row.user_id,
        user_name=row.user_name,
        command=row.command,
        channel_id=row.channel_id,
        requested_at=row.requested_at,
        decision=None if row.decision is None else AccessDecision(row.decision),
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        rule_id=row.rule_id,
    )
