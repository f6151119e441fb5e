"""One guild's policy made ready for quick decisions: what does not depend on who asks is worked out before."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from herwa_shared.catalog import Essential, Surface, SurfaceRegistry
from herwa_shared.guardrail.entitlement import list_boundaries, resolve_entitlement
from herwa_shared.guardrail.policy import AccessRule, Entitlement, GlobalPolicy, GuildPolicy, PlaceKind, SubjectKind
from herwa_shared.guardrail.precedence import get_precedence, get_specificity
from herwa_shared.guardrail.serialization import deserialize_policy, serialize_policy
from herwa_shared.guardrail.steps import is_on, is_protected
from herwa_shared.guardrail.surface_index import SurfaceIndex, get_surface_index
from herwa_shared.guardrail.verdict import Reason, Verdict

# Python 3.11 takes 0.2 µs to find a member of an enum.
_CATEGORY = PlaceKind.CATEGORY
_ALWAYS = Essential.ALWAYS
_PERSON_KINDS = (SubjectKind.MEMBER, SubjectKind.ROLE)
ALLOWED_AS_ESSENTIAL = Verdict(True, Reason.ESSENTIAL)
REFUSED_BY_KILL_SWITCH = Verdict(False, Reason.KILL_SWITCH)
REFUSED_BY_TIER = Verdict(False, Reason.TIER)
REFUSED_BY_TOGGLE = Verdict(False, Reason.TOGGLE)

RuleIndexes = tuple[Sequence[int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class CompiledPolicy:
    """It holds for moments in [since, until), in seconds since 1970; `until` is `math.inf` where nothing will end.

    By a surface's number: `settled` is the verdict that steps 1 to 3 come to whoever asks; `by_subject` (rules for
    members and roles) and `by_permission` (for permissions and everyone) name the rules to try, the winner first;
    `lists` the places where it may run. By a rule's number: `whom` it is about, `where` (negative for a category, 0 for
    everywhere), `allows`.
    """

    guild_id: int
    since: float
    until: float
    entitlement: Entitlement
    surface_index: SurfaceIndex
    fixed_verdicts: tuple[Verdict | None, ...]
    subject_rules: RuleIndexes
    permission_rules: RuleIndexes
    channel_lists: tuple[frozenset[int] | None, ...]
    subject_ids: tuple[int, ...]
    place_ids: tuple[int, ...]
    allow_flags: bytes
    global_policy: GlobalPolicy
    serialized_policy: bytes

    @property
    def policy(self) -> GuildPolicy:
        """All that it was made from. It is unpacked anew each time, in some 50 µs."""
        return deserialize_policy(self.serialized_policy, self.global_policy)


def compile_policy(policy: GuildPolicy, surfaces: SurfaceRegistry, at: float) -> CompiledPolicy:
    """What holds at `at` and until the next term, grant or rule starts or ends."""
    surface_index = get_surface_index(surfaces, policy.global_policy.features)
    moments = [*list_boundaries(policy), *(rule.until for rule in policy.rules if rule.until is not None)]
    entitlement = resolve_entitlement(policy, at)
    rules = sorted((rule for rule in policy.rules if rule.until is None or at < rule.until), key=get_precedence)
    subject_rules, permission_rules = _index_rules(rules, surface_index)
    return CompiledPolicy(
        guild_id=policy.guild_id,
        since=max((moment for moment in moments if moment <= at), default=-math.inf),
        until=min((moment for moment in moments if moment > at), default=math.inf),
        entitlement=entitlement,
        surface_index=surface_index,
        fixed_verdicts=_intern(
            tuple(_find_fixed_verdict(surface, policy, entitlement) for surface in surface_index.surfaces)
        ),
        subject_rules=subject_rules,
        permission_rules=permission_rules,
        channel_lists=_index_channel_lists(policy, surface_index),
        subject_ids=_intern_tuple(rule.subject_id for rule in rules),
        place_ids=_intern_tuple(-rule.place_id if rule.place_kind == _CATEGORY else rule.place_id for rule in rules),
        allow_flags=bytes(rule.allow for rule in rules),
        global_policy=policy.global_policy,
        serialized_policy=serialize_policy(policy),
    )


def _find_fixed_verdict(surface: Surface, policy: GuildPolicy, entitlement: Entitlement) -> Verdict | None:
    """What the first three steps come to."""
    feature = surface.feature
    spec = policy.global_policy.features.get(feature)
    if is_protected(spec):
        return ALLOWED_AS_ESSENTIAL if spec is not None and spec.essential == _ALWAYS else None
    if feature in policy.global_policy.kill_switches:
        return REFUSED_BY_KILL_SWITCH
    if feature not in entitlement.features:
        return REFUSED_BY_TIER
    if spec is None or not policy.module_toggles.get(spec.module, True) or not is_on(spec, policy):
        return REFUSED_BY_TOGGLE
    return None


def _index_rules(rules: Sequence[AccessRule], surface_index: SurfaceIndex) -> tuple[RuleIndexes, RuleIndexes]:
    """The rules to try for each surface, by number, those for members and roles apart. Equal ones are one object."""
    rule_numbers: list[list[int]] = [[] for _ in surface_index.surfaces]
    for number, rule in enumerate(rules):
        for surface in surface_index.surfaces_by_target.get((rule.target_kind, rule.target_key), ()):
            rule_numbers[surface].append(number)
    person_rule_count = sum(rule.subject_kind in _PERSON_KINDS for rule in rules)
    interned: dict[Sequence[int], Sequence[int]] = {}
    subject_rules: list[Sequence[int]] = []
    permission_rules: list[Sequence[int]] = []
    for numbers in rule_numbers:
        split_index = bisect_left(numbers, person_rule_count)
        # Bytes are the smallest sequence of numbers there is; a guild with more rules than they can count has tuples.
        indexes = bytes(numbers) if len(rules) <= 256 else tuple(numbers)
        for rule_indexes, part in ((subject_rules, indexes[:split_index]), (permission_rules, indexes[split_index:])):
            rule_indexes.append(interned.setdefault(part, part))
    return _intern(tuple(subject_rules)), _intern(tuple(permission_rules))


def _index_channel_lists(policy: GuildPolicy, surface_index: SurfaceIndex) -> tuple[frozenset[int] | None, ...]:
    """For each surface the list of the most specific target that has one."""
    if not policy.channel_lists:
        return surface_index.no_channel_lists
    place_ids: list[frozenset[int] | None] = list(surface_index.no_channel_lists)
    for channel_list in sorted(policy.channel_lists, key=get_specificity):
        for surface in surface_index.surfaces_by_target.get((channel_list.target_kind, channel_list.target_key), ()):
            place_ids[surface] = channel_list.place_ids
    return tuple(place_ids)


def _intern_tuple(values: Iterable[int]) -> tuple[int, ...]:
    """As a tuple in which equal numbers are one object."""
    interned: dict[int, int] = {}
    return tuple(interned.setdefault(value, value) for value in values)


@lru_cache(maxsize=1024)
def _intern(value: Any) -> Any:
    """The same object for equal values: guilds that have chosen nothing share what they have."""
    return value
