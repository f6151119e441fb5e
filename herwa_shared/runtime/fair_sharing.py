"""Share slots and rates fairly among client addresses.

What one address may use shrinks as all of it fills up, and never to nothing. So a few busy addresses cannot take
everything, an address that used nothing before finds capacity, and a quiet process serves one address generously.
Network switches share their buffers in the same way (dynamic thresholds).
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import exp2

MAX_KEYS = 20_000
"""Addresses that are remembered; the one that was idle for longest is forgotten first."""

USE_HALF_LIFE_SECONDS = 5.0
"""How fast a pool forgets that an address has used its slots."""


@dataclass(frozen=True, slots=True)
class PoolLimit:
    """Slots in total, the most for one address, and the part of the free slots that one address may hold."""

    total: int
    per_address: int
    free_share: int = 4


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Tokens of one address: so many at once, then so many a second. All addresses together: `total_per_second`.

    The two minimums are what an address always gets, however busy the others are.
    """

    per_second: float
    burst: float
    min_per_second: float
    min_burst: float
    total_per_second: float


@dataclass(slots=True)
class _Level:
    """A leaky bucket: the tokens taken lately, as of `updated_at`."""

    tokens: float
    updated_at: float


class PoolExhausted(Exception):
    """No slot became free in time."""


class FairPool:
    """Slots that addresses share. An address may hold at most `1 / free_share` of the free slots, but always one.

    A free slot goes to the address with the fewest waiting requests, among equals to the one that has used the fewest
    slots lately. So nobody gains by asking for much at once.
    """

    def __init__(self, limit: PoolLimit, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._held: dict[str, int] = {}
        self._usage: OrderedDict[str, _Level] = OrderedDict()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self.total = 0

    def acquire_now(self, address: str, *, is_limited: bool = True) -> bool:
        """Take a slot and return True, or return False. Only the total applies if `is_limited` is False."""
        if not self._has_capacity(address, is_limited=is_limited):
            return False
        self._held[address] = self._held.get(address, 0) + 1
        self.total += 1
        self._count_use(address)
        return True

    def release(self, address: str) -> None:
        """Give a slot back."""
        self.total -= 1
        self._held[address] -= 1
        if not self._held[address]:
            del self._held[address]
        self._grant_waiting()

    async def acquire(self, address: str, *, timeout_seconds: float | None = None) -> None:
        """Wait for a slot. Raises PoolExhausted after the timeout, if there is one."""
        if address not in self._waiting and self.acquire_now(address):
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(address, deque()).append(future)
        try:
            async with asyncio.timeout(timeout_seconds):
                await future
        except BaseException as error:
            self._stop_waiting(address, future)
            if isinstance(error, TimeoutError):
                raise PoolExhausted from None
            raise

    @asynccontextmanager
    async def hold(self, address: str, *, timeout_seconds: float) -> AsyncIterator[None]:
        """Hold a slot while the block runs. Raises PoolExhausted if none becomes free in time."""
        await self.acquire(address, timeout_seconds=timeout_seconds)
        try:
            yield
        finally:
            self.release(address)

    def _has_capacity(self, address: str, *, is_limited: bool) -> bool:
        free = self._limit.total - self.total
        if free <= 0:
            return False
        share = max(1, free // self._limit.free_share)
        return not is_limited or self._held.get(address, 0) < min(self._limit.per_address, share)

    def _grant_waiting(self) -> None:
        for address in sorted(
            self._waiting, key=lambda waiting: (len(self._waiting[waiting]), self._get_usage(waiting))
        ):
            future = next((future for future in self._waiting[address] if not future.done()), None)
            if future is not None and self.acquire_now(address):
                self._remove_waiting(address, future)
                future.set_result(None)

    def _count_use(self, address: str) -> None:
        level = self._usage.pop(address, None) or _Level(0.0, 0.0)
        now = self._clock()
        self._usage[address] = _Level(_decay(level, now) + 1, now)
        if len(self._usage) > MAX_KEYS:
            self._usage.popitem(last=False)

    def _get_usage(self, address: str) -> float:
        level = self._usage.get(address)
        return _decay(level, self._clock()) if level is not None else 0.0

    def _stop_waiting(self, address: str, future: asyncio.Future[None]) -> None:
        """Forget a waiter that gives up; release the slot if it was granted at the same moment."""
        if future.done() and not future.cancelled():
            self.release(address)
        else:
            self._remove_waiting(address, future)

    def _remove_waiting(self, address: str, future: asyncio.Future[None]) -> None:
        queue = self._waiting[address]
        queue.remove(future)
        if not queue:
            del self._waiting[address]


class FairRateLimiter:
    """Leaky buckets, one for each address and one for all of them.

    The fuller the common bucket, the lower are burst and rate of each address, down to the minimums of the limit.
    """

    def __init__(self, limit: RateLimit, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._levels: OrderedDict[str, _Level] = OrderedDict()
        self._common = _Level(0.0, clock())

    def take(self, address: str) -> float:
        """Take one token and return the seconds to wait before it may be used; 0 if there is no need to wait."""
        delay = self.take_within(address, float("inf"))
        assert delay is not None
        return delay

    def take_within(self, address: str, max_delay_seconds: float) -> float | None:
        """Take one token as `take` does, or take none and return None if the wait would be longer than this."""
        now, limit = self._clock(), self._limit
        _drain(self._common, limit.total_per_second, now)
        free_share = max(0.0, 1 - self._common.tokens / limit.total_per_second)
        rate = max(limit.min_per_second, limit.per_second * free_share)
        level = self._levels.pop(address, None) or _Level(0.0, now)
        _drain(level, rate, now)
        self._levels[address] = level
        if len(self._levels) > MAX_KEYS:
            self._levels.popitem(last=False)
        delay = max(0.0, level.tokens + 1 - max(limit.min_burst, limit.burst * free_share)) / rate
        if delay > max_delay_seconds:
            return None
        level.tokens += 1
        self._common.tokens = min(self._common.tokens + 1, limit.total_per_second)
        return delay

    def __len__(self) -> int:
        return len(self._levels)

    def forget_idle(self) -> None:
        """Forget addresses whose bucket is empty again."""
        now = self._clock()
        while self._levels:
            address, level = next(iter(self._levels.items()))
            if level.tokens > (now - level.updated_at) * self._limit.min_per_second:
                break
            del self._levels[address]


def _drain(level: _Level, per_second: float, now: float) -> None:
    level.tokens = max(0.0, level.tokens - (now - level.updated_at) * per_second)
    level.updated_at = now


def _decay(level: _Level, now: float) -> float:
    """Return what is left of the level after exponential decay."""
    return level.tokens * exp2((level.updated_at - now) / USE_HALF_LIFE_SECONDS)
