"""Random guilds, made so that everything collides: few people, places and keys, many rules about them."""

import random
from functools import cache
from types import MappingProxyType

from herwa_shared.catalog import Audience, Essential, FeatureSpec, Limit, Surface, SurfaceKind, Surfaces, TierKey
from herwa_shared.discord.constants import ADMINISTRATOR, MANAGE_GUILD
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import (
    AccessRule,
    ChannelList,
    Grant,
    GuildPolicy,
    Offer,
    PlaceKind,
    SubjectKind,
    TargetKind,
    Term,
    Tier,
)

ROLES, MEMBERS = (101, 102, 103, 104), (201, 202, 203)
CATEGORIES = {301: (401, 402), 302: (403,), 0: (404,)}
CHANNELS = tuple((channel, category) for category, channels in CATEGORIES.items() for channel in channels)
BITS = (1 << 13, 1 << 34, (1 << 13) | (1 << 34), MANAGE_GUILD)
HELD = (0, 1 << 13, 1 << 34, (1 << 13) | (1 << 34), MANAGE_GUILD, MANAGE_GUILD | 1 << 13, ADMINISTRATOR, 1 << 20)
MOMENTS = (10.0, 20.0, 30.0)
ASKED_AT = (5.0, 9.999, 10.0, 10.5, 19.999, 20.0, 25.0, 30.0, 31.0)

NO, KEPT, ALWAYS = Essential.NO, Essential.KEPT, Essential.ALWAYS
FEATURES = MappingProxyType(
    {
        key: FeatureSpec(key, module, key, "", TierKey.FREE, on, essential)
        for key, module, on, essential in (
            ("talk.stats", "talk", True, NO),
            ("talk.quiet", "talk", False, NO),
            ("ticket.stats", "ticket", True, NO),
            ("rule.set", "rule", True, KEPT),
            ("help", "rule", True, ALWAYS),
        )
    }
)
UNKNOWN = "nobody.knows"
COMMANDS = (
    ("stats", "talk.stats"),
    ("top", "talk.stats"),
    ("top channels", "talk.stats"),
    ("top channels week", "ticket.stats"),
    ("topmost", "ticket.stats"),
    ("hush", "talk.quiet"),
    ("rules set", "rule.set"),
    ("help", "help"),
    ("odd", UNKNOWN),
)
EVERYONE, MANAGERS = Audience.EVERYONE, Audience.MANAGERS
SURFACES = Surfaces(
    Surface(kind, key, feature, key, audience)
    for kind, audience, keys in (
        (SurfaceKind.COMMAND, EVERYONE, COMMANDS),
        (SurfaceKind.MENU, MANAGERS, (("top talkers", "talk.stats"), ("Who is this", "rule.set"))),
        (SurfaceKind.PAGE, MANAGERS, (("top", "talk.stats"), ("tickets", "ticket.stats"))),
        (SurfaceKind.API, EVERYONE, (("top", "talk.stats"), ("rules", "rule.set"))),
    )
    for key, feature in keys
)
ELSEWHERE = Surface(SurfaceKind.COMMAND, "top elsewhere", "talk.stats", "Of another process", MANAGERS)
TARGETS = tuple(
    (kind, key)
    for kind, keys in (
        (TargetKind.EVERYTHING, ("",)),
        (TargetKind.MODULE, ("talk", "ticket", "rule")),
        (TargetKind.FEATURE, ("talk.stats", "ticket.stats", "rule.set", "help", UNKNOWN)),
        (TargetKind.COMMAND, ("top", "top channels", "top channels week", "stats", "rules", "topmost", "Who", "help")),
    )
    for key in keys
)
SUBJECTS = (
    *((SubjectKind.EVERYONE, 0),) * 3,
    *((SubjectKind.PERMISSION, bits) for bits in BITS),
    *((SubjectKind.ROLE, role) for role in ROLES),
    *((SubjectKind.MEMBER, member) for member in MEMBERS),
)
PLACES = (
    *((PlaceKind.EVERYWHERE, 0),) * 6,
    *((PlaceKind.CATEGORY, category) for category in CATEGORIES if category),
    *((PlaceKind.CHANNEL, channel) for channel, _ in CHANNELS),
    # An id under the wrong kind concerns nothing.
    (PlaceKind.CHANNEL, 301),
    (PlaceKind.CATEGORY, 401),
)
LISTABLE = (*(channel for channel, _ in CHANNELS), 301, 302)
TIERS = ("free", "middle", "premium", "gone")
LIMITS = (Limit.WIDGETS, Limit.EXPORT_ROWS)
EVERY_FEATURE = (*FEATURES, UNKNOWN)


