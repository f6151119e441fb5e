"""Limits that routes declare with slowapi's decorator. Each process counts them by itself, in its memory."""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request
from limits import RateLimitItem
from slowapi import Limiter

from herwa_api.rate_limits.rules import RATE_LIMITS, LimitName
from herwa_shared.runtime.client_address import get_address_group

RouteT = TypeVar("RouteT", bound=Callable[..., Any])


def _get_client_key(request: Request) -> str:
    """Return the key under which a request counts: the client's address, for each application by itself."""
    address = get_address_group(request.client.host if request.client else "")
    return f"{id(request.app)}:{address}"


limiter = Limiter(key_func=_get_client_key, storage_uri="memory://", strategy="moving-window", key_style="endpoint")
limiter.enabled = True  # whatever RATELIMIT_ENABLED is in the environment


def _declare(name: LimitName, rule: RateLimitItem) -> Callable[[RouteT], RouteT]:
    """Build the decorator of a route with a parameter `request`. Its error has the name of the limit as its message."""
    return limiter.limit(f"{rule.amount} per {rule.get_expiry()} seconds", error_message=name)


limit_logins = _declare(LimitName.LOGIN, RATE_LIMITS.login)
limit_key_creation = _declare(LimitName.KEY_CREATION, RATE_LIMITS.key_creation)
limit_leak_reports = _declare(LimitName.LEAK_REPORTS, RATE_LIMITS.leak_reports)
