"""Which statements yield to others, so that a server with heavy questions does not slow down other servers.

ClickHouse runs all statements at once. Each process measures how long the statements of each server take. Those of a
server that used more than its share lately have a lower priority and one thread, and together they leave one core to
others, and half of the time on the other cores while others have questions. ClickHouse stops them after their next
block while others run, which alone would be too late for a statement of a few milliseconds. A server is never refused
for this; the limits of requests and of concurrent questions do that.
"""

import asyncio
import math
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

MEMORY_SECONDS = 10.0
"""How long the use of a server counts: it decays to 37 % in this time."""
SHARE = 0.2
"""A server uses its share if so many of its statements run at each moment, on average."""
MAX_YIELDING_STATEMENTS = max(1, (os.cpu_count() or 1) - 1)
OTHERS_SECONDS = 1.0
"""Other servers have questions if a statement of them ended so lately."""
MAX_REST_SECONDS = 1.0
MAX_SERVERS = 10_000
NEGLIGIBLE_SECONDS = 0.1
FIRST_SETTINGS: Mapping[str, str] = MappingProxyType({"priority": "1"})
YIELDING_SETTINGS: Mapping[str, str] = MappingProxyType({"priority": "9", "max_threads": "1"})


class FairShare:
    """How much each server used lately, in this process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._yielding = asyncio.Semaphore(MAX_YIELDING_STATEMENTS)
        self._others_ended_at = -math.inf
        self._uses: dict[int, tuple[float, float]] = {}  # seconds, and when they were measured

    def __len__(self) -> int:
        """The number of servers whose use is remembered."""
        return len(self._uses)

    @asynccontextmanager
    async def run(self, guild_id: int) -> AsyncIterator[Mapping[str, str]]:
        """Yield the settings for a statement of the server, which runs within the block and is measured.

        Waits while too many statements yield.
        """
        if self._find_seconds(guild_id) <= SHARE * MEMORY_SECONDS:
            async with self._measure(guild_id):
                yield FIRST_SETTINGS
            self._others_ended_at = self._clock()
        else:
            async with self._take_turn(), self._measure(guild_id):
                yield YIELDING_SETTINGS

    @asynccontextmanager
    async def _take_turn(self) -> AsyncIterator[None]:
        """Wait for a turn. It ends with a rest as long as the statement, unless no other server has questions."""
        await self._yielding.acquire()
        started_at = self._clock()
        try:
            yield
        finally:
            now = self._clock()
            has_others = now - self._others_ended_at < OTHERS_SECONDS
            rest = min(now - started_at, MAX_REST_SECONDS) if has_others else 0
            asyncio.get_running_loop().call_later(rest, self._yielding.release)

    @asynccontextmanager
    async def _measure(self, guild_id: int) -> AsyncIterator[None]:
        started_at = self._clock()
        try:
            yield
        finally:
            now = self._clock()
            self._uses[guild_id] = (self._find_seconds(guild_id) + now - started_at, now)
            if len(self._uses) > MAX_SERVERS:
                self._forget_negligible()

    def _find_seconds(self, guild_id: int) -> float:
        seconds, measured_at = self._uses.get(guild_id, (0.0, 0.0))
        return seconds * math.exp((measured_at - self._clock()) / MEMORY_SECONDS)

    def _forget_negligible(self) -> None:
        """Forget servers that used little; if there are none, those that used the least."""
        seconds_by_guild = {guild_id: self._find_seconds(guild_id) for guild_id in self._uses}
        kept = sorted(seconds_by_guild, key=seconds_by_guild.__getitem__, reverse=True)[: MAX_SERVERS // 2]
        self._uses = {
            guild_id: self._uses[guild_id] for guild_id in kept if seconds_by_guild[guild_id] >= NEGLIGIBLE_SECONDS
        }
