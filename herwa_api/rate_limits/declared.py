"""Limits that routes declare with slowapi's decorator, which counts them in the memory of this process.

A dependency of the same routes counts them in Redis, for all processes together: slowapi would wait for Redis in the
event loop, and fail with it.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import Depends, Request
from limits import RateLimitItem
from slowapi import Limiter

from herwa_api.app_state import AppDep, AppState
from herwa_api.errors import LimitReached
from herwa_api.rate_limits.middleware import get_client
from herwa_api.rate_limits.rules import RATE_LIMITS, LimitName
from herwa_api.rate_limits.windows import Charge
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


def _share(name: LimitName, rule: RateLimitItem) -> Callable[[Request, AppState], Awaitable[None]]:
    """Build a dependency that counts a request of a route in all processes. It raises LimitReached."""

    async def count_request(request: Request, app_state: AppDep) -> None:
        key = f"{name}:{request.scope['route'].path}:{get_address_group(get_client(request))}"
        decision = await app_state.limiter.acquire([Charge(name, key, rule.amount, rule.get_expiry())])
        if not decision.is_allowed:
            raise LimitReached(request, decision)

    return count_request


limit_logins = _declare(LimitName.LOGIN, RATE_LIMITS.login)
limit_key_creation = _declare(LimitName.KEY_CREATION, RATE_LIMITS.key_creation)
limit_leak_reports = _declare(LimitName.LEAK_REPORTS, RATE_LIMITS.leak_reports)
SHARED_LOGIN_LIMIT = Depends(_share(LimitName.LOGIN, RATE_LIMITS.login))
SHARED_KEY_CREATION_LIMIT = Depends(_share(LimitName.KEY_CREATION, RATE_LIMITS.key_creation))
SHARED_LEAK_REPORT_LIMIT = Depends(_share(LimitName.LEAK_REPORTS, RATE_LIMITS.leak_reports))
