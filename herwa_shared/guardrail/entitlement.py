"""What a guild may have at one moment: its best live tier, and what was granted beyond it."""

from herwa_shared.catalog import Limit, TierKey
from herwa_shared.guardrail.policy import Entitlement, Grant, GuildPolicy, Term, Tier

_NOTHING = Tier(TierKey.FREE.value, "Free", 0, frozenset(), {})


def entitlement_of(policy: GuildPolicy, at: float) -> Entitlement:
    """The best tier whose term runs at `at` (seconds since 1970), else the free one, with the live grants put in.

    A granted limit counts where it is higher than the tier's. A term of a tier that is no more counts for nothing.
    """
    tiers = policy.offer.tiers
    live = [tiers[term.tier] for term in policy.terms if _runs(term, at) and term.tier in tiers]
    best = max(live, key=lambda tier: tier.rank) if live else tiers.get(TierKey.FREE, _NOTHING)
    granted = [grant for grant in policy.grants if _runs(grant, at)]
    until = next_change(policy, at)
    if not granted:
        return Entitlement(best.key, best.features, best.limits, until)
    features = best.features.union(grant.feature for grant in granted if grant.feature is not None)
    limits = dict(best.limits)
    for grant in granted:
        if grant.limit is not None:
            limits[grant.limit] = _higher(limits.get(grant.limit, 0), grant.value)
    return Entitlement(best.key, features, limits, until)


def next_change(policy: GuildPolicy, at: float) -> float | None:
    """When the next term or grant starts or ends after `at`; None when none will."""
    return min((moment for moment in boundaries(policy) if moment > at), default=None)


def boundaries(policy: GuildPolicy) -> list[float]:
    """Every moment, gone or to come, at which a term or grant starts or ends."""
    times: tuple[Term | Grant, ...] = (*policy.terms, *policy.grants)
    return [one.starts for one in times] + [one.ends for one in times if one.ends is not None]


def limit_of(entitlement: Entitlement, limit: Limit) -> int | None:
    """How much it allows; None is unlimited. What nobody grants is 0."""
    return entitlement.limits.get(limit, 0)


def _runs(one: Term | Grant, at: float) -> bool:
    return one.starts <= at and (one.ends is None or at < one.ends)


def _higher(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)
