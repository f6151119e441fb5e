"""Decide whether a process stalls: it has reported its health before and does so no more."""

import time
from collections.abc import Callable

STALL_SECONDS = 15.0
CHECK_INTERVAL_SECONDS = 1.0
MAX_STEP_SECONDS = 2 * CHECK_INTERVAL_SECONDS


class StallDetector:
    """Counts for how long a process has been silent.

    A process that is starting has not reported yet, and does not stall. Time in which the supervisor did not run
    itself, for example because the machine was suspended, does not count: a check adds at most `MAX_STEP_SECONDS`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._checked_at = clock()
        self._silent_seconds: float | None = None

    @property
    def silent_seconds(self) -> float:
        """Seconds since the last report, 0 if there was none."""
        return self._silent_seconds or 0.0

    def record_report(self) -> None:
        """Record that the process has reported its health."""
        self._silent_seconds = 0.0

    def check(self) -> bool:
        """Add the time since the last check. Returns whether the process stalls."""
        now = self._clock()
        step = min(now - self._checked_at, MAX_STEP_SECONDS)
        self._checked_at = now
        if self._silent_seconds is None:
            return False
        self._silent_seconds += step
        return self._silent_seconds >= STALL_SECONDS
