"""The time by which policies end: the wall clock's, but it never goes back."""

import time
from collections.abc import Callable

from herwa_shared.clock import utc_now


def _wall() -> float:
    return utc_now().timestamp()


class SteadyClock:
    """A wall clock that is set back is not followed: what has ended stays ended, and time goes on.

    One that is set forward is followed, also by mistake, until the process ends: rather too little than too much.
    """

    def __init__(self, *, wall: Callable[[], float] = _wall, ticks: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._ticks = ticks
        self._now = wall()
        self._ticked = ticks()

    def now(self) -> float:
        """Seconds since 1970."""
        ticks = self._ticks()
        self._now = max(self._wall(), self._now + ticks - self._ticked)
        self._ticked = ticks
        return self._now
