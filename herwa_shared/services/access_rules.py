"""Access rules: who may or may not use what, where and until when; save, remove and list.

A rule has four forms: `NewRule` (input), `AccessRuleRow` (database), `SettingValue` (audit log) and the guardrail's
`AccessRule`.
"""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MAX_SNOWFLAKE, PERMISSIONS
from herwa_shared.errors import BadRequest, NotFound
from herwa_shared.guardrail.impact import NEW_RULE_ID, has_same_scope
from herwa_shared.guardrail.policy import AccessRule, PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.texts import format_target
from herwa_shared.models import AccessRuleRow
from herwa_shared.services import texts
from herwa_shared.services.audit import Actor, PersonalValue
from herwa_shared.services.audited_settings import SettingKind, SettingValue, apply_change, lock_guild
from herwa_shared.services.rule_targets import require_places, require_target

MAX_RULES = 200
MAX_NOTE_LENGTH = 200
ALL_PERMISSIONS = sum(PERMISSIONS.values())
"""Bit mask of all permissions that a rule may be about."""


@dataclass(frozen=True, slots=True)
class NewRule:
    """A rule to save.

    The fields are those of `AccessRule`, except that `until` is a timezone-aware datetime.
    """

    allow: bool
    subject_kind: SubjectKind
    subject_id: int
    target_kind: TargetKind
    target_key: str
    place_kind: PlaceKind = PlaceKind.EVERYWHERE
    place_id: int = 0
    until: datetime | None = None
    note: str = ""


def build_counterpart(rule: NewRule) -> NewRule:
    """Build the rule that denies everyone what `rule` allows: both together allow it to its subject alone."""
    return replace(rule, allow=False, subject_kind=SubjectKind.EVERYONE, subject_id=0)


@dataclass(frozen=True, slots=True)
class RuleSaveResult:
    """The result of saving a rule.

    `entry_id` is the id of the audit entry, None if nothing changed.
    """

    id: int
    entry_id: int | None
    is_new: bool


async def save_rule(
    session: AsyncSession, *, guild_id: int, rule: NewRule, actor: Actor, reason: str = ""
) -> RuleSaveResult:
    """Upsert a rule.

    An existing rule that is equal except for `until` and `note` gets their new values. Raises NotFound for an unknown
    target or guild, and BadRequest for an invalid rule or if the guild already has MAX_RULES rules that have not ended.
    """
    rule = await normalize_rule(session, guild_id, rule)
    await lock_guild(session, guild_id)
    existing_id = await find_rule_id(session, guild_id, rule)
    rule_id = existing_id or await session.scalar(func.nextval(func.pg_get_serial_sequence("access_rule", "id")))
    entry_id = await apply_change(
        session,
        RULE_SETTING,
        guild_id=guild_id,
        target=str(rule_id),
        value=to_setting_value(rule),
        actor=actor,
        reason=reason,
    )
    return RuleSaveResult(id=rule_id, entry_id=entry_id, is_new=existing_id is None)


@dataclass(frozen=True, slots=True)
class RuleReplacement:
    """The result of `replace_rule`. `entry_ids` are the ids of all audit entries, oldest first."""

    saved: RuleSaveResult
    replaced: tuple[AccessRule, ...]
    entry_ids: tuple[int, ...]


async def replace_rule(session: AsyncSession, *, guild_id: int, rule: NewRule, actor: Actor) -> RuleReplacement:
    """Save a rule and remove the rule with the same scope and the opposite effect: both together make no sense.

    Raises what `save_rule` raises.
    """
    await lock_guild(session, guild_id)
    new_rule = to_access_rule(rule)
    replaced = tuple(
        existing
        for existing in await list_rules(session, guild_id=guild_id, now=utc_now())
        if has_same_scope(existing, new_rule) and existing.allow != rule.allow
    )
    entry_ids = [
        await remove_rule(session, guild_id=guild_id, rule_id=existing.id, actor=actor) for existing in replaced
    ]
    saved = await save_rule(session, guild_id=guild_id, rule=rule, actor=actor)
    entry_ids += [] if saved.entry_id is None else [saved.entry_id]
    return RuleReplacement(saved, replaced, tuple(entry_ids))


