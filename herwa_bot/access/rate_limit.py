"""How often commands ran within the last minute, by member and by guild; what the tier still leaves of it."""

import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping

from herwa_shared.catalog import Limit

MINUTE = 60.0
GUILD = 0  # stands in a member's place for all of the guild


class Rates:
    """A sliding minute. It holds no more than what ran in the last two minutes, and nothing that no tier limits."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ran: defaultdict[tuple[int, int], deque[float]] = defaultdict(deque)
        self._swept = clock()

    def left(self, guild_id: int, member_id: int, limits: Mapping[Limit, int | None]) -> int:
        """How many more commands member and guild may run now."""
        now = self._clock()
        return min(
            sys.maxsize if limit is None else limit - len(self._recent(key, now))
            for key, limit in _limited(guild_id, member_id, limits)
        )

    def count(self, guild_id: int, member_id: int, limits: Mapping[Limit, int | None]) -> None:
        """A command runs."""
        now = self._clock()
        if now - self._swept >= MINUTE:
            self._sweep(now)
        for key, limit in _limited(guild_id, member_id, limits):
            if limit is not None:
                self._ran[key].append(now)

    def wait(self, guild_id: int, member_id: int, limits: Mapping[Limit, int | None]) -> float:
        """Seconds until the next command may run, at most a minute; 0 for at once."""
        now = self._clock()
        waits = [0.0]
        for key, limit in _limited(guild_id, member_id, limits):
            recent = self._recent(key, now)
            if limit is not None and len(recent) >= limit:
                waits.append(recent[-limit] + MINUTE - now if limit > 0 else MINUTE)
        return max(waits)

    def _recent(self, key: tuple[int, int], now: float) -> deque[float]:
        ran = self._ran.get(key)
        if ran is None:
            return deque()
        while ran and now - ran[0] >= MINUTE:
            ran.popleft()
        return ran

    def _sweep(self, now: float) -> None:
        self._swept = now
        for key in [key for key in self._ran if not self._recent(key, now)]:
            del self._ran[key]


def _limited(
    guild_id: int, member_id: int, limits: Mapping[Limit, int | None]
) -> tuple[tuple[tuple[int, int], int | None], ...]:
    """What is limited, and how far; a limit that no tier names is none at all, as everywhere."""
    return (
        ((guild_id, member_id), limits.get(Limit.MEMBER_COMMANDS_A_MINUTE, 0)),
        ((guild_id, GUILD), limits.get(Limit.GUILD_COMMANDS_A_MINUTE, 0)),
    )
