"""Decide whether a request is within its limits: by Redis, and by this process alone while Redis is not available."""

import time
from collections.abc import Callable, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from herwa_api.rate_limits.shared_windows import SharedWindows
from herwa_api.rate_limits.windows import Charge, Decision, LocalWindows
from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger

limited_log = RateLimitedLogger(get_logger(__name__))
RETRY_SECONDS = 2.0
"""After a failure Redis is not used for this time, so that requests do not wait for it."""


class RequestLimiter:
    """The limits of one API process. Never raises because of Redis.

    This process counts all its requests also by itself. So nothing starts again from zero when Redis fails, and a
    request that this process alone knows to be over a limit is refused without Redis.
    """

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._local = LocalWindows(clock)
        self._shared = SharedWindows(redis)
        self._retry_at = 0.0

    async def acquire(self, charges: Sequence[Charge]) -> Decision:
        """Decide about a request, and count it if all limits allow it."""
        decision = self._local.check(charges)
        if not charges or not decision.is_allowed:
            return decision
        shared = await self._acquire_shared(charges, is_forced=False)
        if shared is None:
            return self._local.acquire(charges)
        if shared.refused_by is None:
            self._local.count(charges)
        else:
            self._local.block(shared.refused_by, shared.retry_after_seconds)
        return shared

    async def count(self, charges: Sequence[Charge]) -> None:
        """Count a request, whether its limits allow it or not."""
        self._local.count(charges)
        await self._acquire_shared(charges, is_forced=True)

    async def _acquire_shared(self, charges: Sequence[Charge], *, is_forced: bool) -> Decision | None:
        """Ask Redis; None if it is not available."""
        if self._clock() < self._retry_at:
            return None
        try:
            return await self._shared.acquire(charges, is_forced=is_forced)
        except (RedisError, OSError, TimeoutError) as error:
            self._retry_at = self._clock() + RETRY_SECONDS
            limited_log.warning("limits counted without Redis", kind=type(error).__name__, error=format_reason(error))
            return None