async def remove_rule(session: AsyncSession, *, guild_id: int, rule_id: int, actor: Actor) -> int:
    """Delete a rule and return the id of the audit entry. Raises NotFound for an unknown rule."""
    await lock_guild(session, guild_id)
    entry_id = await apply_change(
        session, RULE_SETTING, guild_id=guild_id, target=str(rule_id), value=None, actor=actor
    )
    if entry_id is None:
        raise NotFound(texts.format_rule_not_found(rule_id))
    return entry_id


async def list_rules(session: AsyncSession, *, guild_id: int, now: datetime) -> tuple[AccessRule, ...]:
    """List all rules of the guild, oldest first; rules that have ended by `now` are last."""
    rows = await session.scalars(
        select(AccessRuleRow).where(col(AccessRuleRow.guild_id) == guild_id).order_by(col(AccessRuleRow.id))
    )
    return tuple(_parse_row(row) for row in sorted(rows, key=lambda row: row.until is not None and row.until <= now))


async def load_rule_values(session: AsyncSession, *, guild_id: int) -> dict[int, SettingValue]:
    """Load all rules of the guild as the JSON that the audit log stores, by id, oldest first."""
    query = select(AccessRuleRow).where(col(AccessRuleRow.guild_id) == guild_id).order_by(col(AccessRuleRow.id))
    return {row.id: to_setting_value(to_new_rule(row)) for row in await session.scalars(query) if row.id is not None}


async def find_rule_id(session: AsyncSession, guild_id: int, rule: NewRule) -> int | None:
    """Find the id of the guild's rule that equals `rule` except for `until` and `note`."""
    values = {name: value for name, value in asdict(rule).items() if name not in ("until", "note")}
    return await session.scalar(select(AccessRuleRow.id).filter_by(guild_id=guild_id, **values))


async def find_rule_in_scope(session: AsyncSession, guild_id: int, rule: NewRule) -> int | None:
    """Find the id of the guild's rule with the same subject, target and place, whether it allows or denies."""
    new_rule = to_access_rule(rule)
    rules = await list_rules(session, guild_id=guild_id, now=utc_now())
    return next((existing.id for existing in rules if has_same_scope(existing, new_rule)), None)


def to_access_rule(rule: NewRule, *, id_: int = NEW_RULE_ID) -> AccessRule:
    """Convert to the guardrail's AccessRule. The field names of both classes must be equal."""
    until = None if rule.until is None else rule.until.timestamp()
    return AccessRule(**{**asdict(rule), "id": id_, "until": until})


def to_setting_value(rule: NewRule) -> dict[str, Any]:
    """Convert a rule to the JSON that the audit log stores; ids become text."""
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


def to_rule_value(rule: AccessRule) -> dict[str, Any]:
    """Convert the guardrail's rule to the JSON that the audit log stores."""
    values = {name: value for name, value in asdict(rule).items() if name != "id"}
    until = None if rule.until is None else datetime.fromtimestamp(rule.until, UTC)
    return to_setting_value(NewRule(**{**values, "until": until}))


def parse_rule(value: SettingValue) -> NewRule:
    """Convert the JSON that the audit log stores to a rule."""
    return NewRule(
        allow=value["allow"],
        subject_kind=SubjectKind(value["subject_kind"]),
        subject_id=int(value["subject_id"]),
        target_kind=TargetKind(value["target_kind"]),
        target_key=value["target_key"],
        place_kind=PlaceKind(value["place_kind"]),
        place_id=int(value["place_id"]),
        until=None if value["until"] is None else datetime.fromisoformat(value["until"]),
        note=value["note"],
    )


def to_new_rule(row: AccessRuleRow) -> NewRule:
    """Convert a row to a NewRule."""
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


