"""Targets of rules, channel lists and toggles, and their autocomplete. Pure.

A target is everything, a module, a feature or a command.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from discord import app_commands

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
from herwa_shared.errors import NotFound
from herwa_shared.guardrail.permissions import PERMISSIONS, format_permissions
from herwa_shared.guardrail.policy import TargetKind

MAX_CHOICES = 25  # Discord's limit for the number of autocomplete choices
MAX_CHOICE_LENGTH = 100  # Discord's limit for the name of a choice
BROAD_TARGET_KINDS = (TargetKind.EVERYTHING, TargetKind.MODULE)

CommandSurfaces = tuple[Surface, ...]

RULE_LIST_COMMAND = "permissions list"
RULE_CONTROL_WARNING = "⚠️ Whoever may change rules can give themselves and others everything else that rules decide."

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
            return "Everything"
        return f"/{self.key}" if self.kind is TargetKind.COMMAND else self.key

    @property
    def title(self) -> str:
        """The label of its autocomplete choice: the name and the kind of target."""
        kinds = (TargetKind.MODULE, TargetKind.FEATURE)
        return f"{self.name} ({self.kind})" if self.kind in kinds else self.name

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


def format_commands(commands: Iterable[Surface], *, max_names: int = 8) -> str:
    """Format commands as `/voice-stats`, `/features list|enable`: subcommands are combined."""
    groups: dict[str, list[str]] = {}
    for command in commands:
        first, _, last = command.key.rpartition(" ")
        groups.setdefault(first or last, []).append(last if first else "")
    names = [f"`/{group} {'|'.join(suffixes)}".rstrip() + "`" for group, suffixes in groups.items()]
    more = f" and {len(names) - max_names} more" if len(names) > max_names else ""
    return ", ".join(names[:max_names]) + more


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
    hint = _format_hint(targets_by_alias[alias].title for alias in similar_aliases)
    raise NotFound(f"There is nothing here that is called “{query.strip()[:60]}”.{hint}")


def find_permission(query: str) -> int:
    """Find the bits of a Discord permission by name. Raises NotFound that suggests similar ones."""
    search_text = " ".join(query.casefold().replace("_", " ").split())
    bits_by_name = {format_permissions(bits).casefold(): bits for bits in PERMISSIONS.values()}
    bits_by_name |= {name.replace("_", " "): bits for name, bits in PERMISSIONS.items()}
    if (bits := bits_by_name.get(search_text)) is not None:
        return bits
    similar_names = get_close_matches(search_text, bits_by_name, n=3, cutoff=0.5)
    hint = _format_hint(format_permissions(bits_by_name[name]) for name in similar_names)
    raise NotFound(f"Discord has no permission that is called “{query.strip()[:60]}”.{hint}")


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


def _format_hint(suggestions: Iterable[str]) -> str:
    """Format up to three different suggestions, or where to find all choices if there are none."""
    titles = list(dict.fromkeys(suggestions))[:3]
    return (
        f" Did you mean {_join_with_or(titles)}?" if titles else " Choose one from the list that opens while you type."
    )


def _join_with_or(titles: list[str]) -> str:
    *first, last = titles
    return f"{', '.join(first)} or {last}" if first else last
