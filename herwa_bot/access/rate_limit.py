"""Rate limit of commands per member and guild: a sliding window of one minute."""

import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping

from herwa_shared.catalog import Limit

WINDOW_SECONDS = 60.0
GUILD_WIDE_ID = 0  # key of the guild-wide count, where a member's ID would be


class CommandRateLimiter:
    """Sliding-window rate limiter in memory.

    It holds at most the commands of the last two minutes, and nothing for limits that the tier sets to unlimited.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._timestamps: defaultdict[tuple[int, int], deque[float]] = defaultdict(deque)
        self._last_swept_at = clock()

    def count_remaining(self, guild_id: int, member_id: int, limits: Mapping[Limit, int | None]) -> int:
        """Count the commands that may run now within both the member's and the guild's limit."""
        now = self._clock()
        return min(
            sys.maxsize if limit is None else limit - len(self._get_recent(key, now))
            for key, limit in _list_limits(guild_id, member_id, limits)
        )

    def hit(self, guild_id: int, member_id: int, limits: Mapping[Limit, int | None]) -> None:
        """Record that a command ran."""
        now = self._clock()
        if now - self._last_swept_at >= WINDOW_SECONDS:
            self._sweep(now)
        for key, limit in _list_limits(guild_id, member_id, limits):
            if limit is not None:
                self._timestamps[key].append(now)

    def get_retry_after(self, guild_id: int, member_id: int, limits: Mapping[Limit, int | None]) -> float:
        """Get the seconds until the next command may run: 0 if it may now, at most a minute."""
        now = self._clock()
        waits = [0.0]
        for key, limit in _list_limits(guild_id, member_id, limits):
            recent = self._get_recent(key, now)
            if limit is not None and len(recent) >= limit:
                waits.append(recent[-limit] + WINDOW_SECONDS - now if limit > 0 else WINDOW_SECONDS)
        return max(waits)

    def _get_recent(self, key: tuple[int, int], now: float) -> deque[float]:
        timestamps = self._timestamps.get(key)
        if timestamps is None:
            return deque()
        while timestamps and now - timestamps[0] >= WINDOW_SECONDS:
            timestamps.popleft()
        return timestamps

    def _sweep(self, now: float) -> None:
        self._last_swept_at = now
        for key in [key for key in self._timestamps if not self._get_recent(key, now)]:
            del self._timestamps[key]


def _list_limits(
    guild_id: int, member_id: int, limits: Mapping[Limit, int | None]
) -> tuple[tuple[tuple[int, int], int | None], ...]:
    """List the counter keys with their limits; None is unlimited.

    A limit that the tier does not name is 0, as in the other packages.
    """
    return (
        ((guild_id, member_id), limits.get(Limit.MEMBER_COMMANDS_PER_MINUTE, 0)),
        ((guild_id, GUILD_WIDE_ID), limits.get(Limit.GUILD_COMMANDS_PER_MINUTE, 0)),
    )
