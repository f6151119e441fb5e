"""The workload of the guardrail's benchmarks: guilds with policies, invocations, and a slow reference implementation.

The reference evaluates the rows with loops and shares no code with Herwa's steps. For other engines `to_json` describes
the same guild as JSON. There, everything that does not depend on the member is precomputed: each command has its rules
in order of precedence, so that the first matching rule decides.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from herwa_shared.catalog import Audience, FeatureSpec, Limit, Surface, SurfaceKind
from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import (
    AccessRule,
    ChannelList,
    GlobalPolicy,
    GuildPolicy,
    PlaceKind,
    SubjectKind,
    SubscriptionPeriod,
    TargetKind,
    Tier,
)

MODULE_COUNT, FEATURE_COUNT, COMMAND_COUNT = 6, 16, 24
RULE_COUNT, ROLES_PER_MEMBER, INVOCATION_COUNT = 20, 10, 64
NOW, TIER_ENDS_AT = 1_700_000_000.0, 1_700_086_400.0
FIRST_SNOWFLAKE = 1_100_000_000_000_000_000
MANAGE_MESSAGES = 1 << 13
SUBJECT_KINDS, TARGET_KINDS, PLACE_KINDS = list(SubjectKind), list(TargetKind), list(PlaceKind)

FEATURE_SPECS = {
    f"feature{n}": FeatureSpec(f"feature{n}", f"module{n % MODULE_COUNT}", f"Feature {n}", "It does.")  # type: ignore[arg-type]
    for n in range(FEATURE_COUNT)
}
SURFACES = tuple(
    Surface(
        SurfaceKind.COMMAND,
        f"command{n}",
        f"feature{n % FEATURE_COUNT}",  # type: ignore[arg-type]
        f"Command {n}",
        Audience.MANAGERS if n % 6 == 5 else Audience.EVERYONE,
    )
    for n in range(COMMAND_COUNT)
)
_ALL = frozenset(FEATURE_SPECS)
_LIMITS = dict.fromkeys(Limit, 100)
OFFER = GlobalPolicy(
    tiers={
        "free": Tier("free", "Free", 0, _ALL - {"feature13", "feature14"}, _LIMITS),
        "premium": Tier("premium", "Premium", 10, _ALL - {"feature14"}, _LIMITS),
    },
    kill_switches={"feature15": "it hurts"},
    features=FEATURE_SPECS,  # type: ignore[arg-type]
)


@dataclass(frozen=True, slots=True)
class GuildEntities:
    """The roles, channels by category, and members of one guild, by id."""

    roles: tuple[int, ...]
    categories: dict[int, tuple[int, ...]]
    members: tuple[int, ...]

    def choose_channel(self, rng: random.Random) -> tuple[int, int]:
        """Choose a random channel and return it with its category."""
        category = rng.choice(list(self.categories))
        return rng.choice(self.categories[category]), category


def build_guild(number: int) -> tuple[GuildPolicy, GuildEntities]:
    """Build a guild with 20 rules, two channel lists, a disabled feature and a subscription period that ends.

    In guilds with an odd number a module is disabled, too.
    """
    rng = random.Random(number)
    ids = iter(range(FIRST_SNOWFLAKE + number * 1_000, FIRST_SNOWFLAKE + number * 1_000 + 1_000))
    entities = GuildEntities(
        roles=tuple(next(ids) for _ in range(25)),
        categories={next(ids): tuple(next(ids) for _ in range(5)) for _ in range(4)},
        members=tuple(next(ids) for _ in range(8)),
    )
    policy = GuildPolicy(
        guild_id=FIRST_SNOWFLAKE + number * 1_000,
        version=number,
        global_policy=OFFER,
        periods=(SubscriptionPeriod("premium", NOW - 1000, TIER_ENDS_AT),),
        feature_toggles={"feature12": False},
        module_toggles={"module5": False} if number % 2 else {},
        rules=tuple(_build_rule(id_, rng, entities) for id_ in range(1, RULE_COUNT + 1)),
        channel_lists=(
            ChannelList(TargetKind.EVERYTHING, "", frozenset([*entities.categories][:3])),
            ChannelList(TargetKind.FEATURE, "feature3", frozenset(next(iter(entities.categories.values())))),
        ),
    )
    return policy, entities


def _build_rule(id_: int, rng: random.Random, entities: GuildEntities) -> AccessRule:
    """Build a random rule: mostly about a role and a feature, as real rules are; every fifth is limited to a place."""
    subject = rng.choices(SUBJECT_KINDS, (15, 10, 60, 15))[0]
    target = rng.choices(TARGET_KINDS, (10, 20, 40, 30))[0]
    place = rng.choices(PLACE_KINDS, (80, 10, 10))[0]
    channel, category = entities.choose_channel(rng)
    return AccessRule(
        id=id_,
        allow=rng.random() < 0.5,
        subject_kind=subject,
        subject_id={
            SubjectKind.EVERYONE: 0,
            SubjectKind.PERMISSION: MANAGE_MESSAGES,
            SubjectKind.ROLE: rng.choice(entities.roles),
            SubjectKind.MEMBER: rng.choice(entities.members),
        }[subject],
        target_kind=target,
        target_key={
            TargetKind.EVERYTHING: "",
            TargetKind.MODULE: f"module{rng.randrange(MODULE_COUNT)}",
            TargetKind.FEATURE: f"feature{rng.randrange(FEATURE_COUNT)}",
            TargetKind.COMMAND: f"command{rng.randrange(COMMAND_COUNT)}",
        }[target],
        place_kind=place,
        place_id={PlaceKind.EVERYWHERE: 0, PlaceKind.CATEGORY: category, PlaceKind.CHANNEL: channel}[place],
        until=NOW + 3600 if rng.random() < 0.2 else None,
    )


def build_invocations(policy: GuildPolicy, entities: GuildEntities) -> list[Invocation]:
    """Build invocations of random commands in random channels, by members with ten roles each."""
    rng = random.Random(policy.version + 1)
    return [_build_invocation(policy, entities, rng) for _ in range(INVOCATION_COUNT)]


def _build_invocation(policy: GuildPolicy, entities: GuildEntities, rng: random.Random) -> Invocation:
    channel, category = entities.choose_channel(rng)
    permissions = rng.choices((0, MANAGE_MESSAGES, MANAGE_GUILD, ADMINISTRATOR), (60, 20, 15, 5))[0]
    return Invocation.from_member(
        guild_id=policy.guild_id,
        surface=rng.choice(SURFACES),
        at=NOW + rng.random(),
        member_id=rng.choice(entities.members),
        role_ids=rng.sample(entities.roles, ROLES_PER_MEMBER),
        permissions=permissions,
        channel_id=channel,
        category_id=category,
        remaining=0 if rng.random() < 0.05 else 5,
    )


def decide_by_reference(invocation: Invocation, policy: GuildPolicy) -> bool:
    """Reference implementation: evaluate the eight steps in order, directly on the rows of the policy."""
    if _is_always_refused(invocation.surface, policy) or invocation.at >= TIER_ENDS_AT:
        return False
    if invocation.is_administrator:
        return True
    for rule in _sort_by_precedence(invocation.surface, policy):
        if _is_applicable(rule, invocation):
            allowed = rule.allow
            break
    else:
        allowed = invocation.surface.audience == Audience.EVERYONE or bool(invocation.permissions & MANAGE_GUILD)
    channel_ids = _find_channel_list(invocation.surface, policy)
    is_in_listed_channel = (
        channel_ids is None or invocation.channel_id in channel_ids or invocation.category_id in channel_ids
    )
    return allowed and is_in_listed_channel and invocation.remaining > 0


def _is_applicable(rule: AccessRule, invocation: Invocation) -> bool:
    is_subject = {
        SubjectKind.EVERYONE: True,
        SubjectKind.PERMISSION: bool(invocation.permissions & rule.subject_id),
        SubjectKind.ROLE: rule.subject_id in invocation.subjects,
        SubjectKind.MEMBER: rule.subject_id == invocation.member_id,
    }[rule.subject_kind]
    return is_subject and rule.place_id in (0, invocation.channel_id, invocation.category_id)


def to_json(policy: GuildPolicy, invocations: Iterable[Invocation]) -> dict[str, Any]:
    """Serialize a guild and its invocations for another engine; ids are strings."""
    return {
        "commands": {surface.key: dict(_describe_command(surface, policy)) for surface in SURFACES},
        "tier_ends": TIER_ENDS_AT,
        "rules": [
            [
                rule.allow,
                rule.subject_kind,
                str(rule.subject_id),
                f"{rule.target_kind}:{rule.target_key}",
                str(rule.place_id),
            ]
            for rule in policy.rules
        ],
        "questions": [
            {
                "command": invocation.surface.key,
                "member": str(invocation.member_id),
                "roles": [str(role) for role in sorted(invocation.subjects - {invocation.member_id})],
                "permissions": invocation.permissions,
                "administrator": invocation.is_administrator,
                "channel": str(invocation.channel_id),
                "category": str(invocation.category_id),
                "left": invocation.remaining,
                "at": invocation.at,
            }
            for invocation in invocations
        ],
    }


def _describe_command(surface: Surface, policy: GuildPolicy) -> Iterator[tuple[str, Any]]:
    yield "off", _is_always_refused(surface, policy)
    yield "everyone", surface.audience == Audience.EVERYONE
    channel_ids = _find_channel_list(surface, policy)
    yield "places", None if channel_ids is None else [str(channel_id) for channel_id in sorted(channel_ids)]
    rules = _sort_by_precedence(surface, policy)
    yield (
        "rules",
        [[rule.allow, rule.subject_kind, str(rule.subject_id), rule.place_kind, str(rule.place_id)] for rule in rules],
    )


def _is_always_refused(surface: Surface, policy: GuildPolicy) -> bool:
    """True when a command is refused for every member, by kill switch, tier or toggle, while the tier is premium."""
    feature = str(surface.feature)
    return (
        feature in policy.global_policy.kill_switches
        or feature not in policy.global_policy.tiers["premium"].features
        or not policy.feature_toggles.get(feature, True)
        or not policy.module_toggles.get(FEATURE_SPECS[feature].module, True)
    )


def _sort_by_precedence(surface: Surface, policy: GuildPolicy) -> list[AccessRule]:
    targets = _list_targets(surface)
    matching_rules = [rule for rule in policy.rules if (rule.target_kind, rule.target_key) in targets]

    def get_rank(rule: AccessRule) -> tuple[int, int, int, bool]:
        kinds = (
            SUBJECT_KINDS.index(rule.subject_kind),
            TARGET_KINDS.index(rule.target_kind),
            PLACE_KINDS.index(rule.place_kind),
        )
        return (*(-kind for kind in kinds), rule.allow)  # type: ignore[return-value]

    return sorted(matching_rules, key=get_rank)


def _find_channel_list(surface: Surface, policy: GuildPolicy) -> frozenset[int] | None:
    lists = {
        (channel_list.target_kind, channel_list.target_key): channel_list.place_ids
        for channel_list in policy.channel_lists
    }
    return next((lists[target] for target in reversed(_list_targets(surface)) if target in lists), None)


def _list_targets(surface: Surface) -> list[tuple[TargetKind, str]]:
    """Targets that include a surface, from the widest (everything) to the narrowest (the command)."""
    feature = str(surface.feature)
    keys = ("", str(FEATURE_SPECS[feature].module), feature, surface.key)
    return list(zip(TARGET_KINDS, keys, strict=True))
