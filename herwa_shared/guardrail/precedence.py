"""Which access rules and channel lists concern a surface, and which of several wins: the most specific."""

from collections.abc import Mapping

from herwa_shared.catalog import FeatureKey, FeatureSpec, Surface, SurfaceKind
from herwa_shared.guardrail.policy import AccessRule, ChannelList, PlaceKind, SubjectKind, TargetKind

TargetKey = tuple[TargetKind, str]

_SUBJECT_RANKS = {kind: rank for rank, kind in enumerate(SubjectKind)}
_TARGET_RANKS = {kind: rank for rank, kind in enumerate(TargetKind)}
_PLACE_RANKS = {kind: rank for rank, kind in enumerate(PlaceKind)}


def list_targets(surface: Surface, features: Mapping[FeatureKey, FeatureSpec]) -> tuple[TargetKey, ...]:
    """What a rule or list may be about to concern this surface, most specific first.

    A command is also concerned by its first words: `permissions allow` by what is set for `permissions`.
    """
    targets: list[TargetKey] = []
    if surface.kind in (SurfaceKind.COMMAND, SurfaceKind.MENU):
        key_parts = surface.key.split(" ")
        targets += [(TargetKind.COMMAND, " ".join(key_parts[:count])) for count in range(len(key_parts), 0, -1)]
    targets.append((TargetKind.FEATURE, surface.feature))
    if surface.feature in features:
        targets.append((TargetKind.MODULE, features[surface.feature].module))
    return (*targets, (TargetKind.EVERYTHING, ""))


def get_specificity(rule_or_list: AccessRule | ChannelList) -> tuple[int, int]:
    """Sorts by target, the most specific last; of two commands that concern a surface, the longer name."""
    return _TARGET_RANKS[rule_or_list.target_kind], len(rule_or_list.target_key)


def get_precedence(rule: AccessRule) -> tuple[int, ...]:
    """Sorts rules that match: the first wins.

    Member over role over permission over everyone; then command (the longer name first) over feature over module over
    everything; then channel over category over everywhere; then deny over allow; then the older.
    """
    return (
        -_SUBJECT_RANKS[rule.subject_kind],
        -_TARGET_RANKS[rule.target_kind],
        -len(rule.target_key),
        -_PLACE_RANKS[rule.place_kind],
        rule.allow,
        rule.id,
    )
