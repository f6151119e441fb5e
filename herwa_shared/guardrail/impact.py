"""Compute the impact of a rule change on its subject, with the guardrail's own steps. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from herwa_shared.catalog import Audience, Surface, SurfaceRegistry
from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import AccessRule, GuildPolicy, PlaceKind, SubjectKind
from herwa_shared.guardrail.precedence import get_precedence
from herwa_shared.guardrail.steps import find_deciding_rule
from herwa_shared.guardrail.targets import CommandSurfaces, Target, list_commands, list_non_command_titles

UNUSED_MEMBER_ID = 1  # a member id that no rule is about
NEW_RULE_ID = (1 << 63) - 1  # stands for the ID of an unsaved rule; the largest ID is the newest rule

_SUBJECT_KIND_ORDER = list(SubjectKind)


@dataclass(frozen=True, slots=True)
class RulePlace:
    """The place where a rule applies: everywhere, a category or a channel.

    `category_id` is the category of a channel; 0 if the channel has none or it is unknown.
    """

    kind: PlaceKind = PlaceKind.EVERYWHERE
    id: int = 0
    category_id: int = 0


EVERYWHERE = RulePlace()


@dataclass(frozen=True, slots=True)
class HypotheticalMember:
    """A member as the guardrail sees them; by default without own roles and permissions."""

    member_id: int = UNUSED_MEMBER_ID
    role_ids: frozenset[int] = frozenset()
    permissions: int = 0

    def build_invocation(
        self, surface: Surface, policy: GuildPolicy, at: float, place: RulePlace = EVERYWHERE
    ) -> Invocation:
        """Build an invocation of `surface` by this member in `place`.

        EVERYWHERE means no particular channel. For a category the channel is a placeholder ID that no rule is about.
        """
        is_channel = place.kind == PlaceKind.CHANNEL
        return Invocation.from_member(
            guild_id=policy.guild_id,
            surface=surface,
            at=at,
            member_id=self.member_id,
            role_ids=self.role_ids,
            permissions=self.permissions,
            channel_id=place.id if is_channel else int(place.kind == PlaceKind.CATEGORY),
            category_id=place.category_id if is_channel else place.id,
        )


@dataclass(frozen=True, slots=True)
class Impact:
    """The commands that a member gains and loses by a change.

    `unchanged` are commands for which a more specific rule overrides the new one; `overriding_rules` are those rules.
    `outside_titles` are titles of affected features outside Discord, whose impact is not computed.
    """

    gained: CommandSurfaces = ()
    lost: CommandSurfaces = ()
    overridden_commands: CommandSurfaces = ()
    overriding_rules: tuple[AccessRule, ...] = ()
    outside_titles: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is gained or lost and no feature outside Discord is affected."""
        return not (self.gained or self.lost or self.outside_titles)

    def subtract(self, other: "Impact") -> "Impact":
        """Return the gains and losses that `other` does not have."""
        return Impact(
            tuple(surface for surface in self.gained if surface not in other.gained),
            tuple(surface for surface in self.lost if surface not in other.lost),
        )


