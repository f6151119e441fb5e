"""The results that all processes share in Redis. They may be lost at any moment, and Redis may be away."""

import asyncio
import hashlib
import struct
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.redis_client import TIMEOUT_SECONDS

ResultT = TypeVar("ResultT")

limited_log = RateLimitedLogger(get_logger(__name__))
KEY_PREFIX = "herwa:result:1"
"""The number at its end rises when the same question gets another result from the same data."""
MAX_ENTRY_BYTES = 256 << 10
MAX_CONCURRENT_CALLS = 4
RETRY_SECONDS = 2.0
"""After a failure Redis is not used for this time, so that questions do not wait for it."""
_HEADER = struct.Struct(">d")  # until when the result holds, in Unix seconds


class SharedEntries:
    """Results by guild, version and question. Never raises because of Redis."""

    def __init__(self, redis: Redis, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._clock = clock
        self._retry_at = 0.0
        self._calls = asyncio.Semaphore(MAX_CONCURRENT_CALLS)

    async def find(self, guild_id: int, question: str, *, version: str, now: float) -> tuple[bytes, float] | None:
        """Return a result and until when it holds; None if it is not stored, has ended, or Redis is not available."""

        async def read() -> bytes | None:
            entry: bytes | None = await self._redis.get(_build_key(guild_id, question, version))
            return entry

        entry = await self._call(read)
        if entry is None or len(entry) < _HEADER.size:
            return None
        (valid_until,) = _HEADER.unpack_from(entry)
        return None if now >= valid_until else (entry[_HEADER.size :], valid_until)

    async def store(
        self, guild_id: int, question: str, value: bytes, *, version: str, valid_until: float, now: float
    ) -> None:
        """Store a result, if it is not too large, until its time has passed."""
        lifetime_ms = int(1000 * (valid_until - now))
        if len(value) > MAX_ENTRY_BYTES or lifetime_ms < 1:
            return

        async def write() -> None:
            await self._redis.set(
                _build_key(guild_id, question, version), _HEADER.pack(valid_until) + value, px=lifetime_ms
            )

        await self._call(write)

    async def _call(self, operation: Callable[[], Awaitable[ResultT]]) -> ResultT | None:
        """Call Redis; None if it is not available. At most `MAX_CONCURRENT_CALLS` wait for it at once."""
        if self._clock() < self._retry_at:
            return None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._calls:
                return await operation()
        except (RedisError, OSError, TimeoutError) as error:
            self._retry_at = self._clock() + RETRY_SECONDS
            limited_log.warning("results cached without Redis", kind=type(error).__name__, error=format_reason(error))
            return None


def _build_key(guild_id: int, question: str, version: str) -> str:
    digest = hashlib.sha256(question.encode()).hexdigest()[:32]
    return f"{KEY_PREFIX}:{guild_id}:{version}:{digest}"
