"""One guild's policy made ready for quick decisions: what does not depend on who asks is worked out before."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from herwa_shared.catalog import Essential, Surface, Surfaces
from herwa_shared.guardrail.entitlement import boundaries, entitlement_of
from herwa_shared.guardrail.policy import AccessRule, Entitlement, GuildPolicy, Offer, PlaceKind, SubjectKind
from herwa_shared.guardrail.precedence import precedence, specificity
from herwa_shared.guardrail.serialization import pack, unpack
from herwa_shared.guardrail.steps import is_kept, is_on
from herwa_shared.guardrail.surface_index import Plan, plan_of
from herwa_shared.guardrail.verdict import Reason, Verdict

# Python 3.11 takes 0.2 µs to find a member of an enum.
_CATEGORY = PlaceKind.CATEGORY
_ALWAYS = Essential.ALWAYS
_PERSONS = (SubjectKind.MEMBER, SubjectKind.ROLE)
ANSWERS_ALWAYS = Verdict(True, Reason.ESSENTIAL)
KILLED = Verdict(False, Reason.KILL_SWITCH)
NOT_IN_TIER = Verdict(False, Reason.TIER)
SWITCHED_OFF = Verdict(False, Reason.TOGGLE)

Programs = tuple[Sequence[int], ...]


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
    plan: Plan
    settled: tuple[Verdict | None, ...]
    by_subject: Programs
    by_permission: Programs
    lists: tuple[frozenset[int] | None, ...]
    whom: tuple[int, ...]
    where: tuple[int, ...]
    allows: bytes
    offer: Offer
    packed: bytes

    @property
    def policy(self) -> GuildPolicy:
        """All that it was made from. It is unpacked anew each time, in some 50 µs."""
        return unpack(self.packed, self.offer)


def compile_policy(policy: GuildPolicy, surfaces: Surfaces, at: float) -> CompiledPolicy:
    """What holds at `at` and until the next term, grant or rule starts or ends."""
    plan = plan_of(surfaces, policy.offer.features)
    moments = [*boundaries(policy), *(rule.until for rule in policy.rules if rule.until is not None)]
    entitlement = entitlement_of(policy, at)
    rules = sorted((rule for rule in policy.rules if rule.until is None or at < rule.until), key=precedence)
    by_subject, by_permission = _programs(rules, plan)
    return CompiledPolicy(
        guild_id=policy.guild_id,
        since=max((moment for moment in moments if moment <= at), default=-math.inf),
        until=min((moment for moment in moments if moment > at), default=math.inf),
        entitlement=entitlement,
        plan=plan,
        settled=_shared(tuple(_settled(surface, policy, entitlement) for surface in plan.surfaces)),
        by_subject=by_subject,
        by_permission=by_permission,
        lists=_lists(policy, plan),
        whom=_once(rule.subject_id for rule in rules),
        where=_once(-rule.place_id if rule.place_kind == _CATEGORY else rule.place_id for rule in rules),
        allows=bytes(rule.allow for rule in rules),
        offer=policy.offer,
        packed=pack(policy),
    )


def _settled(surface: Surface, policy: GuildPolicy, entitlement: Entitlement) -> Verdict | None:
    """What the first three steps come to."""
    feature = surface.feature
    spec = policy.offer.features.get(feature)
    if is_kept(spec):
        return ANSWERS_ALWAYS if spec is not None and spec.essential == _ALWAYS else None
    if feature in policy.offer.kill_switches:
        return KILLED
    if feature not in entitlement.features:
        return NOT_IN_TIER
    if spec is None or not policy.module_toggles.get(spec.module, True) or not is_on(spec, policy):
        return SWITCHED_OFF
    return None


def _programs(rules: Sequence[AccessRule], plan: Plan) -> tuple[Programs, Programs]:
    """The rules to try for each surface, by number, those for members and roles apart. Equal ones are one object."""
    concerning: list[list[int]] = [[] for _ in plan.surfaces]
    for number, rule in enumerate(rules):
        for surface in plan.concerned.get((rule.target_kind, rule.target_key), ()):
            concerning[surface].append(number)
    persons = sum(rule.subject_kind in _PERSONS for rule in rules)
    seen: dict[Sequence[int], Sequence[int]] = {}
    by_subject: list[Sequence[int]] = []
    by_permission: list[Sequence[int]] = []
    for numbers in concerning:
        border = bisect_left(numbers, persons)
        # Bytes are the smallest sequence of numbers there is; a guild with more rules than they can count has tuples.
        program = bytes(numbers) if len(rules) <= 256 else tuple(numbers)
        for programs, part in ((by_subject, program[:border]), (by_permission, program[border:])):
            programs.append(seen.setdefault(part, part))
    return _shared(tuple(by_subject)), _shared(tuple(by_permission))


def _lists(policy: GuildPolicy, plan: Plan) -> tuple[frozenset[int] | None, ...]:
    """For each surface the list of the most specific target that has one."""
    if not policy.lists:
        return plan.no_lists
    places: list[frozenset[int] | None] = list(plan.no_lists)
    for one in sorted(policy.lists, key=specificity):
        for surface in plan.concerned.get((one.target_kind, one.target_key), ()):
            places[surface] = one.place_ids
    return tuple(places)


def _once(values: Iterable[int]) -> tuple[int, ...]:
    """As a tuple in which equal numbers are one object."""
    seen: dict[int, int] = {}
    return tuple(seen.setdefault(value, value) for value in values)


@lru_cache(maxsize=1024)
def _shared(value: Any) -> Any:
    """The same object for equal values: guilds that have chosen nothing share what they have."""
    return value
