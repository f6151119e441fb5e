"""Resolve a guild's entitlement at one time: its best active tier plus active grants."""

from herwa_shared.catalog import TierKey
from herwa_shared.guardrail.policy import Entitlement, Grant, GuildPolicy, SubscriptionPeriod, Tier

_EMPTY_TIER = Tier(TierKey.FREE.value, "Free", 0, frozenset(), {})


def resolve_entitlement(policy: GuildPolicy, at: float) -> Entitlement:
    """Resolve the entitlement at `at` (Unix seconds).

    The tier is the highest-ranked one with an active subscription period, else the free tier. Active grants add their
    features. A granted limit applies if it is higher than the tier's. A period whose tier no longer exists is ignored.
    """
    tiers = policy.global_policy.tiers
    live_tiers = [tiers[period.tier] for period in policy.periods if _is_live(period, at) and period.tier in tiers]
    best_tier = max(live_tiers, key=lambda tier: tier.rank) if live_tiers else tiers.get(TierKey.FREE, _EMPTY_TIER)
    live_grants = [grant for grant in policy.grants if _is_live(grant, at)]
    until = find_next_change(policy, at)
    if not live_grants:
        return Entitlement(best_tier.key, best_tier.features, best_tier.limits, until)
    features = best_tier.features.union(grant.feature for grant in live_grants if grant.feature is not None)
    limits = dict(best_tier.limits)
    for grant in live_grants:
        if grant.limit is not None:
            limits[grant.limit] = _pick_higher(limits.get(grant.limit, 0), grant.value)
    return Entitlement(best_tier.key, features, limits, until)


def find_next_change(policy: GuildPolicy, at: float) -> float | None:
    """Find the next time after `at` at which a period or grant starts or ends, or None."""
    return min((boundary for boundary in list_boundaries(policy) if boundary > at), default=None)


def list_boundaries(policy: GuildPolicy) -> list[float]:
    """List all times, past and future, at which a period or grant starts or ends."""
    periods: tuple[SubscriptionPeriod | Grant, ...] = (*policy.periods, *policy.grants)
    return [period.starts_at for period in periods] + [
        period.ends_at for period in periods if period.ends_at is not None
    ]


def _is_live(period: SubscriptionPeriod | Grant, at: float) -> bool:
    return period.starts_at <= at and (period.ends_at is None or at < period.ends_at)


def _pick_higher(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else max(first, second)
