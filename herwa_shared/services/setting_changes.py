"""Save several changes of a guild's settings at once, unless a setting has changed since the user saw it.

Pages collect changes before they save them. Each change contains the value that the user saw: if the setting has
another value by then, nothing is saved and the user decides.
"""

from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.clock import utc_now
from herwa_shared.errors import HerwaError
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.services import audit, texts
from herwa_shared.services.access_rules import (
    RULE_SETTING,
    find_rule_in_scope,
    parse_rule,
    remove_rule,
    replace_rule,
)
from herwa_shared.services.audit import Actor, AuditLogEntry
from herwa_shared.services.audited_settings import SettingKind, SettingValue, lock_guild
from herwa_shared.services.channel_lists import CHANNEL_LIST_SETTING, clear_list, parse_list_target, set_list
from herwa_shared.services.features import FEATURE_SETTING, MODULE_SETTING, set_feature, set_module
from herwa_shared.services.guild_settings import GUILD_SETTING, set_guild_setting
from herwa_shared.services.rule_tests import RolePermissions, require_passing_tests
from herwa_shared.services.support_channels import SUPPORT_CHANNEL_SETTING, mark_channel, unmark_channel
from herwa_shared.services.widgets import WIDGET_SETTING, change_widget


class SettingType(StrEnum):
    """The types of settings that pages change, by the first part of their actions in the audit log."""

    FEATURE = "feature"
    MODULE = "module"
    RULE = "rule"
    CHANNEL_LIST = "list"
    SUPPORT_CHANNEL = "tickets"
    GUILD = "setting"
    WIDGET = "widget"


