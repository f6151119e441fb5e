"""Precedence: which access rules and channel lists match a surface, and which one wins."""

from collections.abc import Mapping

from herwa_shared.catalog import FeatureKey, FeatureSpec, Surface, SurfaceKind
from herwa_shared.guardrail.policy import AccessRule, ChannelList, PlaceKind, SubjectKind, TargetKind

TargetKey = tuple[TargetKind, str]

_SUBJECT_RANKS = {kind: rank for rank, kind in enumerate(SubjectKind)}
_TARGET_RANKS = {kind: rank for rank, kind in enumerate(TargetKind)}
_PLACE_RANKS = {kind: rank for rank, kind in enumerate(PlaceKind)}


def list_targets(surface: Surface, features: Mapping[FeatureKey, FeatureSpec]) -> tuple[TargetKey, ...]:
    """List the targets that match this surface, most specific first.

    A sub-command also matches the name of its parent: a rule for `permissions` applies to `permissions allow`.
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
    """Sort key by target, most specific last. Of two commands, the longer name wins."""
    return _TARGET_RANKS[rule_or_list.target_kind], len(rule_or_list.target_key)


def get_precedence(rule: AccessRule) -> tuple[int, ...]:
    """Sort key of matching rules; the first rule wins.

    1. Subject: member, role, permission, everyone.
    2. Target: command (the longer name first), feature, module, everything.
    3. Place: channel, category, everywhere.
    4. Deny before allow.
    5. The older rule (lower id) first.
    """
    return (
        -_SUBJECT_RANKS[rule.subject_kind],
        -_TARGET_RANKS[rule.target_kind],
        -len(rule.target_key),
        -_PLACE_RANKS[rule.place_kind],
        rule.allow,
        rule.id,
    )
