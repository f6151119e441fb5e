"""What can be switched and ruled, as people choose it while typing: everything, modules, features, commands. Pure."""

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
    Surfaces,
)
from herwa_shared.errors import NotFound
from herwa_shared.guardrail.permissions import PERMISSIONS, permission_title
from herwa_shared.guardrail.policy import TargetKind

MOST = 25  # Discord's bounds of a list of choices
LONGEST = 100
HIT_BY_MANY = (TargetKind.EVERYTHING, TargetKind.MODULE)

Served = tuple[Surface, ...]

READS_RULES = "permissions list"
HANDS_OVER = "⚠️ Whoever may change rules can give themselves and others everything else that rules decide."

_SERVED = (SurfaceKind.COMMAND, SurfaceKind.MENU)


@dataclass(frozen=True, slots=True)
class Target:
    """What a rule, a list or a switch is about; `key` as in `AccessRule`."""

    kind: TargetKind
    key: str = ""

    @property
    def value(self) -> str:
        """How a choice carries it."""
        return f"{self.kind}:{self.key}" if self.key else str(self.kind)

    @property
    def name(self) -> str:
        """What people call it; of what Herwa no longer has, only the key is left."""
        if self.kind is TargetKind.MODULE and self.key in MODULES:
            return MODULES[ModuleKey(self.key)].title
        if self.kind is TargetKind.FEATURE and self.key in FEATURES:
            return FEATURES[FeatureKey(self.key)].title
        if self.kind is TargetKind.EVERYTHING:
            return "Everything"
        return f"/{self.key}" if self.kind is TargetKind.COMMAND else self.key

    @property
    def title(self) -> str:
        """The name and what it is the name of, for a choice."""
        kinds = (TargetKind.MODULE, TargetKind.FEATURE)
        return f"{self.name} ({self.kind})" if self.kind in kinds else self.name

    def covers(self, surface: Surface) -> bool:
        """Whether it is about this command, page or part of the API."""
        if self.kind is TargetKind.COMMAND:
            return surface.kind in _SERVED and f"{surface.key} ".startswith(f"{self.key} ")
        return self.includes(FEATURES[surface.feature])

    def includes(self, feature: FeatureSpec) -> bool:
        """Whether it is about this feature as a whole."""
        if self.kind is TargetKind.EVERYTHING:
            return True
        return self.key == {TargetKind.FEATURE: feature.key, TargetKind.MODULE: feature.module}.get(self.kind)


EVERYTHING = Target(TargetKind.EVERYTHING)


def modules() -> tuple[Target, ...]:
    """Those that can be taken away, wholly or in part."""
    taken = {feature.module for feature in FEATURES.values() if feature.essential is not Essential.ALWAYS}
    return tuple(Target(TargetKind.MODULE, key) for key in MODULES if key in taken)


def features() -> tuple[Target, ...]:
    """Those that do not answer always, whatever is set."""
    return tuple(
        Target(TargetKind.FEATURE, key) for key, spec in FEATURES.items() if spec.essential is not Essential.ALWAYS
    )


def commands(surfaces: Surfaces) -> tuple[Target, ...]:
    """Every command and every first part of one that has several; these come first."""
    keys = sorted(set(_command_keys(surfaces.all)), key=lambda key: (key.count(" "), key))
    return tuple(Target(TargetKind.COMMAND, key) for key in keys)


def targets(surfaces: Surfaces) -> tuple[Target, ...]:
    """All that a rule or a list can be about, the widest first."""
    return (EVERYTHING, *modules(), *features(), *commands(surfaces))


def served(target: Target, surfaces: Surfaces, *, but: Collection[Essential] = (Essential.ALWAYS,)) -> Served:
    """The commands that a target covers and that can be refused at all, or those `but` of some other kind."""
    covered = (one for one in surfaces.all if one.kind in _SERVED and target.covers(one))
    return tuple(one for one in covered if FEATURES[one.feature].essential not in but)


def outside_discord(target: Target, surfaces: Surfaces) -> tuple[str, ...]:
    """The titles of what a target covers and no command drives: pages, and answers of the API."""
    driven = {one.feature for one in surfaces.all}
    return tuple(spec.title for spec in FEATURES.values() if spec.key not in driven and target.includes(spec))


