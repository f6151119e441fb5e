"""Targets of rules, channel lists and toggles, and the commands that they cover.

A target is everything, a module, a feature or a command.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from herwa_shared.catalog import (
    FEATURES,
    MODULES,
    Essential,
    FeatureKey,
    FeatureSpec,
    ModuleKey,
    Surface,
    SurfaceKind,
    SurfaceRegistry,
)
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.guardrail.texts import format_target

BROAD_TARGET_KINDS = (TargetKind.EVERYTHING, TargetKind.MODULE)

CommandSurfaces = tuple[Surface, ...]

RULE_LIST_COMMAND = "permissions list"

_COMMAND_KINDS = (SurfaceKind.COMMAND, SurfaceKind.MENU)


@dataclass(frozen=True, slots=True)
class Target:
    """The target of an access rule, channel list or toggle; `key` is `AccessRule.target_key`."""

    kind: TargetKind
    key: str = ""

    @property
    def value(self) -> str:
        """The value of its autocomplete choice."""
        return f"{self.kind}:{self.key}" if self.key else str(self.kind)

    @property
    def name(self) -> str:
        """The display name; the key if the catalog no longer contains the target."""
        if self.kind is TargetKind.MODULE and self.key in MODULES:
            return MODULES[ModuleKey(self.key)].title
        if self.kind is TargetKind.FEATURE and self.key in FEATURES:
            return FEATURES[FeatureKey(self.key)].title
        if self.kind is TargetKind.EVERYTHING:
            return format_target(self.kind, self.key).capitalize()
        return f"/{self.key}" if self.kind is TargetKind.COMMAND else self.key

    def covers_surface(self, surface: Surface) -> bool:
        """Whether the target includes this command, page or API route."""
        if self.kind is TargetKind.COMMAND:
            return surface.kind in _COMMAND_KINDS and f"{surface.key} ".startswith(f"{self.key} ")
        return self.covers_feature(FEATURES[surface.feature])

    def covers_feature(self, feature: FeatureSpec) -> bool:
        """Whether the target includes this entire feature; a command target never does."""
        if self.kind is TargetKind.EVERYTHING:
            return True
        return self.key == {TargetKind.FEATURE: feature.key, TargetKind.MODULE: feature.module}.get(self.kind)


EVERYTHING = Target(TargetKind.EVERYTHING)


def list_module_targets() -> tuple[Target, ...]:
    """List the modules that can be switched off at least in part."""
    module_keys = {feature.module for feature in FEATURES.values() if feature.essential is not Essential.ALWAYS}
    return tuple(Target(TargetKind.MODULE, key) for key in MODULES if key in module_keys)


def list_feature_targets() -> tuple[Target, ...]:
    """List the features that are not always available."""
    return tuple(
        Target(TargetKind.FEATURE, key) for key, spec in FEATURES.items() if spec.essential is not Essential.ALWAYS
    )


def list_command_targets(surfaces: SurfaceRegistry) -> tuple[Target, ...]:
    """List every command, and every group of a command with several parts; groups come first."""
    keys = sorted(set(_list_command_keys(surfaces.all)), key=lambda key: (key.count(" "), key))
    return tuple(Target(TargetKind.COMMAND, key) for key in keys)


def list_targets(surfaces: SurfaceRegistry) -> tuple[Target, ...]:
    """List all targets of rules and channel lists, the widest first."""
    return (EVERYTHING, *list_module_targets(), *list_feature_targets(), *list_command_targets(surfaces))


def list_commands(
    target: Target, surfaces: SurfaceRegistry, *, excluded: Collection[Essential] = (Essential.ALWAYS,)
) -> CommandSurfaces:
    """List the commands that a target covers.

    Commands whose feature is of an `excluded` kind are omitted. By default those that are always allowed are excluded.
    """
    covered_surfaces = (
        surface for surface in surfaces.all if surface.kind in _COMMAND_KINDS and target.covers_surface(surface)
    )
    return tuple(surface for surface in covered_surfaces if FEATURES[surface.feature].essential not in excluded)


def list_non_command_titles(target: Target, surfaces: SurfaceRegistry) -> tuple[str, ...]:
    """List the titles of covered features without a command: pages and API routes."""
    command_features = {surface.feature for surface in surfaces.all}
    return tuple(
        spec.title for spec in FEATURES.values() if spec.key not in command_features and target.covers_feature(spec)
    )


def can_change_rules(commands: Iterable[Surface]) -> bool:
    """Whether one of these commands can change access rules.

    Members who can change rules can grant themselves and others every other permission.
    """
    return any(command.feature == FeatureKey.PERMISSIONS and command.key != RULE_LIST_COMMAND for command in commands)


def _list_command_keys(surfaces: Iterable[Surface]) -> Iterator[str]:
    for surface in surfaces:
        if surface.kind not in _COMMAND_KINDS or FEATURES[surface.feature].essential is Essential.ALWAYS:
            continue
        yield surface.key
        if surface.kind is SurfaceKind.COMMAND:
            parts = surface.key.split()
            yield from (" ".join(parts[:count]) for count in range(1, len(parts)))
