"""The cost of a question: how many requests it counts for against the limit of its server.

A request counts once, against the limits of its key and of its server. If its answer must be computed, a question about
many days, metrics or rows counts further times against the limit of the server: `docs/security.md` has the formula.
"""

import math
from datetime import timedelta

from fastapi import Request

from herwa_api.app_state import AppState
from herwa_api.errors import LimitReached
from herwa_api.rate_limits.middleware import get_verified_key
from herwa_api.rate_limits.rules import RATE_LIMITS, LimitName, build_tier_rules
from herwa_api.rate_limits.windows import Charge
from herwa_shared.analytics.query import ActivityQuery

DAY = timedelta(days=1)
DAYS_PER_REQUEST = 400
"""So many days of one metric cost one request."""
RANKING_WEIGHT = 4
"""A ranking reads the rows of each channel or member."""
HEATMAP_WEIGHT = 2
MAX_COST = 30


def compute_cost(*windows: ActivityQuery | None, metrics: int = 1, weight: int = 1) -> int:
    """Compute how many requests a question about these windows counts for."""
    days = sum(math.ceil((window.end - window.start) / DAY) for window in windows if window is not None)
    return min(MAX_COST, max(1, math.ceil(days * metrics * weight / DAYS_PER_REQUEST)))


async def charge_question(request: Request, app_state: AppState, cost: int) -> None:
    """Count a question that must be computed against the limit of its server, if it is asked with a key.

    The request itself has been counted. Raises LimitReached.
    """
    verified = get_verified_key(request.scope)
    rule = build_tier_rules(verified.policy.entitlement, RATE_LIMITS).get(LimitName.GUILD) if verified else None
    if verified is None or rule is None or cost <= 1:
        return
    key = f"{LimitName.GUILD}:{verified.principal.owner_id}"
    further_cost = min(cost - 1, rule.amount - 1)
    decision = await app_state.limiter.acquire(
        [Charge(LimitName.GUILD, key, rule.amount, rule.get_expiry(), further_cost)]
    )
    request.state.question_decision = decision
    if decision.refused_by is not None:
        raise LimitReached(request, decision)
