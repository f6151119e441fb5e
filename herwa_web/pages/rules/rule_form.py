"""The form of a rule: its options, and what a submitted form means."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from herwa_shared.discord.constants import PERMISSIONS
from herwa_shared.errors import BadRequest
from herwa_shared.guardrail.permissions import format_permissions
from herwa_shared.guardrail.policy import PlaceKind, SubjectKind, TargetKind
from herwa_shared.guardrail.texts import format_command
from herwa_shared.services.access_rules import NewRule, build_counterpart
from herwa_shared.services.audited_settings import SettingValue
from herwa_web.pages.rules import texts
from herwa_web.pages.rules.data import RulesData
from herwa_web.pages.target_options import Option, build_what_options, build_where_options

EVERYONE_VALUE = "everyone:0"
EVERYTHING_VALUE = "everything:"
EVERYWHERE_VALUE = "everywhere:0"
ONLY = "only"
"""The effect of two rules: the subject may, everyone else may not."""
UNTIL_FORMAT = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class FormView:
    """The values of the form. `rule_id` is empty for a new rule; `serial` changes when the form is filled in again.

    A label is that of a value that is no option any more, such as a deleted role or a member who was not active lately;
    else it is empty.
    """

    rule_id: str = ""
    who: str = EVERYONE_VALUE
    effect: str = "deny"
    what: str = EVERYTHING_VALUE
    where: str = EVERYWHERE_VALUE
    until: str = ""
    note: str = ""
    serial: str = ""
    who_label: str = ""
    what_label: str = ""
    where_label: str = ""


def build_who_options(data: RulesData) -> tuple[list[Option], list[Option], list[Option]]:
    """Build the options for roles, members and permissions."""
    roles = [
        Option(f"{SubjectKind.ROLE}:{role.id}", f"@{role.name}") for role in data.roles if role.id != data.guild.id
    ]
    names = list(data.recent.values())
    members = [
        Option(
            f"{SubjectKind.MEMBER}:{user_id}",
            name if names.count(name) == 1 else texts.format_member_option(name, user_id),
        )
        for user_id, name in data.recent.items()
    ]
    permissions = [
        Option(f"{SubjectKind.PERMISSION}:{bits}", format_permissions(bits))
        for bits in sorted(PERMISSIONS.values(), key=format_permissions)
    ]
    return roles, members, permissions


def build_trial_options(data: RulesData) -> list[Option]:
    """Build the options for the commands that can be tried."""
    return [Option(surface.key, format_command(surface.key)) for surface in data.command_surfaces.all]


def fill_form(value: SettingValue, rule_id: str, data: RulesData, serial: str) -> FormView:
    """Fill in the form with a rule."""
    until = ""
    if value["until"] is not None:
        until = f"{datetime.fromisoformat(value['until']).astimezone(data.names.zone):{UNTIL_FORMAT}}"
    who = f"{value['subject_kind']}:{value['subject_id']}"
    what = f"{value['target_kind']}:{value['target_key']}"
    where = f"{value['place_kind']}:{value['place_id']}"
    options = (
        *build_who_options(data),
        *build_what_options(data.command_surfaces),
        *build_where_options(data.places),
    )
    known = {EVERYONE_VALUE, EVERYTHING_VALUE, EVERYWHERE_VALUE}
    known |= {option.value for group in options for option in group}
    return FormView(
        rule_id,
        who,
        "allow" if value["allow"] else "deny",
        what,
        where,
        until,
        value["note"],
        serial,
        who_label="" if who in known else _label_subject(value, data),
        what_label="" if what in known else str(value["target_key"]),
        where_label="" if where in known else data.names.format_channel(int(value["place_id"])),
    )


def _label_subject(value: SettingValue, data: RulesData) -> str:
    subject_id = int(value["subject_id"])
    match value["subject_kind"]:
        case SubjectKind.MEMBER:
            return data.names.format_member(subject_id)
        case SubjectKind.ROLE:
            return data.names.format_role(subject_id)
        case _:
            return format_permissions(subject_id)


def parse_form(form: Mapping[str, Any], data: RulesData) -> tuple[NewRule, ...]:
    """Parse a submitted form: its rule, and for `only` also the one that denies everyone else.

    Raises BadRequest with a sentence that says what to change.
    """
    rule, effect = _parse_rule(form, data), form.get("effect")
    if effect != ONLY:
        return (rule,)
    if rule.subject_kind is SubjectKind.EVERYONE:
        raise BadRequest(texts.CHOOSE_WHO_ALONE)
    return rule, build_counterpart(rule)


def _parse_rule(form: Mapping[str, Any], data: RulesData) -> NewRule:
    subject_kind, subject_id = _split(form.get("who"), SubjectKind, texts.CHOOSE_WHO)
    target_kind, target_key = _split(form.get("what"), TargetKind, texts.CHOOSE_WHAT)
    place_kind, place_id = _split(form.get("where") or EVERYWHERE_VALUE, PlaceKind, texts.INVALID_PLACE)
    return NewRule(
        allow=form.get("effect") in ("allow", ONLY),
        subject_kind=SubjectKind(subject_kind),
        subject_id=_parse_id(subject_id, texts.CHOOSE_WHO),
        target_kind=TargetKind(target_kind),
        target_key=target_key,
        place_kind=PlaceKind(place_kind),
        place_id=_parse_id(place_id, texts.INVALID_PLACE),
        until=_parse_until(str(form.get("until") or ""), data),
        note=str(form.get("note") or "").replace("\0", "").strip()[:200],
    )


def _split(value: Any, kinds: type[SubjectKind] | type[TargetKind] | type[PlaceKind], message: str) -> tuple[str, str]:
    kind, _, key = str(value or "").partition(":")
    if kind not in list(kinds):
        raise BadRequest(message)
    return kind, key[:64]


def _parse_id(text: str, message: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        raise BadRequest(message)
    return int(text)


def _parse_until(text: str, data: RulesData) -> datetime | None:
    """Parse a local time of the server's time zone, later than now."""
    if not text:
        return None
    try:
        until = datetime.strptime(text[:16], UNTIL_FORMAT).replace(tzinfo=data.names.zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRequest(texts.INVALID_UNTIL) from None
    if until <= data.now:
        raise BadRequest(texts.PAST_UNTIL)
    return until
