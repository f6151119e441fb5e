"""Limits that routes declare with slowapi's decorator. Each process counts them by itself, in its memory."""

from fastapi import Request
from limits import RateLimitItem
from slowapi import Limiter

from herwa_api.rate_limits.rules import RATE_LIMITS
from herwa_shared.runtime.client_address import get_address_group


def _get_client_key(request: Request) -> str:
    """Return the key under which a request counts: the client's address, for each application by itself."""
    address = get_address_group(request.client.host if request.client else "")
    return f"{id(request.app)}:{address}"


def _format_rule(rule: RateLimitItem) -> str:
    return f"{rule.amount} per {rule.get_expiry()} seconds"


limiter = Limiter(key_func=_get_client_key, storage_uri="memory://", strategy="moving-window", key_style="endpoint")
limiter.enabled = True  # whatever RATELIMIT_ENABLED is in the environment
limit_logins = limiter.limit(_format_rule(RATE_LIMITS.login))
"""Decorator of a route with a parameter `request`: at most `RATE_LIMITS.login` requests of an address."""