_KINDS: dict[SettingType, SettingKind] = {
    SettingType.FEATURE: FEATURE_SETTING,
    SettingType.MODULE: MODULE_SETTING,
    SettingType.RULE: RULE_SETTING,
    SettingType.CHANNEL_LIST: CHANNEL_LIST_SETTING,
    SettingType.SUPPORT_CHANNEL: SUPPORT_CHANNEL_SETTING,
    SettingType.GUILD: GUILD_SETTING,
    SettingType.WIDGET: WIDGET_SETTING,
}
_TOGGLES = (SettingType.FEATURE, SettingType.MODULE)


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A change of one setting.

    `target` identifies the setting as in the audit log; it is empty for a new rule. `before` is the value that the
    user saw. None as a value means that the setting does not exist.
    """

    type: SettingType
    target: str
    before: SettingValue | None
    after: SettingValue | None


@dataclass(frozen=True, slots=True)
class SettingConflict:
    """A change whose setting no longer has the value that the user saw.

    `current` is its value now, `entry` the audit entry of the change by which it got it, as far as known.
    """

    change: SettingChange
    target: str
    current: SettingValue | None
    entry: AuditLogEntry | None


class SettingsChanged(HerwaError):
    """Settings were changed after the user had read them. Nothing was saved."""

    code = "settings_changed"
    status = 409
    message = texts.SETTINGS_CHANGED

    def __init__(self, conflicts: Sequence[SettingConflict]) -> None:
        super().__init__()
        self.conflicts = tuple(conflicts)


async def save_changes(
    session: AsyncSession,
    *,
    guild_id: int,
    changes: Sequence[SettingChange],
    actor: Actor,
    role_permissions: RolePermissions | None = None,
) -> tuple[int, ...]:
    """Save all changes, or none; return the ids of the audit entries, oldest first.

    `role_permissions` are needed for changes of rules in a guild that has tests of its rules.
    Raises SettingsChanged with every setting that has changed since the user saw it, what `require_passing_tests`
    raises for changes of rules, and what the services of the settings raise for an invalid value.
    """
    await lock_guild(session, guild_id)
    conflicts = [
        conflict
        for change in changes
        if (conflict := await _find_conflict(session, guild_id=guild_id, change=change)) is not None
    ]
    if conflicts:
        raise SettingsChanged(conflicts)
    entry_ids: list[int] = []
    async with AsyncExitStack() as stack:
        if any(change.type is SettingType.RULE for change in changes):
            tests = require_passing_tests(session, guild_id=guild_id, permissions=role_permissions, now=utc_now())
            await stack.enter_async_context(tests)
        for change in changes:
            entry_ids += await _apply(session, guild_id=guild_id, change=change, actor=actor)
    return tuple(entry_ids)


def has_same_effect(type_: SettingType, value: SettingValue | None, other: SettingValue | None) -> bool:
    """Whether two values have the same effect: for a toggle it does not matter whether it is the default."""
    if type_ in _TOGGLES and value is not None and other is not None:
        return bool(value["enabled"] == other["enabled"])
    return value == other


async def _find_conflict(session: AsyncSession, *, guild_id: int, change: SettingChange) -> SettingConflict | None:
    """Find the conflict of a change; None if its setting is as the user saw it, or already as they want it."""
    target = change.target
    if change.type is SettingType.RULE and not target and change.after is not None:
        target = str(await find_rule_in_scope(session, guild_id, parse_rule(change.after)) or "")
    current = await _KINDS[change.type].read(session, guild_id, target) if target else None
    if has_same_effect(change.type, current, change.before) or has_same_effect(change.type, current, change.after):
        return None
    entry = await audit.find_last_entry(session, guild_id=guild_id, target=target) if target else None
    return SettingConflict(change, target, current, entry)


async def _apply(session: AsyncSession, *, guild_id: int, change: SettingChange, actor: Actor) -> list[int]:
    if change.type is SettingType.RULE:
        return await _apply_rule(session, guild_id=guild_id, change=change, actor=actor)
    apply_single = _APPLY_FUNCTIONS[change.type]
    entry_id = await apply_single(session, guild_id=guild_id, change=change, actor=actor)
    return [] if entry_id is None else [entry_id]


async def _apply_toggle(session: AsyncSession, *, guild_id: int, change: SettingChange, actor: Actor) -> int | None:
    assert change.after is not None
    enabled = bool(change.after["enabled"])
    if change.type is SettingType.FEATURE:
        return await set_feature(session, guild_id=guild_id, feature=change.target, enabled=enabled, actor=actor)
    return await set_module(session, guild_id=guild_id, module=change.target, enabled=enabled, actor=actor)


async def _apply_mark(session: AsyncSession, *, guild_id: int, change: SettingChange, actor: Actor) -> int | None:
    set_mark = unmark_channel if change.after is None else mark_channel
    return await set_mark(session, guild_id=guild_id, channel_id=int(change.target), actor=actor)


async def _apply_setting(session: AsyncSession, *, guild_id: int, change: SettingChange, actor: Actor) -> int | None:
    assert change.after is not None
    return await set_guild_setting(session, guild_id=guild_id, setting=change.target, value=change.after, actor=actor)


async def _apply_widget(session: AsyncSession, *, guild_id: int, change: SettingChange, actor: Actor) -> int | None:
    assert change.after is not None
    return await change_widget(
        session, guild_id=guild_id, widget_id=int(change.target), value=change.after, actor=actor
    )


async def _apply_list(session: AsyncSession, *, guild_id: int, change: SettingChange, actor: Actor) -> int | None:
    parts = parse_list_target(change.target)
    kind, key = TargetKind(parts["target_kind"]), parts["target_key"]
    if change.after is None:
        return await clear_list(session, guild_id=guild_id, target_kind=kind, target_key=key, actor=actor)
    return await set_list(
        session,
        guild_id=guild_id,
        target_kind=kind,
        target_key=key,
        place_ids=[int(place_id) for place_id in change.after["places"]],
        actor=actor,
    )


class _ApplyFunction(Protocol):
    """Applies a change; returns the id of the audit entry, None if nothing changed."""

    def __call__(
        self, session: AsyncSession, *, guild_id: int, change: SettingChange, actor: Actor
    ) -> Awaitable[int | None]: ...


_APPLY_FUNCTIONS: Mapping[SettingType, _ApplyFunction] = MappingProxyType(
    {
        SettingType.FEATURE: _apply_toggle,
        SettingType.MODULE: _apply_toggle,
        SettingType.CHANNEL_LIST: _apply_list,
        SettingType.SUPPORT_CHANNEL: _apply_mark,
        SettingType.GUILD: _apply_setting,
        SettingType.WIDGET: _apply_widget,
    }
)


async def _apply_rule(session: AsyncSession, *, guild_id: int, change: SettingChange, actor: Actor) -> list[int]:
    """Remove the rule, or save it. A rule that gets another scope is removed and saved as a new one."""
    entry_ids: list[int] = []
    is_gone = change.target and await RULE_SETTING.read(session, guild_id, change.target) is None
    if change.after is None:
        return (
            [] if is_gone else [await remove_rule(session, guild_id=guild_id, rule_id=int(change.target), actor=actor)]
        )
    rule = parse_rule(change.after)
    if change.target and not is_gone and await find_rule_in_scope(session, guild_id, rule) != int(change.target):
        entry_ids.append(await remove_rule(session, guild_id=guild_id, rule_id=int(change.target), actor=actor))
    replacement = await replace_rule(session, guild_id=guild_id, rule=rule, actor=actor)
    return [*entry_ids, *replacement.entry_ids]
