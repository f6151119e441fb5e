"""What a guild may have at one moment: its best live tier, and what was granted beyond it."""

from herwa_shared.catalog import Limit, TierKey
from herwa_shared.guardrail.policy import Entitlement, Grant, GuildPolicy, SubscriptionPeriod, Tier

_EMPTY_TIER = Tier(TierKey.FREE.value, "Free", 0, frozenset(), {})


def resolve_entitlement(policy: GuildPolicy, at: float) -> Entitlement:
    """The best tier whose term runs at `at` (seconds since 1970), else the free one, with the live grants put in.

    A granted limit counts where it is higher than the tier's. A term of a tier that is no more counts for nothing.
    """
    tiers = policy.global_policy.tiers
    live_tiers = [tiers[term.tier] for term in policy.periods if _is_live(term, at) and term.tier in tiers]
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
    """When the next term or grant starts or ends after `at`; None when none will."""
    return min((moment for moment in list_boundaries(policy) if moment > at), default=None)


def list_boundaries(policy: GuildPolicy) -> list[float]:
    """Every moment, gone or to come, at which a term or grant starts or ends."""
    periods: tuple[SubscriptionPeriod | Grant, ...] = (*policy.periods, *policy.grants)
    return [period.starts_at for period in periods] + [
        period.ends_at for period in periods if period.ends_at is not None
    ]


def limit_of(entitlement: Entitlement, limit: Limit) -> int | None:
    """How much it allows; None is unlimited. What nobody grants is 0."""
    return entitlement.limits.get(limit, 0)


def _is_live(period: SubscriptionPeriod | Grant, at: float) -> bool:
    return period.starts_at <= at and (period.ends_at is None or at < period.ends_at)


def _pick_higher(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else max(first, second)
