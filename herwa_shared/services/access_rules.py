"""Who may or may not use what, where and until when: rules are added, renewed, removed and listed."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared import models
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.permissions import PERMISSIONS
from herwa_shared.guardrail.policy import AccessRule, PlaceKind, SubjectKind
from herwa_shared.services.audit import Actor
from herwa_shared.services.choices import change, hold_guild
from herwa_shared.services.rule_rows import RULE, NewRule, as_new, find_rule, state_of
from herwa_shared.services.targets import LARGEST_ID, require_places, require_target

__all__ = ["NewRule", "SavedRule", "add_rule", "list_rules", "remove_rule", "save_rule"]

LONGEST_NOTE = 200
ALL_PERMISSIONS = sum(PERMISSIONS.values())


@dataclass(frozen=True, slots=True)
class SavedRule:
    """What became of a new rule. `entry_id` is None when the guild had it just so already."""

    id: int
    entry_id: int | None
    is_new: bool


async def save_rule(
    session: AsyncSession, *, guild_id: int, rule: NewRule, actor: Actor, reason: str = ""
) -> SavedRule:
    """Add it; a rule that says the same already gets this one's `until` and note.

    Raises NotFound for a target that there is not, BadRequest for what makes no sense and beyond 200 rules.
    """
    rule = await _checked(session, guild_id, rule)
    await hold_guild(session, guild_id)
    found = await find_rule(session, guild_id, rule)
    rule_id = found or await session.scalar(func.nextval(func.pg_get_serial_sequence("access_rule", "id")))
    entry_id = await change(
        session, RULE, guild_id=guild_id, target=str(rule_id), state=state_of(rule), actor=actor, reason=reason
    )
    return SavedRule(id=rule_id, entry_id=entry_id, is_new=found is None)


async def add_rule(session: AsyncSession, *, guild_id: int, rule: NewRule, actor: Actor) -> int:
    """The rule's id; see `save_rule`."""
    return (await save_rule(session, guild_id=guild_id, rule=rule, actor=actor)).id


async def remove_rule(session: AsyncSession, *, guild_id: int, rule_id: int, actor: Actor) -> int:
    """The audit entry's id. Raises NotFound for a rule that this guild does not have."""
    await hold_guild(session, guild_id)
    entry_id = await change(session, RULE, guild_id=guild_id, target=str(rule_id), state=None, actor=actor)
    if entry_id is None:
        raise NotFound(f"This server has no rule {rule_id}; it may have been removed already.")
    return entry_id


async def list_rules(session: AsyncSession, *, guild_id: int, now: datetime) -> tuple[AccessRule, ...]:
    """Every rule of the guild, the oldest first; those whose time is over by `now` come last."""
    rows = await session.scalars(
        select(models.AccessRule).where(col(models.AccessRule.guild_id) == guild_id).order_by(col(models.AccessRule.id))
    )
    return tuple(_value(row) for row in sorted(rows, key=lambda row: row.until is not None and row.until <= now))


async def _checked(session: AsyncSession, guild_id: int, rule: NewRule) -> NewRule:
    """The rule as it is kept: Discord's role @everyone, whose id is the guild's, is everyone."""
    if rule.subject_kind == SubjectKind.ROLE and rule.subject_id == guild_id:
        rule = replace(rule, subject_kind=SubjectKind.EVERYONE, subject_id=0)
    rule = replace(rule, note=rule.note.replace("\0", "").strip())  # PostgreSQL keeps no NUL
    if len(rule.note) > LONGEST_NOTE:
        raise BadRequest(f"A note has at most {LONGEST_NOTE} characters; this one has {len(rule.note)}.")
    if rule.until is not None and rule.until <= utc_now():
        raise BadRequest("This moment is over: choose an end that is still to come, or none.")
    _check_subject(rule)
    if (rule.place_kind == PlaceKind.EVERYWHERE) != (rule.place_id == 0):
        raise BadRequest("A rule is for one channel or category, or for everywhere: everywhere has no id.")
    if rule.place_id:
        await require_places(session, guild_id, [rule.place_id])
    await require_target(session, rule.target_kind, rule.target_key)
    return rule


def _check_subject(rule: NewRule) -> None:
    if rule.subject_kind == SubjectKind.EVERYONE:
        if rule.subject_id:
            raise BadRequest("Everyone has no id: leave it 0.")
    elif rule.subject_kind == SubjectKind.PERMISSION:
        if rule.subject_id <= 0 or rule.subject_id & ~ALL_PERMISSIONS:
            raise BadRequest("This is no permission of Discord's: pick one from the list.")
    elif not 0 < rule.subject_id <= LARGEST_ID:
        raise BadRequest(f"A {rule.subject_kind}'s id is a positive number: pick one from the list.")


def _value(row: models.AccessRule) -> AccessRule:
    assert row.id is not None
    until = None if row.until is None else row.until.timestamp()
    return AccessRule(**{**asdict(as_new(row)), "id": row.id, "until": until})
