"""One small server as the catalogue has it: who is in it, and how they ask."""

from collections.abc import Iterable
from dataclasses import replace

from herwa_shared.catalog import FEATURES, Audience, FeatureKey, Limit, Surface, SurfaceKind, Surfaces
from herwa_shared.guardrail.compiler import compile_policy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import AccessRule, GuildPolicy, Offer, SubjectKind, TargetKind, Tier
from herwa_shared.guardrail.verdict import Reason, Trace

NOW = 1_760_000_000.0
GUILD, MEMBER, SUPPORT, NEWCOMER = 1, 2, 30, 31
STAFF, LOUNGE, OFFICE = 40, 41, 50
ROOMS = {STAFF: OFFICE, LOUNGE: 0}

VOICE = Surface(SurfaceKind.COMMAND, "voice-stats", FeatureKey.VOICE_STATS, "Voice stats")
TICKETS = Surface(SurfaceKind.COMMAND, "ticket-stats", FeatureKey.TICKET_STATS, "Ticket stats")
ALLOW = Surface(SurfaceKind.COMMAND, "permissions allow", FeatureKey.PERMISSIONS, "Allow", Audience.MANAGERS)
HELP = Surface(SurfaceKind.COMMAND, "help", FeatureKey.HELP, "Help")
OVERVIEW = Surface(SurfaceKind.PAGE, "overview", FeatureKey.OVERVIEW, "Overview", Audience.MANAGERS)
STATISTICS = Surface(SurfaceKind.API, "stats", FeatureKey.API_STATISTICS, "Statistics", Audience.MANAGERS)
SURFACES = Surfaces((VOICE, TICKETS, ALLOW, HELP, OVERVIEW, STATISTICS))

_ALL = frozenset(str(key) for key in FEATURES)
FREE = Tier("free", "Free", 0, _ALL - {"ticket.stats"}, {Limit.WIDGETS: 1, Limit.HISTORY_DAYS: 90})
PREMIUM = Tier("premium", "Premium", 10, _ALL, {Limit.WIDGETS: 10, Limit.HISTORY_DAYS: None})
OFFER = Offer({"free": FREE, "premium": PREMIUM}, {})
POLICY = GuildPolicy(GUILD, 1, OFFER)


def rule(
    allow: bool,
    who: tuple[SubjectKind, int] = (SubjectKind.EVERYONE, 0),
    what: tuple[TargetKind, str] = (TargetKind.EVERYTHING, ""),
    **more: object,
) -> AccessRule:
    """A rule; its id does not matter."""
    return AccessRule(1, allow, *who, *what, **more)  # type: ignore[arg-type]


def ruled(*rules: AccessRule, policy: GuildPolicy = POLICY) -> GuildPolicy:
    """The server with these rules."""
    return replace(policy, rules=tuple(replace(one, id=id_) for id_, one in enumerate(rules, start=1)))


def by_member(
    surface: Surface = VOICE,
    *,
    roles: Iterable[int] = (),
    permissions: int = 0,
    is_owner: bool = False,
    channel: int = LOUNGE,
    at: float = NOW,
    left: int = 1,
) -> Invocation:
    """A member asks."""
    return Invocation.by_member(
        guild_id=GUILD,
        surface=surface,
        at=at,
        member_id=MEMBER,
        role_ids=roles,
        permissions=permissions,
        is_owner=is_owner,
        channel_id=channel,
        category_id=ROOMS.get(channel, 0),
        left=left,
    )


def asked(invocation: Invocation, policy: GuildPolicy = POLICY) -> Trace:
    """The trace, and `decide` says the same."""
    trace = explain(invocation, policy)
    assert decide(invocation, compile_policy(policy, SURFACES, NOW)) == trace.verdict
    return trace


def answer(invocation: Invocation, policy: GuildPolicy = POLICY) -> tuple[bool, Reason]:
    """Allowed, and why."""
    verdict = asked(invocation, policy).verdict
    return verdict.allowed, verdict.reason
