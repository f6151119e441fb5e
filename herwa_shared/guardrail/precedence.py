"""Which access rules and channel lists concern a surface, and which of several wins: the most specific."""

from collections.abc import Mapping

from herwa_shared.catalog import FeatureKey, FeatureSpec, Surface, SurfaceKind
from herwa_shared.guardrail.policy import AccessRule, ChannelList, PlaceKind, SubjectKind, TargetKind

Target = tuple[TargetKind, str]

_SUBJECTS = {kind: rank for rank, kind in enumerate(SubjectKind)}
_TARGETS = {kind: rank for rank, kind in enumerate(TargetKind)}
_PLACES = {kind: rank for rank, kind in enumerate(PlaceKind)}


def targets_of(surface: Surface, features: Mapping[FeatureKey, FeatureSpec]) -> tuple[Target, ...]:
    """What a rule or list may be about to concern this surface, most specific first.

    A command is also concerned by its first words: `permissions allow` by what is set for `permissions`.
    """
    targets: list[Target] = []
    if surface.kind in (SurfaceKind.COMMAND, SurfaceKind.MENU):
        words = surface.key.split(" ")
        targets += [(TargetKind.COMMAND, " ".join(words[:count])) for count in range(len(words), 0, -1)]
    targets.append((TargetKind.FEATURE, surface.feature))
    if surface.feature in features:
        targets.append((TargetKind.MODULE, features[surface.feature].module))
    return (*targets, (TargetKind.EVERYTHING, ""))


def specificity(one: AccessRule | ChannelList) -> tuple[int, int]:
    """Sorts by target, the most specific last; of two commands that concern a surface, the longer name."""
    return _TARGETS[one.target_kind], len(one.target_key)


def precedence(rule: AccessRule) -> tuple[int, ...]:
    """Sorts rules that match: the first wins.

    Member over role over permission over everyone; then command (the longer name first) over feature over module over
    everything; then channel over category over everywhere; then deny over allow; then the older.
    """
    return (
        -_SUBJECTS[rule.subject_kind],
        -_TARGETS[rule.target_kind],
        -len(rule.target_key),
        -_PLACES[rule.place_kind],
        rule.allow,
        rule.id,
    )
