"""The list of features in words: each under its module, its state at a glance."""

from collections.abc import Sequence
from itertools import groupby

from herwa_bot.choices import Target, named, served
from herwa_bot.paging import pages_of
from herwa_bot.replies import plain
from herwa_shared.catalog import Essential, Surfaces
from herwa_shared.guardrail.policy import TargetKind
from herwa_shared.services.features import FeatureStatus

HOW = "-# `/features enable` and `/features disable` switch a feature, or a whole module."


def feature_pages(server: str, found: Sequence[FeatureStatus], surfaces: Surfaces) -> tuple[str, ...]:
    """One entry a module, mostly all of them on one page."""
    modules = groupby(found, key=lambda feature: (feature.module_title, feature.module_enabled))
    entries = [
        "\n".join([heading(title, on=on), *(_line(feature, surfaces) for feature in features)])
        for (title, on), features in modules
    ]
    return pages_of(f"**What is on in {plain(server)}**\n{HOW}", entries)


def heading(module: str, *, on: bool) -> str:
    return f"**{module}**" if on else f"**{module}** · the whole module is off"


def state(feature: FeatureStatus) -> tuple[str, str]:
    """A mark and the words for it. What decides first in the guardrail is said first."""
    if feature.essential != Essential.NO:
        return "🔒", "always on"
    if feature.kill_switch is not None:
        return "⛔", f"switched off everywhere by Herwa: {plain(feature.kill_switch)}"
    if not feature.in_tier:
        return "💎", f"part of {plain(feature.lowest_tier)}"
    return ("🟢", "on") if feature.enabled else ("⚪", "off")


def _line(feature: FeatureStatus, surfaces: Surfaces) -> str:
    mark, words = state(feature)
    commands = named(served(Target(TargetKind.FEATURE, feature.key), surfaces, but=()))
    return " · ".join(part for part in (f"{mark} {feature.title}", words, commands) if part)