def hands_over(commands: Iterable[Surface]) -> bool:
    """Whether whoever may use these can change the rules, and by that give themselves everything else."""
    return any(one.feature == FeatureKey.PERMISSIONS and one.key != READS_RULES for one in commands)


def named(commands: Iterable[Surface], *, most: int = 8) -> str:
    """`/voice-stats`, `/features list|enable` and so on: what begins with the same words in one."""
    groups: dict[str, list[str]] = {}
    for one in commands:
        first, _, last = one.key.rpartition(" ")
        groups.setdefault(first or last, []).append(last if first else "")
    names = [f"`/{group} {'|'.join(lasts)}".rstrip() + "`" for group, lasts in groups.items()]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def find_target(typed: str, among: Iterable[Target]) -> Target:
    """A choice, or what somebody typed instead: a key, a title or a command. Raises NotFound, naming near ones."""
    known: dict[str, Target] = {}
    for target in among:
        for word in _words(target):
            known.setdefault(word, target)
    wanted = " ".join(typed.casefold().split())
    if (found := known.get(wanted)) is not None:
        return found
    near = dict.fromkeys(known[word].title for word in get_close_matches(wanted, known, n=6, cutoff=0.5))
    hint = f" Did you mean {_or(list(near)[:3])}?" if near else " Choose one from the list that opens while you type."
    raise NotFound(f"There is nothing here that is called “{typed.strip()[:60]}”.{hint}")


def find_permission(typed: str) -> int:
    """The bits of a named Discord permission. Raises NotFound, naming near ones."""
    wanted = " ".join(typed.casefold().replace("_", " ").split())
    known = {permission_title(bits).casefold(): bits for bits in PERMISSIONS.values()}
    known |= {name.replace("_", " "): bits for name, bits in PERMISSIONS.items()}
    if (bits := known.get(wanted)) is not None:
        return bits
    near = list(dict.fromkeys(permission_title(known[one]) for one in get_close_matches(wanted, known, 3, 0.5)))
    hint = f" Did you mean {_or(near)}?" if near else " Choose one from the list that opens while you type."
    raise NotFound(f"Discord has no permission that is called “{typed.strip()[:60]}”.{hint}")


def permission_choices(typed: str) -> list[app_commands.Choice[str]]:
    return offered(typed, {name: permission_title(bits) for name, bits in PERMISSIONS.items()})


def target_choices(typed: str, among: Iterable[Target]) -> list[app_commands.Choice[str]]:
    return offered(typed.removeprefix("/"), {target.value: target.title for target in among})


def offered(typed: str, titles: Mapping[str, str]) -> list[app_commands.Choice[str]]:
    """What of it has every word typed so far, those that begin with it first, as Discord takes it."""
    wanted = " ".join(typed.casefold().split())
    fitting = [
        (value, title)
        for value, title in titles.items()
        if all(word in f"{title} {value}".casefold() for word in wanted.split())
    ]
    fitting.sort(key=lambda one: not one[1].casefold().removeprefix("/").startswith(wanted))
    return [app_commands.Choice(name=cut(title), value=value) for value, title in fitting[:MOST]]


def cut(text: str, most: int = LONGEST) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _command_keys(surfaces: Iterable[Surface]) -> Iterator[str]:
    for surface in surfaces:
        if surface.kind not in _SERVED or FEATURES[surface.feature].essential is Essential.ALWAYS:
            continue
        yield surface.key
        if surface.kind is SurfaceKind.COMMAND:
            words = surface.key.split()
            yield from (" ".join(words[:count]) for count in range(1, len(words)))


def _words(target: Target) -> Iterator[str]:
    """All that finds it. Of two with the same word the wider one is found: a command also has its slash."""
    yield from (target.value.casefold(), target.title.casefold(), target.name.casefold())
    if target.key:
        yield target.key.casefold()


def _or(titles: list[str]) -> str:
    *first, last = titles
    return f"{', '.join(first)} or {last}" if first else last
