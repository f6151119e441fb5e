"""View models of the save bar: unsaved changes, and changes that conflict with those of someone else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from herwa_shared.charts.formatting import WEEKDAYS
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.guardrail.texts import NameFormatter, format_rule, format_target, get_feature_title, get_module_title
from herwa_shared.services.access_rules import parse_rule, to_access_rule
from herwa_shared.services.audit import ERASED
from herwa_shared.services.audited_settings import SettingValue
from herwa_shared.services.channel_lists import parse_list_target
from herwa_shared.services.guild_settings import GuildSetting
from herwa_shared.services.setting_changes import SettingChange, SettingConflict, SettingType
from herwa_web.pages.widgets.texts import format_widget_title
from herwa_web.saving import texts
from herwa_web.saving.widget_values import format_widget_difference, format_widget_value

ERASED_MEMBER_ID = "0"


@dataclass(frozen=True, slots=True)
class ChangeView:
    """An unsaved change: the name of the setting, its value before (empty if it is new) and after."""

    key: str
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ConflictView:
    """A setting that someone else has changed: its value before, theirs and the user's."""

    label: str
    before: str
    theirs: str
    author: str
    yours: str


def get_change_key(change: SettingChange) -> str:
    """Get the key of a change, by which handlers find it."""
    return f"{change.type}:{change.target}"


def build_change_view(key: str, change: SettingChange, names: NameFormatter) -> ChangeView:
    """Build the view of an unsaved change."""
    if change.type is SettingType.WIDGET:
        before, after = format_widget_difference(change.before or {}, change.after or {}, names)
        return ChangeView(key, format_widget_title(str((change.before or {}).get("name", ""))), before, after)
    return ChangeView(
        key,
        format_setting_title(change.type, change.target),
        format_setting_value(change.type, change.target, change.before, names) if change.target else "",
        format_setting_value(change.type, change.target, change.after, names),
    )


def build_conflict_view(conflict: SettingConflict, names: NameFormatter, zone: tzinfo) -> ConflictView:
    """Build the view of a conflict."""
    change, entry = conflict.change, conflict.entry
    author = texts.format_author(entry.actor.name, f"{entry.at.astimezone(zone):%H:%M}") if entry else ""
    return ConflictView(
        format_setting_title(change.type, conflict.target),
        format_setting_value(change.type, change.target, change.before, names),
        format_setting_value(change.type, change.target, conflict.current, names),
        author or texts.format_author("", ""),
        format_setting_value(change.type, change.target, change.after, names),
    )


def format_setting_title(type_: SettingType, target: str) -> str:
    """Name a setting."""
    if type_ is SettingType.FEATURE:
        return get_feature_title(target)
    if type_ is SettingType.MODULE:
        return texts.format_module(get_module_title(target))
    if type_ is SettingType.RULE:
        return texts.format_rule_title(target)
    if type_ is SettingType.GUILD:
        return texts.GUILD_SETTINGS[target]
    if type_ in (SettingType.SUPPORT_CHANNEL, SettingType.WIDGET):
        return texts.SUPPORT_CHANNEL if type_ is SettingType.SUPPORT_CHANNEL else format_widget_title(f"#{target}")
    parts = parse_list_target(target)
    return texts.format_list_title(format_target(TargetKind(parts["target_kind"]), parts["target_key"]))


def format_setting_value(type_: SettingType, target: str, value: SettingValue | None, names: NameFormatter) -> str:
    """Format the value of a setting."""
    if type_ is SettingType.RULE:
        return texts.NO_RULE if value is None else _format_rule(value, names)
    if type_ is SettingType.CHANNEL_LIST:
        places = () if value is None else value["places"]
        return ", ".join(names.format_channel(int(place_id)) for place_id in places) or texts.EVERYWHERE
    if type_ is SettingType.GUILD:
        return _format_guild_setting(target, str((value or {}).get("value", "")), names)
    if type_ is SettingType.SUPPORT_CHANNEL:
        return names.format_channel(int(target)) if value else texts.NO_SUPPORT_CHANNEL
    if type_ is SettingType.WIDGET:
        return format_widget_value(value, names)
    return texts.ON if value is not None and value["enabled"] else texts.OFF


def _format_guild_setting(target: str, value: str, names: NameFormatter) -> str:
    if target == GuildSetting.WEEK_START:
        return WEEKDAYS[int(value) - 1] if value.isdigit() else value
    if target == GuildSetting.MEMBER_AUDIENCE:
        return texts.AUDIENCES.get(value, value)
    if target == GuildSetting.REQUEST_CHANNEL:
        return names.format_channel(int(value)) if value else texts.NO_REQUEST_CHANNEL
    return value


def _format_rule(value: Mapping[str, object], names: NameFormatter) -> str:
    if value["subject_id"] == ERASED:
        value = {**value, "subject_id": ERASED_MEMBER_ID}
    sentence = format_rule(to_access_rule(parse_rule(value)), names)
    return f"{sentence[:1].upper()}{sentence[1:]}"
