"""A small guild with tiers and surfaces of the catalog, and factories for its rules, policies and invocations."""

from collections.abc import Iterable
from dataclasses import replace

from herwa_shared.catalog import FEATURES, Audience, FeatureKey, Limit, Surface, SurfaceKind, SurfaceRegistry
from herwa_shared.guardrail.compiler import compile_policy
from herwa_shared.guardrail.decide import decide
from herwa_shared.guardrail.explain import explain
from herwa_shared.guardrail.invocation import Invocation
from herwa_shared.guardrail.policy import AccessRule, GlobalPolicy, GuildPolicy, SubjectKind, TargetKind, Tier
from herwa_shared.guardrail.verdict import Reason, Trace

NOW = 1_760_000_000.0
GUILD_ID, MEMBER_ID, SUPPORT_ROLE, NEWCOMER_ROLE = 1, 2, 30, 31
STAFF_CHANNEL, LOUNGE_CHANNEL, OFFICE_CATEGORY = 40, 41, 50
CATEGORY_BY_CHANNEL = {STAFF_CHANNEL: OFFICE_CATEGORY, LOUNGE_CHANNEL: 0}

VOICE_COMMAND = Surface(SurfaceKind.COMMAND, "voice-stats", FeatureKey.VOICE_STATS, "Voice stats")
TICKETS_COMMAND = Surface(SurfaceKind.COMMAND, "ticket-stats", FeatureKey.TICKET_STATS, "Ticket stats")
ALLOW_COMMAND = Surface(SurfaceKind.COMMAND, "permissions allow", FeatureKey.PERMISSIONS, "Allow", Audience.MANAGERS)
HELP_COMMAND = Surface(SurfaceKind.COMMAND, "help", FeatureKey.HELP, "Help")
OVERVIEW_PAGE = Surface(SurfaceKind.PAGE, "overview", FeatureKey.OVERVIEW, "Overview", Audience.MANAGERS)
STATISTICS_ROUTE = Surface(SurfaceKind.API, "stats", FeatureKey.API_STATISTICS, "Statistics", Audience.MANAGERS)
SURFACES = SurfaceRegistry(
    (VOICE_COMMAND, TICKETS_COMMAND, ALLOW_COMMAND, HELP_COMMAND, OVERVIEW_PAGE, STATISTICS_ROUTE)
)

_ALL_FEATURES = frozenset(str(key) for key in FEATURES)
FREE_TIER = Tier("free", "Free", 0, _ALL_FEATURES - {"ticket.stats"}, {Limit.WIDGETS: 1, Limit.HISTORY_DAYS: 90})
PREMIUM_TIER = Tier("premium", "Premium", 10, _ALL_FEATURES, {Limit.WIDGETS: 10, Limit.HISTORY_DAYS: None})
GLOBAL_POLICY = GlobalPolicy({"free": FREE_TIER, "premium": PREMIUM_TIER}, {})
POLICY = GuildPolicy(GUILD_ID, 1, GLOBAL_POLICY)


def build_rule(
    allow: bool,
    subject: tuple[SubjectKind, int] = (SubjectKind.EVERYONE, 0),
    target: tuple[TargetKind, str] = (TargetKind.EVERYTHING, ""),
    **fields: object,
) -> AccessRule:
    """Build a rule, by default about everyone and everything; `build_policy` replaces its id."""
    return AccessRule(1, allow, *subject, *target, **fields)  # type: ignore[arg-type]


def build_policy(*rules: AccessRule, base_policy: GuildPolicy = POLICY) -> GuildPolicy:
    """Build the guild's policy with these rules, numbered from 1."""
    return replace(
        base_policy, rules=tuple(replace(access_rule, id=rule_id) for rule_id, access_rule in enumerate(rules, start=1))
    )


def build_invocation(
    surface: Surface = VOICE_COMMAND,
    *,
    role_ids: Iterable[int] = (),
    permissions: int = 0,
    is_owner: bool = False,
    channel_id: int = LOUNGE_CHANNEL,
    at: float = NOW,
    remaining: int = 1,
) -> Invocation:
    """Build an invocation by the member MEMBER_ID."""
    return Invocation.from_member(
        guild_id=GUILD_ID,
        surface=surface,
        at=at,
        member_id=MEMBER_ID,
        role_ids=role_ids,
        permissions=permissions,
        is_owner=is_owner,
        channel_id=channel_id,
        category_id=CATEGORY_BY_CHANNEL.get(channel_id, 0),
        remaining=remaining,
    )


def explain_checked(invocation: Invocation, policy: GuildPolicy = POLICY) -> Trace:
    """Explain an invocation, and assert that `decide` returns the same verdict."""
    trace = explain(invocation, policy)
    assert decide(invocation, compile_policy(policy, SURFACES, NOW)) == trace.verdict
    return trace


def get_verdict(invocation: Invocation, policy: GuildPolicy = POLICY) -> tuple[bool, Reason]:
    """Return whether the invocation is allowed, and the reason."""
    verdict = explain_checked(invocation, policy).verdict
    return verdict.allowed, verdict.reason
