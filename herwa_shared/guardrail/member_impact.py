"""Compute who may use what, and which members of a guild gain or lose what by changed rules. Pure.

Members whom no rule tells apart are computed once, so 10,000 members cost about as much as a few.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from herwa_shared.catalog import FEATURES, Essential, Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD
from herwa_shared.guardrail.impact import HypotheticalMember, RulePlace, is_allowed
from herwa_shared.guardrail.policy import AccessRule, GuildPolicy, PlaceKind, SubjectKind
from herwa_shared.guardrail.precedence import list_targets
from herwa_shared.guardrail.targets import Target

RULE_SURFACE_KINDS = (SurfaceKind.COMMAND, SurfaceKind.MENU, SurfaceKind.PAGE)
"""The kinds of surfaces to which rules apply: they are used by members."""


_MemberKey = tuple[frozenset[int], int, int]
"""The roles, bits of permissions and member id by which rules tell a member apart."""


@dataclass(frozen=True, slots=True)
class MemberImpact:
    """What some members gain and lose in a place. The members are given by their positions in the input."""

    place: RulePlace
    gained: tuple[Surface, ...]
    lost: tuple[Surface, ...]
    positions: tuple[int, ...]


def compute_member_impacts(
    before: GuildPolicy,
    after: GuildPolicy,
    surfaces: SurfaceRegistry,
    members: Sequence[HypotheticalMember],
    *,
    at: float,
) -> tuple[MemberImpact, ...]:
    """Compute the impact of changed rules on members, the largest group first.

    Members with Administrator are omitted: rules do not apply to them. A rule for everywhere is evaluated without a
    channel, another one in its place. `at` is in Unix seconds.
    """
    changed = _list_changed_rules(before, after)
    affected = [surface for surface in surfaces.all if _is_affected(surface, changed)]
    groups = _group_members(members, _list_subjects((*before.rules, *after.rules)))
    positions_by_impact: dict[tuple[RulePlace, tuple[Surface, ...], tuple[Surface, ...]], list[int]] = {}
    comparisons = [
        _SurfaceComparison(surface, _select_rules(before, surface), _select_rules(after, surface))
        for surface in affected
    ]
    for place in dict.fromkeys(RulePlace(rule.place_kind, rule.place_id) for rule in changed):
        for positions in groups:
            member = members[positions[0]]
            gained, lost = _compare(member, comparisons, place, at)
            if gained or lost:
                positions_by_impact.setdefault((place, gained, lost), []).extend(positions)
    impacts = [
        MemberImpact(place, gained, lost, tuple(sorted(positions)))
        for (place, gained, lost), positions in positions_by_impact.items()
    ]
    return tuple(sorted(impacts, key=lambda impact: -len(impact.positions)))


def compute_access_matrix(
    policy: GuildPolicy, surfaces: Sequence[Surface], members: Sequence[HypotheticalMember], *, at: float
) -> list[list[bool]]:
    """Compute for each surface whether each member may use it outside of channels. Toggles are ignored."""
    rows = []
    for surface in surfaces:
        selected = _select_rules(policy, surface)
        rows.append([_can_use(member, surface, selected, at) for member in members])
    return rows


def _can_use(member: HypotheticalMember, surface: Surface, policy: GuildPolicy, at: float) -> bool:
    """Whether a member may use a surface; rules do not apply to administrators."""
    if member.permissions & ADMINISTRATOR:
        return True
    return is_allowed(member.build_invocation(surface, policy, at), policy)


def _list_changed_rules(before: GuildPolicy, after: GuildPolicy) -> list[AccessRule]:
    """List the rules that only one of the policies has; ids and notes do not matter."""
    before_rules = {replace(rule, id=0, note="") for rule in before.rules}
    after_rules = {replace(rule, id=0, note="") for rule in after.rules}
    return sorted(before_rules ^ after_rules, key=repr)


def _is_affected(surface: Surface, rules: Iterable[AccessRule]) -> bool:
    if surface.kind not in RULE_SURFACE_KINDS or FEATURES[surface.feature].essential is Essential.ALWAYS:
        return False
    return any(Target(rule.target_kind, rule.target_key).covers_surface(surface) for rule in rules)


def _select_rules(policy: GuildPolicy, surface: Surface) -> GuildPolicy:
    """Return the policy with only the rules about the surface."""
    targets = list_targets(surface, policy.global_policy.features)
    return replace(policy, rules=tuple(rule for rule in policy.rules if (rule.target_kind, rule.target_key) in targets))


@dataclass(frozen=True, slots=True)
class _RuleSubjects:
    """What rules tell members apart by: roles, single members, and bits of permissions."""

    role_ids: frozenset[int]
    member_ids: frozenset[int]
    bits: int

    def build_key(self, member: HypotheticalMember) -> _MemberKey:
        """Return the same key for members whom the rules do not tell apart."""
        own_id = member.member_id if member.member_id in self.member_ids else 0
        return member.role_ids & self.role_ids, member.permissions & self.bits, own_id


def _list_subjects(rules: Iterable[AccessRule]) -> _RuleSubjects:
    ids_by_kind: dict[SubjectKind, set[int]] = {kind: set() for kind in SubjectKind}
    for rule in rules:
        ids_by_kind[SubjectKind(rule.subject_kind)].add(rule.subject_id)
    bits = MANAGE_GUILD
    for permission in ids_by_kind[SubjectKind.PERMISSION]:
        bits |= permission
    return _RuleSubjects(frozenset(ids_by_kind[SubjectKind.ROLE]), frozenset(ids_by_kind[SubjectKind.MEMBER]), bits)


def _group_members(members: Sequence[HypotheticalMember], subjects: _RuleSubjects) -> list[list[int]]:
    """Group the positions of members whom none of the rules tells apart."""
    groups: dict[_MemberKey, list[int]] = {}
    for position, member in enumerate(members):
        if not member.permissions & ADMINISTRATOR:
            groups.setdefault(subjects.build_key(member), []).append(position)
    return list(groups.values())


class _SurfaceComparison:
    """Compares the access to one surface before and after. The policies have only the rules about the surface.

    Few rules are about one surface, so most members are the same to it and are computed once.
    """

    def __init__(self, surface: Surface, before: GuildPolicy, after: GuildPolicy) -> None:
        self.surface = surface
        self._before, self._after = before, after
        self._subjects = _list_subjects((*before.rules, *after.rules))
        self._changes: dict[tuple[RulePlace, _MemberKey], bool | None] = {}

    def compare(self, member: HypotheticalMember, place: RulePlace, at: float) -> bool | None:
        """Return True if the member gains the surface in the place, False if they lose it, None otherwise."""
        key = place, self._subjects.build_key(member)
        if key not in self._changes:
            before, after = (
                is_allowed(member.build_invocation(self.surface, policy, at, place), policy)
                for policy in (self._before, self._after)
            )
            self._changes[key] = after if after != before else None
        return self._changes[key]


def _compare(
    member: HypotheticalMember, comparisons: Sequence[_SurfaceComparison], place: RulePlace, at: float
) -> tuple[tuple[Surface, ...], tuple[Surface, ...]]:
    gained: list[Surface] = []
    lost: list[Surface] = []
    for comparison in comparisons:
        if comparison.surface.kind is SurfaceKind.PAGE and place.kind != PlaceKind.EVERYWHERE:
            continue  # a page has no channel: rules for a place do not apply to it
        change = comparison.compare(member, place, at)
        if change is not None:
            (gained if change else lost).append(comparison.surface)
    return tuple(gained), tuple(lost)