def random_policy(chance: random.Random) -> GuildPolicy:
    """All of it at random, most of it small."""
    return GuildPolicy(
        guild_id=1,
        version=chance.randrange(100),
        offer=_offer(chance.randrange(500)),
        terms=tuple(Term(chance.choice(TIERS), *_span(chance)) for _ in range(chance.choice((0, 0, 1, 2, 3)))),
        grants=tuple(_grant(chance) for _ in range(chance.choice((0, 0, 0, 1, 2)))),
        feature_toggles=_toggles(EVERY_FEATURE, chance),
        module_toggles=_toggles(("talk", "ticket", "rule"), chance),
        rules=tuple(_rule(id_, chance) for id_ in _ids(chance)),
        lists=tuple(_lists(chance)),
    )


def random_invocation(chance: random.Random) -> Invocation:
    """Mostly a member; now and then a key, a widget, or a surface of another process."""
    surface = chance.choice(SURFACES.all) if chance.random() < 0.97 else ELSEWHERE
    at = chance.choice(ASKED_AT)
    dice = chance.random()
    if dice < 0.08:
        return Invocation.by_key(
            guild_id=1, surface=surface, at=at, in_scope=chance.random() < 0.8, left=chance.choice((-1, 0, 1, 9))
        )
    if dice < 0.12:
        return Invocation.by_widget(guild_id=1, surface=surface, at=at)
    channel, category = chance.choice(CHANNELS) if chance.random() < 0.9 else (0, 301)
    return Invocation.by_member(
        guild_id=1,
        surface=surface,
        at=at,
        member_id=chance.choice(MEMBERS),
        role_ids=chance.sample(ROLES, chance.randrange(4)),
        permissions=chance.choice(HELD),
        is_owner=chance.random() < 0.03,
        channel_id=channel,
        category_id=category,
        left=chance.choice((0, 1, 1, 1, 5)),
    )


@cache
def _offer(number: int) -> Offer:
    chance = random.Random(number)

    def tier(key: str, rank: int, least: int) -> Tier:
        features = frozenset(chance.sample(EVERY_FEATURE, chance.randint(least, len(EVERY_FEATURE))))
        limits = {limit: chance.choice((0, 5, None)) for limit in LIMITS if chance.random() < 0.8}
        return Tier(key, key.title(), rank, features, limits)

    tiers = [tier("free", chance.choice((0, 7)), 3), tier("middle", 5, 3), tier("premium", 10, 4)]
    killed = {chance.choice(EVERY_FEATURE): "it hurts"} if chance.random() < 0.15 else {}
    return Offer({one.key: one for one in tiers if chance.random() < 0.97}, killed, FEATURES)


def _span(chance: random.Random) -> tuple[float, float | None]:
    starts = chance.choice((0.0, *MOMENTS))
    return starts, chance.choice((None, *(moment for moment in (*MOMENTS, 40.0) if moment > starts)))


def _grant(chance: random.Random) -> Grant:
    if chance.random() < 0.6:
        return Grant(chance.choice(EVERY_FEATURE), None, None, *_span(chance))
    return Grant(None, chance.choice(LIMITS), chance.choice((0, 7, None)), *_span(chance))


def _toggles(keys: tuple[str, ...], chance: random.Random) -> dict[str, bool]:
    if chance.random() < 0.5:
        return {}
    return {key: chance.random() < 0.7 for key in keys if chance.random() < 0.4}


def _ids(chance: random.Random) -> list[int]:
    """In any order; now and then none, now and then very many."""
    ids = list(range(1, 1 + (chance.randrange(300) if chance.random() < 0.001 else chance.choice((0, 1, 3, 5, 8, 14)))))
    chance.shuffle(ids)
    return ids


def _rule(id_: int, chance: random.Random) -> AccessRule:
    return AccessRule(
        id_,
        chance.random() < 0.5,
        *chance.choice(SUBJECTS),
        *chance.choice(TARGETS),
        *chance.choice(PLACES),
        until=chance.choice(MOMENTS) if chance.random() < 0.3 else None,
        note=chance.choice(("", "a note")),
    )


def _lists(chance: random.Random) -> list[ChannelList]:
    targets = chance.sample(TARGETS, chance.choice((0, 0, 1, 2, 4)))
    return [ChannelList(*one, frozenset(chance.sample(LISTABLE, chance.randint(1, 3)))) for one in targets]