async def normalize_rule(session: AsyncSession, guild_id: int, rule: NewRule) -> NewRule:
    """Validate a rule and return it in normalized form. Raises NotFound for an unknown target, BadRequest.

    Discord's role @everyone, whose id is the guild's id, becomes the subject kind `everyone`.
    """
    if rule.subject_kind == SubjectKind.ROLE and rule.subject_id == guild_id:
        rule = replace(rule, subject_kind=SubjectKind.EVERYONE, subject_id=0)
    rule = replace(rule, note=rule.note.replace("\0", "").strip())  # PostgreSQL cannot store NUL characters
    if len(rule.note) > MAX_NOTE_LENGTH:
        raise BadRequest(texts.format_note_too_long(len(rule.note), MAX_NOTE_LENGTH))
    if rule.until is not None and rule.until <= utc_now():
        raise BadRequest(texts.END_PASSED)
    _check_subject(rule)
    if (rule.place_kind == PlaceKind.EVERYWHERE) != (rule.place_id == 0):
        raise BadRequest(texts.EVERYWHERE_HAS_NO_ID)
    if rule.place_id:
        await require_places(session, guild_id, [rule.place_id])
    await require_target(session, rule.target_kind, rule.target_key)
    return rule


def _check_subject(rule: NewRule) -> None:
    if rule.subject_kind == SubjectKind.EVERYONE:
        if rule.subject_id:
            raise BadRequest(texts.EVERYONE_HAS_NO_ID)
    elif rule.subject_kind == SubjectKind.PERMISSION:
        if rule.subject_id <= 0 or rule.subject_id & ~ALL_PERMISSIONS:
            raise BadRequest(texts.UNKNOWN_PERMISSION)
    elif not 0 < rule.subject_id <= MAX_SNOWFLAKE:
        raise BadRequest(texts.format_invalid_subject(rule.subject_kind))


async def _ensure_capacity(session: AsyncSession, guild_id: int) -> None:
    """Delete ended rules if the guild has MAX_RULES rules; raise BadRequest if it still has.

    Until then ended rules are kept, so that people can see them.
    """
    in_guild = col(AccessRuleRow.guild_id) == guild_id
    count_query = select(func.count()).select_from(AccessRuleRow).where(in_guild)
    if (await session.scalar(count_query) or 0) < MAX_RULES:
        return
    await session.execute(delete(AccessRuleRow).where(in_guild, col(AccessRuleRow.until) <= utc_now()))
    if (await session.scalar(count_query) or 0) >= MAX_RULES:
        raise BadRequest(texts.format_too_many_rules(MAX_RULES))


def _parse_row(row: AccessRuleRow) -> AccessRule:
    assert row.id is not None
    return to_access_rule(to_new_rule(row), id_=row.id)


async def _read_rule(session: AsyncSession, guild_id: int, target: str) -> SettingValue | None:
    row = await session.get(AccessRuleRow, int(target), populate_existing=True)
    return None if row is None or row.guild_id != guild_id else to_setting_value(to_new_rule(row))


async def _write_rule(
    session: AsyncSession, guild_id: int, target: str, value: SettingValue | None, actor: Actor
) -> None:
    rule_id = int(target)
    if value is None:
        await session.execute(delete(AccessRuleRow).filter_by(guild_id=guild_id, id=rule_id))
        return
    rule = parse_rule(value)
    if (existing_id := await find_rule_id(session, guild_id, rule)) is None:
        await _ensure_capacity(session, guild_id)
    elif existing_id != rule_id:
        raise BadRequest(texts.DUPLICATE_RULE)
    values = asdict(rule)
    upsert = insert(AccessRuleRow).values(
        id=rule_id, guild_id=guild_id, created_by=actor.user_id, created_at=utc_now(), **values
    )
    await session.execute(upsert.on_conflict_do_update(index_elements=["id"], set_=values))


def _redact_rule(value: SettingValue) -> SettingValue:
    """Mark the member id of a rule as personal, so that it can be erased from the audit log."""
    if value["subject_kind"] != SubjectKind.MEMBER:
        return value
    return {**value, "subject_id": PersonalValue(value["subject_id"])}


def _get_action(before: SettingValue | None, after: SettingValue | None) -> str:
    return "rule.add" if before is None else "rule.remove" if after is None else "rule.update"


def _format_title(_target: str, value: SettingValue | None) -> str:
    target_title = format_target(TargetKind(value["target_kind"]), value["target_key"]) if value else "something"
    return texts.format_rule_title(target_title)


RULE_SETTING = SettingKind(
    read=_read_rule, write=_write_rule, get_action=_get_action, format_title=_format_title, redact=_redact_rule
)