@dataclass(frozen=True, slots=True)
class PolicyComparison:
    """The policy before and after a change of rules about one target and place."""

    before: GuildPolicy
    after: GuildPolicy
    target: Target
    place: RulePlace
    surfaces: SurfaceRegistry
    at: float

    def compute_impact(self, member: HypotheticalMember, *, expected: bool | None = None) -> Impact:
        """Compute the impact on a member.

        `expected` is the effect of a new rule (True allows); commands that a more specific rule decides otherwise are
        reported as unchanged. None does not look for them.
        """
        gained: list[Surface] = []
        lost: list[Surface] = []
        unchanged: list[Surface] = []
        overriding_rules: dict[int, AccessRule] = {}
        for surface in list_commands(self.target, self.surfaces):
            invocation = member.build_invocation(surface, self.after, self.at, self.place)
            allowed_after = is_allowed(invocation, self.after)
            if allowed_after != is_allowed(invocation, self.before):
                (gained if allowed_after else lost).append(surface)
            if (
                expected is not None
                and allowed_after != expected
                and (rule := find_deciding_rule(invocation, self.after))
            ):
                unchanged.append(surface)
                overriding_rules[rule.id] = rule
        outside_titles = list_non_command_titles(self.target, self.surfaces)
        return Impact(tuple(gained), tuple(lost), tuple(unchanged), tuple(overriding_rules.values()), outside_titles)

    def list_allowed_commands(self, member: HypotheticalMember) -> CommandSurfaces:
        """List the commands that a member may use before the change."""
        commands = list_commands(self.target, self.surfaces)
        return tuple(
            command
            for command in commands
            if is_allowed(member.build_invocation(command, self.before, self.at, self.place), self.before)
        )


def is_allowed(invocation: Invocation, policy: GuildPolicy) -> bool:
    """Whether rules, else the command's default audience, allow the invocation.

    Administrators and toggles are ignored.
    """
    rule = find_deciding_rule(invocation, policy)
    if rule is not None:
        return rule.allow
    return invocation.surface.audience == Audience.EVERYONE or bool(invocation.permissions & MANAGE_GUILD)


def list_available_surfaces(policy: GuildPolicy, surfaces: SurfaceRegistry, *, at: float) -> tuple[Surface, ...]:
    """List the surfaces that kill switches, tier and toggles leave on. `at` is in Unix seconds."""
    return tuple(
        surface
        for surface in surfaces.all
        if explain(
            Invocation.from_widget(guild_id=policy.guild_id, surface=surface, at=at),
            policy,  # exactly these steps
        ).verdict.allowed
    )


def apply_rules(policy: GuildPolicy, rules: Sequence[AccessRule]) -> GuildPolicy:
    """Return the policy after saving rules.

    A saved rule replaces the rules with the same scope, also those with the opposite effect.
    """
    kept_rules = [rule for rule in policy.rules if not any(has_same_scope(rule, new_rule) for new_rule in rules)]
    return replace(policy, rules=(*kept_rules, *rules))


def exclude_rule(policy: GuildPolicy, rule: AccessRule) -> GuildPolicy:
    """Return the policy without a rule."""
    return replace(policy, rules=tuple(other for other in policy.rules if other.id != rule.id))


def has_same_scope(rule: AccessRule, other: AccessRule) -> bool:
    """Whether two rules have the same subject, target and place.

    It does not matter whether they allow or deny.
    """
    return _get_scope(rule) == _get_scope(other)


def list_exceptions(rule: AccessRule, comparison: PolicyComparison) -> tuple[AccessRule, ...]:
    """List active rules with the opposite effect for a part of the rule's subject.

    They are sorted by precedence.
    """
    covered_commands = set(list_commands(comparison.target, comparison.surfaces))
    return tuple(
        candidate
        for candidate in sorted(comparison.after.rules, key=get_precedence)
        if candidate.allow != rule.allow
        and (candidate.until is None or comparison.at < candidate.until)
        and candidate.id != rule.id
        and _SUBJECT_KIND_ORDER.index(candidate.subject_kind) > _SUBJECT_KIND_ORDER.index(rule.subject_kind)
        and _can_overlap(candidate, rule)
        and covered_commands.intersection(
            list_commands(Target(candidate.target_kind, candidate.target_key), comparison.surfaces)
        )
    )


def _can_overlap(rule: AccessRule, other: AccessRule) -> bool:
    """Whether there may be a channel to which both rules apply."""
    return rule.place_kind != other.place_kind or rule.place_id == other.place_id


def _get_scope(rule: AccessRule) -> tuple[object, ...]:
    subject = (rule.subject_kind, rule.subject_id)
    return (*subject, rule.target_kind, rule.target_key, rule.place_kind, rule.place_id)
