"""Targets of rules, channel lists and toggles, and their autocomplete. Pure.

A target is everything, a module, a feature or a command.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from discord import app_commands

from herwa_bot.texts.errors import format_no_match
from herwa_bot.texts.phrases import format_capitalized, format_commands, format_option_label
from herwa_bot.ui.escaping import escape
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
from herwa_shared.discord.constants import MAX_CHOICE_LENGTH, MAX_CHOICES, PERMISSIONS
from herwa_shared.errors import NotFound
from herwa_shared.guardrail.permissions import format_permissions
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.guardrail.texts import format_target

MAX_QUERY_LENGTH = 60
MAX_SUGGESTIONS = 3
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
            return format_capitalized(format_target(self.kind, self.key))
        return f"/{self.key}" if self.kind is TargetKind.COMMAND else self.key

    @property
    def title(self) -> str:
        """The label of its autocomplete choice: the name and the kind of target."""
        kinds = (TargetKind.MODULE, TargetKind.FEATURE)
        return format_option_label(self.name, self.kind) if self.kind in kinds else self.name

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


def format_surfaces(commands: Iterable[Surface]) -> str:
    """Format commands as `/voice-stats`, `/features list|enable`; empty without any."""
    return format_commands(command.key for command in commands)


def find_target(query: str, candidates: Iterable[Target]) -> Target:
    """Find a target by choice value, key, title or command.

    Raises NotFound that suggests similar targets.
    """
    targets_by_alias: dict[str, Target] = {}
    for target in candidates:
        for alias in _list_aliases(target):
            targets_by_alias.setdefault(alias, target)
    search_text = " ".join(query.casefold().split())
    if (match := targets_by_alias.get(search_text)) is not None:
        return match
    similar_aliases = get_close_matches(search_text, targets_by_alias, n=6, cutoff=0.5)  # several may be of one target
    raise _build_no_match(query, (targets_by_alias[alias].title for alias in similar_aliases))


def find_permission(query: str) -> int:
    """Find the bits of a Discord permission by name. Raises NotFound that suggests similar ones."""
    search_text = " ".join(query.casefold().replace("_", " ").split())
    bits_by_name = {format_permissions(bits).casefold(): bits for bits in PERMISSIONS.values()}
    bits_by_name |= {name.replace("_", " "): bits for name, bits in PERMISSIONS.items()}
    if (bits := bits_by_name.get(search_text)) is not None:
        return bits
    similar_names = get_close_matches(search_text, bits_by_name, n=3, cutoff=0.5)
    raise _build_no_match(query, (format_permissions(bits_by_name[name]) for name in similar_names))


def list_permission_choices(query: str) -> list[app_commands.Choice[str]]:
    """List autocomplete choices of Discord permissions."""
    return filter_choices(query, {name: format_permissions(bits) for name, bits in PERMISSIONS.items()})


def list_target_choices(query: str, candidates: Iterable[Target]) -> list[app_commands.Choice[str]]:
    """List autocomplete choices of targets; a leading slash in the query is ignored."""
    return filter_choices(query.removeprefix("/"), {target.value: target.title for target in candidates})


def filter_choices(query: str, titles: Mapping[str, str]) -> list[app_commands.Choice[str]]:
    """Filter choices (value → title) by every word of the query.

    Titles that begin with the query are listed first. Returns at most MAX_CHOICES.
    """
    search_text = " ".join(query.casefold().split())
    matches = [
        (value, title)
        for value, title in titles.items()
        if all(term in f"{title} {value}".casefold() for term in search_text.split())
    ]
    matches.sort(key=lambda match: not match[1].casefold().removeprefix("/").startswith(search_text))
    return [app_commands.Choice(name=truncate(title), value=value) for value, title in matches[:MAX_CHOICES]]


def truncate(text: str, max_length: int = MAX_CHOICE_LENGTH) -> str:
    """Truncate text to `max_length` characters, the last of which is then an ellipsis."""
    return text if len(text) <= max_length else f"{text[: max_length - 1].rstrip()}…"


def _list_command_keys(surfaces: Iterable[Surface]) -> Iterator[str]:
    for surface in surfaces:
        if surface.kind not in _COMMAND_KINDS or FEATURES[surface.feature].essential is Essential.ALWAYS:
            continue
        yield surface.key
        if surface.kind is SurfaceKind.COMMAND:
            parts = surface.key.split()
            yield from (" ".join(parts[:count]) for count in range(1, len(parts)))


def _list_aliases(target: Target) -> Iterator[str]:
    """List the texts that find a target.

    If two targets share an alias, `find_target` finds the wider one; a command can still be found with its slash.
    """
    yield from (target.value.casefold(), target.title.casefold(), target.name.casefold())
    if target.key:
        yield target.key.casefold()


def _build_no_match(query: str, suggestions: Iterable[str]) -> NotFound:
    """Build the error for a name that matches nothing, with up to three different suggestions."""
    titles = list(dict.fromkeys(suggestions))[:MAX_SUGGESTIONS]
    return NotFound(format_no_match(escape(query.strip()[:MAX_QUERY_LENGTH]), titles))
