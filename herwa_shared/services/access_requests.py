"""A member asks for a command that was refused; a manager allows it for a while, or says no."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared import models
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.models import AccessRuleRow, Channel, Guild, User, UserGuild
from herwa_shared.models.access import Answer
from herwa_shared.services import audit
from herwa_shared.services.access_rules import NewRule, find_rule, save_rule
from herwa_shared.services.audit import Actor, Personal
from herwa_shared.services.audited_settings import hold_guild
from herwa_shared.services.rule_targets import require_target

ALLOWED_FOR = timedelta(hours=24)
NO_FOR = timedelta(hours=24)
ASKED_AT_MOST = 6
NOTE = "asked for access"


class AlreadyAnswered(BadRequest):
    """Another manager was faster, or the button is an old one."""

    code = "already_answered"
    message = "This has been answered already."


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a question. Not new: it waits for an answer, or it had a no and is asked again at `again_from`."""

    id: int
    is_new: bool
    again_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A question for access; `answer` is None while it is open."""

    id: int
    guild_id: int
    user_id: int
    user_name: str
    command: str
    channel_id: int
    asked_at: datetime
    answer: Answer | None
    answered_at: datetime | None
    answered_by: int | None
    rule_id: int | None


async def ask(
    session: AsyncSession,
    *,
    guild_id: int,
    user_id: int,
    user_name: str,
    command: str,
    channel_id: int,
    now: datetime | None = None,
) -> Asked:
    """Ask once: while a question of this member about this command is open, or within a day of a no, none is made."""
    now = now or utc_now()
    await require_target(session, TargetKind.COMMAND, command)
    await hold_guild(session, guild_id)
    if (before := await _asked_before(session, guild_id, user_id, command, now)) is not None:
        return before
    row = models.AccessRequest(
        guild_id=guild_id,
        user_id=user_id,
        user_name=user_name[:100],
        command=command,
        channel_id=channel_id,
        asked_at=now,
    )
    session.add(row)
    await session.flush()
    assert row.id is not None
    return Asked(row.id, is_new=True)


async def allow(
    session: AsyncSession, *, request_id: int, guild_id: int, actor: Actor, until: datetime | None = None
) -> int:
    """Let the member use that command everywhere, until then or for 24 hours; the id of the rule that says so.

    Raises NotFound, AlreadyAnswered, and BadRequest where a rule about this member would win against it.
    """
    row = await _open_row(session, guild_id, request_id)
    await _require_no_refusal(session, row)
    rule = NewRule(
        allow=True,
        subject_kind=SubjectKind.MEMBER,
        subject_id=row.user_id,
        target_kind=TargetKind.COMMAND,
        target_key=row.command,
        until=until or utc_now() + ALLOWED_FOR,
        note=NOTE,
    )
    rule_id = await _outlasting(session, guild_id, rule)
    if rule_id is None:
        rule_id = (await save_rule(session, guild_id=guild_id, rule=rule, actor=actor)).id
    _answer(row, Answer.ALLOWED, actor)
    row.rule_id = rule_id
    await session.flush()
    return rule_id


async def dismiss(session: AsyncSession, *, request_id: int, guild_id: int, actor: Actor) -> None:
    """Say no. Raises NotFound, AlreadyAnswered."""
    row = await _open_row(session, guild_id, request_id)
    _answer(row, Answer.DISMISSED, actor)
    await session.flush()
    await audit.record(
        session,
        actor,
        "request.dismiss",
        guild_id=guild_id,
        target=str(row.id),
        after={"member": Personal(str(row.user_id)), "command": row.command},
    )


async def open_requests(session: AsyncSession, *, guild_id: int) -> tuple[Request, ...]:
    """Those that wait for an answer, the oldest first."""
    waiting = select(models.AccessRequest).where(
        col(models.AccessRequest.guild_id) == guild_id, col(models.AccessRequest.answered_at).is_(None)
    )
    rows = await session.scalars(waiting.order_by(col(models.AccessRequest.id)))
    return tuple(_value(row) for row in rows)


async def request(session: AsyncSession, *, guild_id: int, request_id: int) -> Request:
    """One question of this guild, answered or not. Raises NotFound."""
    return _value(await _row(session, guild_id, request_id))


async def managers_to_ask(session: AsyncSession, *, guild_id: int) -> tuple[int, ...]:
    """The owner first, then those who manage the guild and have logged in, the latest first; at most six in all.

    What Discord last told of them may be minutes old: whoever answers is checked again.
    """
    owner_id = await session.scalar(select(Guild.owner_id).where(col(Guild.id) == guild_id))
    if owner_id is None:
        return ()
    managing = or_(col(UserGuild.owner), col(UserGuild.permissions).op("&")(ADMINISTRATOR | MANAGE_GUILD) != 0)
    others = await session.scalars(
        select(User.id)
        .join(UserGuild, col(UserGuild.user_id) == col(User.id))
        .where(col(UserGuild.guild_id) == guild_id, col(User.id) != owner_id, managing)
        .order_by(col(User.logged_in_at).desc())
        .limit(ASKED_AT_MOST - 1)
    )
    return (owner_id, *others)


async def _asked_before(
    session: AsyncSession, guild_id: int, user_id: int, command: str, now: datetime
) -> Asked | None:
    """The open question, or the one that was answered with no less than a day ago."""
    rows = models.AccessRequest
    said_no = (col(rows.answer) == Answer.DISMISSED) & (col(rows.answered_at) > now - NO_FOR)
    found = await session.scalar(
        select(rows)
        .filter_by(guild_id=guild_id, user_id=user_id, command=command)
        .where(or_(col(rows.answered_at).is_(None), said_no))
        .order_by(col(rows.id).desc())
        .limit(1)
    )
    if found is None:
        return None
    assert found.id is not None
    return Asked(found.id, is_new=False, again_from=found.answered_at and found.answered_at + NO_FOR)


async def _row(session: AsyncSession, guild_id: int, request_id: int) -> models.AccessRequest:
    row = await session.get(models.AccessRequest, request_id, populate_existing=True)
    if row is None or row.guild_id != guild_id:
        raise NotFound("This request is no longer there.")
    return row


async def _open_row(session: AsyncSession, guild_id: int, request_id: int) -> models.AccessRequest:
    await hold_guild(session, guild_id)
    row = await _row(session, guild_id, request_id)
    if row.answer is not None:
        said = "allowed" if row.answer == Answer.ALLOWED else "answered with no"
        raise AlreadyAnswered(f"This has been {said} already.")
    return row


async def _require_no_refusal(session: AsyncSession, row: models.AccessRequest) -> None:
    """A rule that says no to this member on this command wins against one that says yes."""
    refusing = select(AccessRuleRow.id).where(
        col(AccessRuleRow.guild_id) == row.guild_id,
        col(AccessRuleRow.allow).is_(False),
        col(AccessRuleRow.subject_kind) == SubjectKind.MEMBER,
        col(AccessRuleRow.subject_id) == row.user_id,
        col(AccessRuleRow.target_kind) == TargetKind.COMMAND,
        col(AccessRuleRow.target_key) == row.command,
        col(AccessRuleRow.place_id).in_([0, *await _places(session, row.guild_id, row.channel_id)]),
        or_(col(AccessRuleRow.until).is_(None), col(AccessRuleRow.until) > utc_now()),
    )
    if await session.scalar(refusing.limit(1)) is not None:
        raise BadRequest(f"A rule says that this very member may not use /{row.command}: remove it first.")


async def _places(session: AsyncSession, guild_id: int, channel_id: int) -> list[int]:
    """Where it was asked: the thread, its channel, and that one's category, as far as they are known."""
    parents = select(Channel.parent_id).where(col(Channel.guild_id) == guild_id)
    parent = parents.where(col(Channel.id) == channel_id).scalar_subquery()
    further = await session.scalars(parents.where(col(Channel.id).in_([channel_id, parent])))
    return [channel_id, *(place for place in further if place is not None)]


async def _outlasting(session: AsyncSession, guild_id: int, rule: NewRule) -> int | None:
    """The guild's own rule that allows it for longer already, which is not to be shortened."""
    rule_id = await find_rule(session, guild_id, rule)
    if rule_id is None:
        return None
    known = await session.get_one(AccessRuleRow, rule_id, populate_existing=True)
    return rule_id if known.until is None or (rule.until is not None and known.until > rule.until) else None


def _answer(row: models.AccessRequest, answer: Answer, actor: Actor) -> None:
    row.answer, row.answered_at, row.answered_by = answer, utc_now(), actor.user_id


def _value(row: models.AccessRequest) -> Request:
    assert row.id is not None
    return Request(
        id=row.id,
        guild_id=row.guild_id,
        user_id=row.user_id,
        user_name=row.user_name,
        command=row.command,
        channel_id=row.channel_id,
        asked_at=row.asked_at,
        answer=None if row.answer is None else Answer(row.answer),
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        rule_id=row.rule_id,
    )
