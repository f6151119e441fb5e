"""View models of the audit log: entries as sentences, filters."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.guardrail.texts import format_command, format_target, get_feature_title
from herwa_shared.services.audit import ERASED, AuditLogEntry
from herwa_shared.services.audited_settings import SettingValue
from herwa_shared.services.channel_lists import parse_list_target
from herwa_shared.services.setting_changes import SettingType
from herwa_web.avatars import get_hue, get_initial
from herwa_web.page_names import PageNames
from herwa_web.pages.audit import texts
from herwa_web.pages.audit.filters import AuditView
from herwa_web.saving.view_models import format_setting_title, format_setting_value

SETTING_TYPES = {type_.value: type_ for type_ in SettingType}


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry. `day` is the heading above it, if it is the first of its day."""

    id: str
    number: str
    day: str
    time: str
    moment: str
    actor: str
    hue: int
    initial: str
    source: str
    sentence: str
    before: str
    after: str
    reason: str
    note: str
    can_undo: bool


@dataclass(frozen=True, slots=True)
class FilterOption:
    """A choice of a filter."""

    value: str
    label: str
    selected: bool
    href: str = ""


@dataclass(frozen=True, slots=True)
class AuditData:
    """The data of the audit log page."""

    view: AuditView
    base_url: str
    listed: tuple[AuditLogEntry, ...]
    has_older: bool
    actors: tuple[tuple[int, str], ...]
    undoable: Collection[int]
    names: PageNames
    now: datetime


def build_rows(data: AuditData) -> list[EntryRow]:
    """Build the rows of the entries, newest first."""
    undone = {entry.undoes for entry in data.listed}
    rows, previous_day = [], None
    for entry in data.listed:
        moment = entry.at.astimezone(data.names.zone)
        day = moment.date()
        today = data.now.astimezone(data.names.zone).date()
        row = _build_row(entry, moment, data, is_undone=entry.id in undone)
        rows.append((row, "" if day == previous_day else texts.format_day_title(day, today)))
        previous_day = day
    return [_replace_day(row, title) for row, title in rows]


def build_kind_options(view: AuditView, path: str) -> list[FilterOption]:
    """Build the links that filter by the kind of change."""
    kinds = {"": texts.ALL_KINDS, **texts.KINDS}
    return [
        FilterOption(kind, label, kind == view.kind, _change_view(view, kind=kind).build_url(path))
        for kind, label in kinds.items()
    ]


def build_actor_options(view: AuditView, actors: Iterable[tuple[int, str]]) -> list[FilterOption]:
    """Build the options of the filter by user."""
    options = {"": texts.EVERYONE, **{str(user_id): name for user_id, name in actors}}
    return [FilterOption(value, label, value == view.actor_id) for value, label in options.items()]


def list_member_ids(entries: Iterable[AuditLogEntry]) -> set[int]:
    """List the members whose names the entries need."""
    values = [value for entry in entries for value in (entry.before, entry.after) if value]
    ids = {str(value["subject_id"]) for value in values if value.get("subject_kind") == "member"}
    ids |= {str(value["member"]) for value in values if "member" in value}
    return {int(member_id) for member_id in ids if member_id.isdigit()}


def describe_entry(entry: AuditLogEntry, names: PageNames) -> str:
    """Describe a change in words that follow the name of its author."""
    type_ = SETTING_TYPES.get(entry.action.partition(".")[0])
    value = entry.after or entry.before or {}
    if type_ in (SettingType.FEATURE, SettingType.MODULE):
        return texts.format_toggle(format_setting_title(type_, entry.target), enabled=bool(value.get("enabled")))
    verb = texts.ACTIONS.get(entry.action)
    if verb is None:
        return texts.format_other_action(entry.action, entry.target)
    return f"{verb} {_format_target(entry, value, names)}"


def _format_target(entry: AuditLogEntry, value: SettingValue, names: PageNames) -> str:
    match entry.action.partition(".")[0]:
        case "rule":
            text = format_target(TargetKind(value["target_kind"]), value["target_key"])
        case "list":
            parts = parse_list_target(entry.target)
            text = format_target(TargetKind(parts["target_kind"]), parts["target_key"])
        case "tickets":
            text = names.format_channel(int(entry.target))
        case "setting":
            text = _lower_first(format_setting_title(SettingType.GUILD, entry.target))
        case "api_key":
            text = texts.format_key(value["name"], value["hint"])
        case "rule_test" | "widget":
            text = str(value["name"])
        case kind if kind in texts.FIXED_TARGETS:
            text = texts.FIXED_TARGETS[kind]
        case "export":
            text = texts.format_export(entry.target)
        case "request":
            text = f"{format_command(value['command'])} ({_format_member(value['member'], names)})"
        case _:
            text = get_feature_title(entry.target)
    return text


def _lower_first(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"


def _format_member(member_id: str, names: PageNames) -> str:
    return texts.ERASED_MEMBER if member_id == ERASED else names.format_member(int(member_id))


def _build_row(entry: AuditLogEntry, moment: datetime, data: AuditData, *, is_undone: bool) -> EntryRow:
    type_ = SETTING_TYPES.get(entry.action.partition(".")[0])
    note = texts.UNDONE if is_undone else texts.UNDID if entry.undoes is not None else ""
    return EntryRow(
        str(entry.id),
        f"#{entry.number}",
        "",
        f"{moment:%H:%M}",
        _format_moment(entry.at, data.names.zone),
        entry.actor.name,
        get_hue(entry.actor.user_id or 0),
        get_initial(entry.actor.name),
        texts.SOURCES.get(entry.actor.via, str(entry.actor.via)),
        describe_entry(entry, data.names),
        _format_value(type_, entry.target, entry.before, data.names),
        _format_value(type_, entry.target, entry.after, data.names),
        entry.reason,
        note,
        entry.id in data.undoable,
    )


def _format_moment(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def _format_value(type_: SettingType | None, target: str, value: SettingValue | None, names: PageNames) -> str:
    if type_ is not None:
        return format_setting_value(type_, target, value, names)
    return format_values(value) if value else texts.NOTHING


def format_values(value: SettingValue) -> str:
    """Format the values of an entry whose type has no texts of its own. Empty ones are left out."""
    parts = {key.replace("_", " "): _format_part(part) for key, part in value.items()}
    return ", ".join(f"{key}: {part}" for key, part in parts.items() if part)


def _format_part(part: object) -> str:
    match part:
        case None:
            return ""
        case bool():
            return texts.YES if part else texts.NO
        case list():
            return " ".join(str(item) for item in part)
    return str(part)


def _replace_day(row: EntryRow, title: str) -> EntryRow:
    return replace(row, day=title)


def _change_view(view: AuditView, *, kind: str) -> AuditView:
    return replace(view, kind=kind, before="")
