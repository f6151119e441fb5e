"""What a change of rules does to those whom it is about, asked of the guardrail's own steps. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from herwa_bot.access.channel_option import EVERYWHERE, RulePlace
from herwa_bot.access.targets import CommandSurfaces, Target, list_commands, list_non_command_titles
from herwa_shared.catalog import Audience, Surface, SurfaceRegistry
from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import AccessRule, GuildPolicy, PlaceKind, SubjectKind
from herwa_shared.guardrail.precedence import get_precedence
from herwa_shared.guardrail.steps import find_deciding_rule

UNUSED_MEMBER_ID = 1  # a member id that no rule is about
NEW_RULE_ID = (1 << 63) - 1  # the id of a rule that has none yet: the youngest

_SUBJECT_KIND_ORDER = list(SubjectKind)


@dataclass(frozen=True, slots=True)
class HypotheticalMember:
    """A member as rules see them: by default one with no role and no permission of their own."""

    member_id: int = UNUSED_MEMBER_ID
    role_ids: frozenset[int] = frozenset()
    permissions: int = 0

    def build_invocation(
        self, surface: Surface, policy: GuildPolicy, at: float, place: RulePlace = EVERYWHERE
    ) -> Invocation:
        """A command of theirs somewhere; everywhere is nowhere in particular."""
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
    """Commands gained and lost, and those that more specific rules keep as they were, with these rules.

    `outside` are titles of what it is about outside Discord, of which nothing is foretold.
    """

    gained: CommandSurfaces = ()
    lost: CommandSurfaces = ()
    unchanged: CommandSurfaces = ()
    overriding_rules: tuple[AccessRule, ...] = ()
    outside_titles: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.gained or self.lost or self.outside_titles)

    def subtract(self, other: "Impact") -> "Impact":
        """Only what does not happen to the other, too."""
        return Impact(
            tuple(surface for surface in self.gained if surface not in other.gained),
            tuple(surface for surface in self.lost if surface not in other.lost),
        )


@dataclass(frozen=True, slots=True)
class PolicyComparison:
    """The rules before and after a change of those about one target in one place."""

    before: GuildPolicy
    after: GuildPolicy
    target: Target
    place: RulePlace
    surfaces: SurfaceRegistry
    at: float

    def compute_impact(self, member: HypotheticalMember, *, expected: bool | None = None) -> Impact:
        """What changes for this member. `wanted` is what a new rule is meant to come to; what resists it is told."""
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
        """The commands that this member may use before the change."""
        commands = list_commands(self.target, self.surfaces)
        return tuple(
            command
            for command in commands
            if is_allowed(member.build_invocation(command, self.before, self.at, self.place), self.before)
        )


def is_allowed(invocation: Invocation, policy: GuildPolicy) -> bool:
    """What rules come to, else the command's own audience; administrators and switches are another matter."""
    rule = find_deciding_rule(invocation, policy)
    if rule is not None:
        return rule.allow
    return invocation.surface.audience == Audience.EVERYONE or bool(invocation.permissions & MANAGE_GUILD)


def apply_rules(policy: GuildPolicy, rules: Sequence[AccessRule]) -> GuildPolicy:
    """The policy once these are saved: a rule takes the place of the same one, and of its opposite."""
    kept_rules = [rule for rule in policy.rules if not any(has_same_scope(rule, new_rule) for new_rule in rules)]
    return replace(policy, rules=(*kept_rules, *rules))


def exclude_rule(policy: GuildPolicy, rule: AccessRule) -> GuildPolicy:
    return replace(policy, rules=tuple(other for other in policy.rules if other.id != rule.id))


def has_same_scope(rule: AccessRule, other: AccessRule) -> bool:
    """Of the same subject, target and place, whether they allow or deny."""
    return _get_scope(rule) == _get_scope(other)


def list_exceptions(rule: AccessRule, comparison: PolicyComparison) -> tuple[AccessRule, ...]:
    """Rules that go on to say otherwise to some of those whom this one is about."""
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
    """Whether there may be a place to which both apply."""
    return rule.place_kind != other.place_kind or rule.place_id == other.place_id


def _get_scope(rule: AccessRule) -> tuple[object, ...]:
    subject = (rule.subject_kind, rule.subject_id)
    return (*subject, rule.target_kind, rule.target_key, rule.place_kind, rule.place_id)
