"""Random policies and invocations with many collisions: few members, channels and keys, many rules about them."""

import random
from functools import cache
from types import MappingProxyType

from herwa_shared.catalog import Audience, Essential, FeatureSpec, Limit, Surface, SurfaceKind, SurfaceRegistry, TierKey
from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import (
    AccessRule,
    ChannelList,
    GlobalPolicy,
    Grant,
    GuildPolicy,
    PlaceKind,
    SubjectKind,
    SubscriptionPeriod,
    TargetKind,
    Tier,
)

ROLE_IDS, MEMBER_IDS = (101, 102, 103, 104), (201, 202, 203)
CHANNEL_IDS_BY_CATEGORY = {301: (401, 402), 302: (403,), 0: (404,)}
CHANNELS = tuple((channel, category) for category, channels in CHANNEL_IDS_BY_CATEGORY.items() for channel in channels)
RULE_PERMISSIONS = (1 << 13, 1 << 34, (1 << 13) | (1 << 34), MANAGE_GUILD)
MEMBER_PERMISSIONS = (
    0,
    1 << 13,
    1 << 34,
    (1 << 13) | (1 << 34),
    MANAGE_GUILD,
    MANAGE_GUILD | 1 << 13,
    ADMINISTRATOR,
    1 << 20,
)
BOUNDARY_TIMES = (10.0, 20.0, 30.0)
INVOCATION_TIMES = (5.0, 9.999, 10.0, 10.5, 19.999, 20.0, 25.0, 30.0, 31.0)

NO, PROTECTED, ALWAYS = Essential.NO, Essential.PROTECTED, Essential.ALWAYS
FEATURES = MappingProxyType(
    {
        key: FeatureSpec(key, module, key, "", TierKey.FREE, on, essential)
        for key, module, on, essential in (
            ("talk.stats", "talk", True, NO),
            ("talk.quiet", "talk", False, NO),
            ("ticket.stats", "ticket", True, NO),
            ("rule.set", "rule", True, PROTECTED),
            ("help", "rule", True, ALWAYS),
        )
    }
)
UNKNOWN_FEATURE = "unknown.stats"
COMMANDS = (
    ("stats", "talk.stats"),
    ("top", "talk.stats"),
    ("top channels", "talk.stats"),
    ("top channels week", "ticket.stats"),
    ("topmost", "ticket.stats"),
    ("hush", "talk.quiet"),
    ("rules set", "rule.set"),
    ("help", "help"),
    ("odd", UNKNOWN_FEATURE),
)
EVERYONE, MANAGERS = Audience.EVERYONE, Audience.MANAGERS
SURFACES = SurfaceRegistry(
    Surface(kind, key, feature, key, audience)
    for kind, audience, keys in (
        (SurfaceKind.COMMAND, EVERYONE, COMMANDS),
        (SurfaceKind.MENU, MANAGERS, (("top talkers", "talk.stats"), ("Who is this", "rule.set"))),
        (SurfaceKind.PAGE, MANAGERS, (("top", "talk.stats"), ("tickets", "ticket.stats"))),
        (SurfaceKind.API, EVERYONE, (("top", "talk.stats"), ("rules", "rule.set"))),
    )
    for key, feature in keys
)
UNREGISTERED_SURFACE = Surface(SurfaceKind.COMMAND, "top elsewhere", "talk.stats", "Of another process", MANAGERS)
TARGETS = tuple(
    (kind, key)
    for kind, keys in (
        (TargetKind.EVERYTHING, ("",)),
        (TargetKind.MODULE, ("talk", "ticket", "rule")),
        (TargetKind.FEATURE, ("talk.stats", "ticket.stats", "rule.set", "help", UNKNOWN_FEATURE)),
        (TargetKind.COMMAND, ("top", "top channels", "top channels week", "stats", "rules", "topmost", "Who", "help")),
    )
    for key in keys
)
SUBJECTS = (
    *((SubjectKind.EVERYONE, 0),) * 3,
    *((SubjectKind.PERMISSION, bits) for bits in RULE_PERMISSIONS),
    *((SubjectKind.ROLE, role) for role in ROLE_IDS),
    *((SubjectKind.MEMBER, member) for member in MEMBER_IDS),
)
PLACES = (
    *((PlaceKind.EVERYWHERE, 0),) * 6,
    *((PlaceKind.CATEGORY, category) for category in CHANNEL_IDS_BY_CATEGORY if category),
    *((PlaceKind.CHANNEL, channel) for channel, _ in CHANNELS),
    # An id under the wrong kind matches nothing.
    (PlaceKind.CHANNEL, 301),
    (PlaceKind.CATEGORY, 401),
)
LISTABLE_PLACE_IDS = (*(channel for channel, _ in CHANNELS), 301, 302)
TIER_KEYS = ("free", "middle", "premium", "gone")
LIMITS = (Limit.WIDGETS, Limit.EXPORT_ROWS)
ALL_FEATURES = (*FEATURES, UNKNOWN_FEATURE)


