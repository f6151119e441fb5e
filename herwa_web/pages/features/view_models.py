"""View models of the features page: modules with their features, toggles and reasons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from herwa_shared.catalog import MODULES, Essential, ModuleKey, Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.guardrail.impact import list_available_surfaces
from herwa_shared.guardrail.policy import GuildPolicy
from herwa_shared.guardrail.texts import format_command
from herwa_shared.services.features import FeatureStatus
from herwa_shared.services.setting_changes import SettingChange, SettingType
from herwa_web.pages.features import texts


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """A feature. `on` is its switch with the unsaved change; `note` says why it cannot be used, in the color `tone`."""

    key: str
    label: str
    sentence: str
    uses: list[str]
    on: bool
    locked: bool
    tier: str
    note: str
    tone: str
    detail: str
    usage: str


@dataclass(frozen=True, slots=True)
class ModuleCard:
    """A module and its features. A module whose features are all essential has no switch."""

    key: str
    label: str
    sentence: str
    on: bool
    has_switch: bool
    switch_label: str
    features: list[FeatureRow]


@dataclass(frozen=True, slots=True)
class FeaturesData:
    """The data of the features page. `at` is in Unix seconds.

    `command_counts` are the commands of the last 30 days, by name; None while ClickHouse does not answer.
    """

    statuses: tuple[FeatureStatus, ...]
    policy: GuildPolicy
    surfaces: SurfaceRegistry
    member_count: int
    at: float
    command_counts: Mapping[str, int] | None


Toggles = Mapping[tuple[SettingType, str], bool]
"""Unsaved toggles."""


def build_modules(data: FeaturesData, toggles: Toggles) -> list[ModuleCard]:
    """Build the cards of all modules with the unsaved toggles."""
    return [
        _build_module(key, list(statuses), data, toggles)
        for key, statuses in groupby(data.statuses, key=lambda status: status.module)
    ]


def describe_effects(data: FeaturesData, changes: Sequence[SettingChange]) -> list[str]:
    """Describe what stops and starts with the unsaved changes."""
    before = list_available_surfaces(data.policy, data.surfaces, at=data.at)
    after = list_available_surfaces(apply_toggles(data.policy, changes), data.surfaces, at=data.at)
    stops = list_uses(surface for surface in before if surface not in after)
    starts = list_uses(surface for surface in after if surface not in before)
    effects = [texts.format_stops(stops, data.member_count)] if stops else []
    effects += [texts.format_starts(starts, data.member_count)] if starts else []
    return effects or [texts.NO_EFFECT]


def apply_toggles(policy: GuildPolicy, changes: Sequence[SettingChange]) -> GuildPolicy:
    """Return the policy with the changed toggles."""
    features, modules = dict(policy.feature_toggles), dict(policy.module_toggles)
    for change in changes:
        toggles = features if change.type is SettingType.FEATURE else modules
        toggles[change.target] = bool(change.after and change.after["enabled"])
    return replace(policy, feature_toggles=features, module_toggles=modules)


def list_uses(surfaces: Iterable[Surface]) -> list[str]:
    """List how people use surfaces: commands by their names, pages and the API once each."""
    uses = []
    for surface in surfaces:
        if surface.kind in (SurfaceKind.COMMAND, SurfaceKind.MENU):
            uses.append(format_command(surface.key))
        else:
            uses.append(texts.PAGE if surface.kind is SurfaceKind.PAGE else texts.API)
    return list(dict.fromkeys(uses))


def _build_module(key: str, statuses: list[FeatureStatus], data: FeaturesData, toggles: Toggles) -> ModuleCard:
    first = statuses[0]
    is_on = toggles.get((SettingType.MODULE, key), first.module_enabled)
    return ModuleCard(
        key,
        first.module_title,
        MODULES[ModuleKey(key)].description if key in MODULES else "",
        is_on,
        any(status.essential is Essential.NO for status in statuses),
        texts.format_module_label(first.module_title),
        [_build_feature(status, data, toggles, module_on=is_on) for status in statuses],
    )


def _build_feature(status: FeatureStatus, data: FeaturesData, toggles: Toggles, *, module_on: bool) -> FeatureRow:
    note, tone, detail = _explain_status(status, module_on=module_on)
    return FeatureRow(
        status.key,
        status.title,
        status.sentence,
        list_uses(surface for surface in data.surfaces.all if surface.feature == status.key),
        status.essential is not Essential.NO
        or toggles.get((SettingType.FEATURE, status.key), status.own_toggle and status.in_tier),
        status.essential is not Essential.NO or not status.in_tier or status.kill_switch is not None,
        status.lowest_tier,
        note,
        tone,
        detail,
        _describe_usage(status.key, data),
    )


def _describe_usage(feature: str, data: FeaturesData) -> str:
    """Say how often the commands of a feature were used; empty for a feature without commands."""
    kinds = (SurfaceKind.COMMAND, SurfaceKind.MENU)
    commands = [surface.key for surface in data.surfaces.all if surface.feature == feature and surface.kind in kinds]
    if data.command_counts is None or not commands:
        return ""
    return texts.format_usage(sum(data.command_counts.get(command, 0) for command in commands))


def _explain_status(status: FeatureStatus, *, module_on: bool) -> tuple[str, str, str]:
    """Return why a feature is not available or cannot be turned off: a note, its color and a sentence."""
    if status.essential is not Essential.NO:
        return texts.ALWAYS_ON, "", ""
    if status.kill_switch is not None:
        return texts.KILLED, "red", texts.format_kill_switch(status.kill_switch)
    if not status.in_tier:
        return texts.format_needs_tier(status.lowest_tier), "amber", texts.SEE_PREMIUM
    return ("", "", "") if module_on else (texts.OFF_WITH_MODULE, "", "")
