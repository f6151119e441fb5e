"""Retries: how long to wait after a failure, and when to give up.

`retry` repeats one operation until it succeeds. A loop that does more than repeat one operation counts its failures
with `Backoff`. Waiting is `asyncio.sleep`, so cancelling the task ends it.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger

MAX_EXPONENT = 64
"""The delay has reached its maximum long before this failure; a larger exponent would overflow a float."""

ResultT = TypeVar("ResultT")
FailureReporter = Callable[[Exception, float], None]
"""Receives the error of a failed attempt and the delay in seconds until the next one."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The delays between attempts.

    Each delay is `factor` times the one before, at most `max_delay_seconds`. A random part of it, at most `jitter`, is
    left out, so that processes that failed together do not all try again together. After `max_attempts` attempts the
    error is final; None means no limit.
    """

    first_delay_seconds: float
    max_delay_seconds: float
    factor: float = 2.0
    jitter: float = 0.1
    max_attempts: int | None = None

    def get_delay(self, failures: int) -> float:
        """Return the delay in seconds after this many consecutive failures (at least one), without jitter."""
        growth = self.factor ** min(failures - 1, MAX_EXPONENT)
        return min(self.first_delay_seconds * growth, self.max_delay_seconds)

    def is_last_attempt(self, failures: int) -> bool:
        """Return whether the attempt after this many failures is the last one."""
        return self.max_attempts is not None and failures + 1 >= self.max_attempts


class Backoff:
    """The consecutive failures of one operation, and the delay in seconds before its next attempt (0 without any)."""

    def __init__(self, policy: RetryPolicy, *, draw: Callable[[], float] = random.random) -> None:
        self.failures = 0
        self.delay = 0.0
        self._policy = policy
        self._draw = draw

    def record_failure(self) -> float:
        """Count a failure. Returns the new delay."""
        self.failures += 1
        self.delay = self._policy.get_delay(self.failures) * (1 - self._policy.jitter * self._draw())
        return self.delay

    def reset(self) -> int:
        """Start from the first delay again after a success. Returns how many failures came before it."""
        failures, self.failures, self.delay = self.failures, 0, 0.0
        return failures


async def retry(
    operation: Callable[[], Awaitable[ResultT]],
    policy: RetryPolicy,
    *,
    errors: tuple[type[Exception], ...] = (Exception,),
    report: FailureReporter,
) -> ResultT:
    """Repeat the operation until it succeeds; return its result. `report` is called before each wait.

    Raises other exceptions than `errors`, and the last one when the policy allows no further attempt.
    """
    backoff = Backoff(policy)
    while True:
        try:
            return await operation()
        except errors as error:
            if policy.is_last_attempt(backoff.failures):
                raise
            report(error, backoff.record_failure())
        await asyncio.sleep(backoff.delay)


def log_retry(log: RateLimitedLogger, event: str, error: Exception, delay: float, **fields: Any) -> None:
    """Log a failure with its reason and the delay in seconds until the next attempt."""
    log.warning(
        event, kind=type(error).__name__, error=format_reason(error), retry_in_seconds=round(delay, 1), **fields
    )
