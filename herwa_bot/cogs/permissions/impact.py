"""What a change of rules does to those whom it is about, asked of the guardrail's own steps. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from herwa_bot.access.channel_option import EVERYWHERE, Place
from herwa_bot.access.targets import Served, Target, outside_discord, served
from herwa_shared.catalog import Audience, Surface, Surfaces
from herwa_shared.discord.constants import MANAGE_GUILD
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import AccessRule, GuildPolicy, PlaceKind, SubjectKind
from herwa_shared.guardrail.precedence import precedence
from herwa_shared.guardrail.steps import deciding_rule

NOBODY_YET = 1  # a member id that no rule is about
NEW = (1 << 63) - 1  # the id of a rule that has none yet: the youngest

_SPECIFIC = list(SubjectKind)


@dataclass(frozen=True, slots=True)
class Somebody:
    """A member as rules see them: by default one with no role and no permission of their own."""

    member_id: int = NOBODY_YET
    role_ids: frozenset[int] = frozenset()
    permissions: int = 0

    def runs(self, surface: Surface, policy: GuildPolicy, at: float, place: Place = EVERYWHERE) -> Invocation:
        """A command of theirs somewhere; everywhere is nowhere in particular."""
        is_channel = place.kind == PlaceKind.CHANNEL
        return Invocation.by_member(
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
class Effect:
    """Commands gained and lost, and those that more specific rules keep as they were, with these rules.

    `outside` are titles of what it is about outside Discord, of which nothing is foretold.
    """

    gained: Served = ()
    lost: Served = ()
    untouched: Served = ()
    overruling: tuple[AccessRule, ...] = ()
    outside: tuple[str, ...] = ()

    @property
    def is_nothing(self) -> bool:
        return not (self.gained or self.lost or self.outside)

    def beyond(self, other: "Effect") -> "Effect":
        """Only what does not happen to the other, too."""
        return Effect(
            tuple(one for one in self.gained if one not in other.gained),
            tuple(one for one in self.lost if one not in other.lost),
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rules before and after a change of those about one target in one place."""

    before: GuildPolicy
    after: GuildPolicy
    target: Target
    place: Place
    surfaces: Surfaces
    at: float

    def on(self, somebody: Somebody, *, wanted: bool | None = None) -> Effect:
        """What changes for this member. `wanted` is what a new rule is meant to come to; what resists it is told."""
        gained: list[Surface] = []
        lost: list[Surface] = []
        untouched: list[Surface] = []
        overruling: dict[int, AccessRule] = {}
        for surface in served(self.target, self.surfaces):
            invocation = somebody.runs(surface, self.after, self.at, self.place)
            now = may(invocation, self.after)
            if now != may(invocation, self.before):
                (gained if now else lost).append(surface)
            if wanted is not None and now != wanted and (rule := deciding_rule(invocation, self.after)):
                untouched.append(surface)
                overruling[rule.id] = rule
        outside = outside_discord(self.target, self.surfaces)
        return Effect(tuple(gained), tuple(lost), tuple(untouched), tuple(overruling.values()), outside)

    def open_to(self, somebody: Somebody) -> Served:
        """The commands that this member may use before the change."""
        ours = served(self.target, self.surfaces)
        return tuple(one for one in ours if may(somebody.runs(one, self.before, self.at, self.place), self.before))


def may(invocation: Invocation, policy: GuildPolicy) -> bool:
    """What rules come to, else the command's own audience; administrators and switches are another matter."""
    rule = deciding_rule(invocation, policy)
    if rule is not None:
        return rule.allow
    return invocation.surface.audience == Audience.EVERYONE or bool(invocation.permissions & MANAGE_GUILD)


def with_rules(policy: GuildPolicy, rules: Sequence[AccessRule]) -> GuildPolicy:
    """The policy once these are saved: a rule takes the place of the same one, and of its opposite."""
    kept = [rule for rule in policy.rules if not any(is_same(rule, new) for new in rules)]
    return replace(policy, rules=(*kept, *rules))


def without_rule(policy: GuildPolicy, rule: AccessRule) -> GuildPolicy:
    return replace(policy, rules=tuple(one for one in policy.rules if one.id != rule.id))


def is_same(one: AccessRule, other: AccessRule) -> bool:
    """Of the same subject, target and place, whether they allow or deny."""
    return _about(one) == _about(other)


def exceptions(rule: AccessRule, comparison: Comparison) -> tuple[AccessRule, ...]:
    """Rules that go on to say otherwise to some of those whom this one is about."""
    covered = set(served(comparison.target, comparison.surfaces))
    return tuple(
        one
        for one in sorted(comparison.after.rules, key=precedence)
        if one.allow != rule.allow
        and (one.until is None or comparison.at < one.until)
        and one.id != rule.id
        and _SPECIFIC.index(one.subject_kind) > _SPECIFIC.index(rule.subject_kind)
        and _may_meet(one, rule)
        and covered.intersection(served(Target(one.target_kind, one.target_key), comparison.surfaces))
    )


def _may_meet(one: AccessRule, other: AccessRule) -> bool:
    """Whether there may be a place to which both apply."""
    return one.place_kind != other.place_kind or one.place_id == other.place_id


def _about(rule: AccessRule) -> tuple[object, ...]:
    subject = (rule.subject_kind, rule.subject_id)
    return (*subject, rule.target_kind, rule.target_key, rule.place_kind, rule.place_id)
