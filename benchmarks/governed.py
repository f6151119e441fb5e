"""The job of the guardrail's benchmarks: governed guilds, questions about them, and a reference that answers slowly.

The reference reads the rows with loops and knows nothing of Herwa's steps. For engines that are no part of Herwa the
same guild is written down as JSON, in which what does not depend on the asker is settled: each command has its rules in
the order in which the first one that matches decides.
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
    GuildPolicy,
    Offer,
    PlaceKind,
    SubjectKind,
    TargetKind,
    Term,
    Tier,
)

MODULES, FEATURES, COMMANDS = 6, 16, 24
RULES, ROLES_OF_A_MEMBER, QUESTIONS = 20, 10, 64
NOW, TIER_ENDS = 1_700_000_000.0, 1_700_086_400.0
SNOWFLAKE = 1_100_000_000_000_000_000
MANAGE_MESSAGES = 1 << 13
SUBJECTS, TARGETS, PLACES = list(SubjectKind), list(TargetKind), list(PlaceKind)

FEATURE_SPECS = {
    f"feature{n}": FeatureSpec(f"feature{n}", f"module{n % MODULES}", f"Feature {n}", "It does.")  # type: ignore[arg-type]
    for n in range(FEATURES)
}
SURFACES = tuple(
    Surface(
        SurfaceKind.COMMAND,
        f"command{n}",
        f"feature{n % FEATURES}",  # type: ignore[arg-type]
        f"Command {n}",
        Audience.MANAGERS if n % 6 == 5 else Audience.EVERYONE,
    )
    for n in range(COMMANDS)
)
_ALL = frozenset(FEATURE_SPECS)
_LIMITS = dict.fromkeys(Limit, 100)
OFFER = Offer(
    tiers={
        "free": Tier("free", "Free", 0, _ALL - {"feature13", "feature14"}, _LIMITS),
        "premium": Tier("premium", "Premium", 10, _ALL - {"feature14"}, _LIMITS),
    },
    kill_switches={"feature15": "it hurts"},
    features=FEATURE_SPECS,  # type: ignore[arg-type]
)


@dataclass(frozen=True, slots=True)
class Cast:
    """The roles, channels by category, and members of one guild, by id."""

    roles: tuple[int, ...]
    categories: dict[int, tuple[int, ...]]
    members: tuple[int, ...]

    def place(self, chance: random.Random) -> tuple[int, int]:
        """A channel and its category."""
        category = chance.choice(list(self.categories))
        return chance.choice(self.categories[category]), category


def guild(number: int) -> tuple[GuildPolicy, Cast]:
    """One guild with twenty rules, two channel lists, a feature and a module switched off, and a tier that will end."""
    chance = random.Random(number)
    ids = iter(range(SNOWFLAKE + number * 1_000, SNOWFLAKE + number * 1_000 + 1_000))
    cast = Cast(
        roles=tuple(next(ids) for _ in range(25)),
        categories={next(ids): tuple(next(ids) for _ in range(5)) for _ in range(4)},
        members=tuple(next(ids) for _ in range(8)),
    )
    policy = GuildPolicy(
        guild_id=SNOWFLAKE + number * 1_000,
        version=number,
        offer=OFFER,
        terms=(Term("premium", NOW - 1000, TIER_ENDS),),
        feature_toggles={"feature12": False},
        module_toggles={"module5": False} if number % 2 else {},
        rules=tuple(_rule(id_, chance, cast) for id_ in range(1, RULES + 1)),
        lists=(
            ChannelList(TargetKind.EVERYTHING, "", frozenset([*cast.categories][:3])),
            ChannelList(TargetKind.FEATURE, "feature3", frozenset(next(iter(cast.categories.values())))),
        ),
    )
    return policy, cast


def _rule(id_: int, chance: random.Random, cast: Cast) -> AccessRule:
    """Mostly about a role and a feature, as people write them; each fifth is narrowed to a place."""
    subject = chance.choices(SUBJECTS, (15, 10, 60, 15))[0]
    target = chance.choices(TARGETS, (10, 20, 40, 30))[0]
    place = chance.choices(PLACES, (80, 10, 10))[0]
    channel, category = cast.place(chance)
    return AccessRule(
        id=id_,
        allow=chance.random() < 0.5,
        subject_kind=subject,
        subject_id={
            SubjectKind.EVERYONE: 0,
            SubjectKind.PERMISSION: MANAGE_MESSAGES,
            SubjectKind.ROLE: chance.choice(cast.roles),
            SubjectKind.MEMBER: chance.choice(cast.members),
        }[subject],
        target_kind=target,
        target_key={
            TargetKind.EVERYTHING: "",
            TargetKind.MODULE: f"module{chance.randrange(MODULES)}",
            TargetKind.FEATURE: f"feature{chance.randrange(FEATURES)}",
            TargetKind.COMMAND: f"command{chance.randrange(COMMANDS)}",
        }[target],
        place_kind=place,
        place_id={PlaceKind.EVERYWHERE: 0, PlaceKind.CATEGORY: category, PlaceKind.CHANNEL: channel}[place],
        until=NOW + 3600 if chance.random() < 0.2 else None,
    )


def questions(policy: GuildPolicy, cast: Cast) -> list[Invocation]:
    """Members with ten roles each ask for commands all over the guild."""
    chance = random.Random(policy.version + 1)
    return [_question(policy, cast, chance) for _ in range(QUESTIONS)]


def _question(policy: GuildPolicy, cast: Cast, chance: random.Random) -> Invocation:
    channel, category = cast.place(chance)
    permissions = chance.choices((0, MANAGE_MESSAGES, MANAGE_GUILD, ADMINISTRATOR), (60, 20, 15, 5))[0]
    return Invocation.by_member(
        guild_id=policy.guild_id,
        surface=chance.choice(SURFACES),
        at=NOW + chance.random(),
        member_id=chance.choice(cast.members),
        role_ids=chance.sample(cast.roles, ROLES_OF_A_MEMBER),
        permissions=permissions,
        channel_id=channel,
        category_id=category,
        left=0 if chance.random() < 0.05 else 5,
    )


def reference(asked: Invocation, policy: GuildPolicy) -> bool:
    """May it run: the eight steps read from the rows, one after the other."""
    if _settled(asked.surface, policy) or asked.at >= TIER_ENDS:
        return False
    if asked.is_administrator:
        return True
    for rule in _by_precedence(asked.surface, policy):
        if _is_about(rule, asked):
            allowed = rule.allow
            break
    else:
        allowed = asked.surface.audience == Audience.EVERYONE or bool(asked.permissions & MANAGE_GUILD)
    places = _list_of(asked.surface, policy)
    listed = places is None or asked.channel_id in places or asked.category_id in places
    return allowed and listed and asked.left > 0


def _is_about(rule: AccessRule, asked: Invocation) -> bool:
    subject = {
        SubjectKind.EVERYONE: True,
        SubjectKind.PERMISSION: bool(asked.permissions & rule.subject_id),
        SubjectKind.ROLE: rule.subject_id in asked.subjects,
        SubjectKind.MEMBER: rule.subject_id == asked.member_id,
    }[rule.subject_kind]
    return subject and rule.place_id in (0, asked.channel_id, asked.category_id)


def as_json(policy: GuildPolicy, asked: Iterable[Invocation]) -> dict[str, Any]:
    """The job for an engine that is no part of Herwa; ids are texts."""
    return {
        "commands": {surface.key: dict(_command(surface, policy)) for surface in SURFACES},
        "tier_ends": TIER_ENDS,
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
                "command": one.surface.key,
                "member": str(one.member_id),
                "roles": [str(role) for role in sorted(one.subjects - {one.member_id})],
                "permissions": one.permissions,
                "administrator": one.is_administrator,
                "channel": str(one.channel_id),
                "category": str(one.category_id),
                "left": one.left,
                "at": one.at,
            }
            for one in asked
        ],
    }


def _command(surface: Surface, policy: GuildPolicy) -> Iterator[tuple[str, Any]]:
    yield "off", _settled(surface, policy)
    yield "everyone", surface.audience == Audience.EVERYONE
    places = _list_of(surface, policy)
    yield "places", None if places is None else [str(place) for place in sorted(places)]
    rules = _by_precedence(surface, policy)
    yield "rules", [[r.allow, r.subject_kind, str(r.subject_id), r.place_kind, str(r.place_id)] for r in rules]


def _settled(surface: Surface, policy: GuildPolicy) -> bool:
    """Refused whoever asks, while the tier lasts."""
    feature = str(surface.feature)
    return (
        feature in policy.offer.kill_switches
        or feature not in policy.offer.tiers["premium"].features
        or not policy.feature_toggles.get(feature, True)
        or not policy.module_toggles.get(FEATURE_SPECS[feature].module, True)
    )


def _by_precedence(surface: Surface, policy: GuildPolicy) -> list[AccessRule]:
    targets = _targets(surface)
    concerned = [rule for rule in policy.rules if (rule.target_kind, rule.target_key) in targets]

    def rank(rule: AccessRule) -> tuple[int, int, int, bool]:
        kinds = SUBJECTS.index(rule.subject_kind), TARGETS.index(rule.target_kind), PLACES.index(rule.place_kind)
        return (*(-kind for kind in kinds), rule.allow)  # type: ignore[return-value]

    return sorted(concerned, key=rank)


def _list_of(surface: Surface, policy: GuildPolicy) -> frozenset[int] | None:
    lists = {(one.target_kind, one.target_key): one.place_ids for one in policy.lists}
    return next((lists[target] for target in reversed(_targets(surface)) if target in lists), None)


def _targets(surface: Surface) -> list[tuple[TargetKind, str]]:
    """From everything to the command."""
    feature = str(surface.feature)
    keys = ("", str(FEATURE_SPECS[feature].module), feature, surface.key)
    return list(zip(TARGETS, keys, strict=True))
