"""Rules as they are kept: as a row, as what the audit log says of them, and back.

Who may or may not use what, where and until when: rules are added, renewed, removed and listed.
"""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared import models
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.permissions import PERMISSIONS
from herwa_shared.guardrail.policy import AccessRule, PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.texts import title_of
from herwa_shared.models import AccessRuleRow
from herwa_shared.services.audit import Actor, Personal
from herwa_shared.services.audited_settings import Choice, State, change, hold_guild
from herwa_shared.services.rule_targets import require_places, require_target

RULES_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class NewRule:
    """A rule as somebody wants it; the fields are those of `AccessRule`, `until` an aware moment."""

    allow: bool
    subject_kind: SubjectKind
    subject_id: int
    target_kind: TargetKind
    target_key: str
    place_kind: PlaceKind = PlaceKind.EVERYWHERE
    place_id: int = 0
    until: datetime | None = None
    note: str = ""


async def find_rule(session: AsyncSession, guild_id: int, rule: NewRule) -> int | None:
    """The id of the guild's rule that says the same, but for its end and note."""
    said = {name: value for name, value in asdict(rule).items() if name not in ("until", "note")}
    return await session.scalar(select(AccessRuleRow.id).filter_by(guild_id=guild_id, **said))


async def _make_room(session: AsyncSession, guild_id: int) -> None:
    """Rules whose time is over are kept to be seen, until there is no more room for new ones."""
    ours = col(AccessRuleRow.guild_id) == guild_id
    counted = select(func.count()).select_from(AccessRuleRow).where(ours)
    if (await session.scalar(counted) or 0) < RULES_AT_MOST:
        return
    await session.execute(delete(AccessRuleRow).where(ours, col(AccessRuleRow.until) <= utc_now()))
    if (await session.scalar(counted) or 0) >= RULES_AT_MOST:
        raise BadRequest(f"A server has at most {RULES_AT_MOST} rules: remove one that is no longer needed.")


async def _read(session: AsyncSession, guild_id: int, target: str) -> State | None:
    row = await session.get(AccessRuleRow, int(target), populate_existing=True)
    return None if row is None or row.guild_id != guild_id else state_of(as_new(row))


async def _write(session: AsyncSession, guild_id: int, target: str, state: State | None, actor: Actor) -> None:
    which = int(target)
    if state is None:
        await session.execute(delete(AccessRuleRow).filter_by(guild_id=guild_id, id=which))
        return
    rule = _rule(state)
    if (found := await find_rule(session, guild_id, rule)) is None:
        await _make_room(session, guild_id)
    elif found != which:
        raise BadRequest("A rule that says the same has been made since: there is nothing to put back.")
    said = asdict(rule)
    upsert = insert(AccessRuleRow).values(
        id=which, guild_id=guild_id, created_by=actor.user_id, created_at=utc_now(), **said
    )
    await session.execute(upsert.on_conflict_do_update(index_elements=["id"], set_=said))


def state_of(rule: NewRule) -> dict[str, Any]:
    """As the audit log keeps it: ids as text."""
    return {
        "allow": rule.allow,
        "subject_kind": str(rule.subject_kind),
        "subject_id": str(rule.subject_id),
        "target_kind": str(rule.target_kind),
        "target_key": rule.target_key,
        "place_kind": str(rule.place_kind),
        "place_id": str(rule.place_id),
        "until": None if rule.until is None else rule.until.astimezone(UTC).isoformat(),
        "note": rule.note,
    }


def _rule(state: State) -> NewRule:
    return NewRule(
        allow=state["allow"],
        subject_kind=SubjectKind(state["subject_kind"]),
        subject_id=int(state["subject_id"]),
        target_kind=TargetKind(state["target_kind"]),
        target_key=state["target_key"],
        place_kind=PlaceKind(state["place_kind"]),
        place_id=int(state["place_id"]),
        until=None if state["until"] is None else datetime.fromisoformat(state["until"]),
        note=state["note"],
    )


def _told(state: State) -> State:
    """Which member it is about is theirs to have erased."""
    if state["subject_kind"] != SubjectKind.MEMBER:
        return state
    return {**state, "subject_id": Personal(state["subject_id"])}


def as_new(row: AccessRuleRow) -> NewRule:
    return NewRule(
        allow=row.allow,
        subject_kind=SubjectKind(row.subject_kind),
        subject_id=row.subject_id,
        target_kind=TargetKind(row.target_kind),
        target_key=row.target_key,
        place_kind=PlaceKind(row.place_kind),
        place_id=row.place_id,
        until=row.until,
        note=row.note,
    )


def _action(before: State | None, after: State | None) -> str:
    return "rule.add" if before is None else "rule.remove" if after is None else "rule.update"


def _title(_target: str, state: State | None) -> str:
    about = title_of(TargetKind(state["target_kind"]), state["target_key"]) if state else "something"
    return f"the rule about {about}"


RULE = Choice(read=_read, write=_write, action=_action, title=_title, told=_told)


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
        select(models.AccessRuleRow)
        .where(col(models.AccessRuleRow.guild_id) == guild_id)
        .order_by(col(models.AccessRuleRow.id))
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
    elif not 0 < rule.subject_id <= MAX_SNOWFLAKE:
        raise BadRequest(f"A {rule.subject_kind}'s id is a positive number: pick one from the list.")


def _value(row: models.AccessRuleRow) -> AccessRule:
    assert row.id is not None
    until = None if row.until is None else row.until.timestamp()
    return AccessRule(**{**asdict(as_new(row)), "id": row.id, "until": until})