def build_random_policy(rng: random.Random) -> GuildPolicy:
    """Build a random policy; most of its parts are small or empty."""
    return GuildPolicy(
        guild_id=1,
        version=rng.randrange(100),
        global_policy=_build_global_policy(rng.randrange(500)),
        periods=tuple(
            SubscriptionPeriod(rng.choice(TIER_KEYS), *_build_period(rng)) for _ in range(rng.choice((0, 0, 1, 2, 3)))
        ),
        grants=tuple(_build_grant(rng) for _ in range(rng.choice((0, 0, 0, 1, 2)))),
        feature_toggles=_build_toggles(ALL_FEATURES, rng),
        module_toggles=_build_toggles(("talk", "ticket", "rule"), rng),
        rules=tuple(_build_rule(rule_id, rng) for rule_id in _build_rule_ids(rng)),
        channel_lists=tuple(_build_channel_lists(rng)),
    )


def build_random_invocation(rng: random.Random) -> Invocation:
    """Build a random invocation: mostly a member's, sometimes an API key's, a widget's, or of another process's surface."""
    surface = rng.choice(SURFACES.all) if rng.random() < 0.97 else UNREGISTERED_SURFACE
    at = rng.choice(INVOCATION_TIMES)
    roll = rng.random()
    if roll < 0.08:
        return Invocation.from_key(
            guild_id=1, surface=surface, at=at, in_scope=rng.random() < 0.8, remaining=rng.choice((-1, 0, 1, 9))
        )
    if roll < 0.12:
        return Invocation.from_widget(guild_id=1, surface=surface, at=at)
    channel_id, category_id = rng.choice(CHANNELS) if rng.random() < 0.9 else (0, 301)
    return Invocation.from_member(
        guild_id=1,
        surface=surface,
        at=at,
        member_id=rng.choice(MEMBER_IDS),
        role_ids=rng.sample(ROLE_IDS, rng.randrange(4)),
        permissions=rng.choice(MEMBER_PERMISSIONS),
        is_owner=rng.random() < 0.03,
        channel_id=channel_id,
        category_id=category_id,
        remaining=rng.choice((0, 1, 1, 1, 5)),
    )


@cache
def _build_global_policy(seed: int) -> GlobalPolicy:
    rng = random.Random(seed)

    def build_tier(key: str, rank: int, min_features: int) -> Tier:
        features = frozenset(rng.sample(ALL_FEATURES, rng.randint(min_features, len(ALL_FEATURES))))
        limits = {limit: rng.choice((0, 5, None)) for limit in LIMITS if rng.random() < 0.8}
        return Tier(key, key.title(), rank, features, limits)

    tiers = [build_tier("free", rng.choice((0, 7)), 3), build_tier("middle", 5, 3), build_tier("premium", 10, 4)]
    kill_switches = {rng.choice(ALL_FEATURES): "it hurts"} if rng.random() < 0.15 else {}
    return GlobalPolicy(
        {candidate.key: candidate for candidate in tiers if rng.random() < 0.97}, kill_switches, FEATURES
    )


def _build_period(rng: random.Random) -> tuple[float, float | None]:
    starts = rng.choice((0.0, *BOUNDARY_TIMES))
    return starts, rng.choice((None, *(time for time in (*BOUNDARY_TIMES, 40.0) if time > starts)))


def _build_grant(rng: random.Random) -> Grant:
    if rng.random() < 0.6:
        return Grant(rng.choice(ALL_FEATURES), None, None, *_build_period(rng))
    return Grant(None, rng.choice(LIMITS), rng.choice((0, 7, None)), *_build_period(rng))


def _build_toggles(keys: tuple[str, ...], rng: random.Random) -> dict[str, bool]:
    if rng.random() < 0.5:
        return {}
    return {key: rng.random() < 0.7 for key in keys if rng.random() < 0.4}


def _build_rule_ids(rng: random.Random) -> list[int]:
    """Shuffled rule ids: mostly a few, sometimes none, rarely up to 300."""
    rule_ids = list(range(1, 1 + (rng.randrange(300) if rng.random() < 0.001 else rng.choice((0, 1, 3, 5, 8, 14)))))
    rng.shuffle(rule_ids)
    return rule_ids


def _build_rule(rule_id: int, rng: random.Random) -> AccessRule:
    return AccessRule(
        rule_id,
        rng.random() < 0.5,
        *rng.choice(SUBJECTS),
        *rng.choice(TARGETS),
        *rng.choice(PLACES),
        until=rng.choice(BOUNDARY_TIMES) if rng.random() < 0.3 else None,
        note=rng.choice(("", "a note")),
    )


def _build_channel_lists(rng: random.Random) -> list[ChannelList]:
    targets = rng.sample(TARGETS, rng.choice((0, 0, 1, 2, 4)))
    return [ChannelList(*target, frozenset(rng.sample(LISTABLE_PLACE_IDS, rng.randint(1, 3)))) for target in targets]
