"""How many questions of one server run at the same time, so that its heavy questions do not slow down other servers.

Each process limits its own questions. What all processes run together is limited through Redis; while Redis is not
available, only each process by itself limits them.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from herwa_shared.errors import HerwaError, format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.query_cache.shared_entries import SharedEntry
from herwa_shared.redis_client import TIMEOUT_SECONDS

ResultT = TypeVar("ResultT")

limited_log = RateLimitedLogger(get_logger(__name__))
KEY_PREFIX = "herwa:questions:"
CONCURRENT_QUESTIONS = 4
WAITING_QUESTIONS = 16
WAIT_SECONDS = 10.0
LEASE_SECONDS = 30
"""After this time a slot is free again, even if its process was killed. A question runs for a shorter time."""
POLL_SECONDS = 0.05
MAX_CONCURRENT_CALLS = 4
RETRY_SECONDS = 2.0
"""After a failure Redis is not used for this time, so that questions do not wait for it."""

# KEYS: the slots of a server, and a result that may be stored. ARGV: the id of the question, the number of slots, the
# lease in ms. Returns the result, or 1 for a slot, or 0 if there is none. A round trip to Redis costs as much CPU as
# many points of a series, so that these scripts do two things each.
ACQUIRE_SCRIPT = """
local result = KEYS[2] and redis.call('GET', KEYS[2])
if result then
    return result
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
    return 0
end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
"""
# KEYS as above. ARGV: the id of the question, the result, its lifetime in ms.
RELEASE_SCRIPT = """
redis.call('ZREM', KEYS[1], ARGV[1])
if KEYS[2] then
    redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
end
return 1
"""


class TooManyQuestions(HerwaError):
    """A server has too many questions that run or wait."""

    code = "too_many_questions"
    status = 429
    message = "Too many requests of this server are running at the same time."


class QuestionSlots:
    """The slots of all servers. Never raises because of Redis.

    Of a server CONCURRENT_QUESTIONS run at the same time, and `waiting` more wait in this process for `wait_seconds`.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        waiting: int = WAITING_QUESTIONS,
        wait_seconds: float = WAIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._acquire_script = redis.register_script(ACQUIRE_SCRIPT)
        self._release_script = redis.register_script(RELEASE_SCRIPT)
        self._waiting, self._wait_seconds = waiting, wait_seconds
        self._clock = clock
        self._retry_at = 0.0
        self._calls = asyncio.Semaphore(MAX_CONCURRENT_CALLS)
        self._semaphores: dict[int, asyncio.Semaphore] = {}
        self._users: dict[int, int] = {}

    @asynccontextmanager
    async def hold(self, guild_id: int) -> AsyncIterator[None]:
        """Hold a slot of this process while the block runs. Raises TooManyQuestions if none becomes free in time."""
        users = self._users.get(guild_id, 0)
        if users >= CONCURRENT_QUESTIONS + self._waiting:
            raise TooManyQuestions
        semaphore = self._semaphores.setdefault(guild_id, asyncio.Semaphore(CONCURRENT_QUESTIONS))
        self._users[guild_id] = users + 1
        try:
            await self._acquire_local(semaphore)
            try:
                yield
            finally:
                semaphore.release()
        finally:
            self._users[guild_id] -= 1
            if not self._users[guild_id]:
                del self._users[guild_id], self._semaphores[guild_id]

    @asynccontextmanager
    async def hold_shared(self, guild_id: int, entry: SharedEntry | None = None) -> AsyncIterator[bytes | None]:
        """Hold a slot of all processes while the block runs.

        The caller holds a slot of this process. If Redis has the content of `entry`, it is yielded, and no slot is
        held; otherwise None is yielded, and the content that the block sets is stored. Raises TooManyQuestions if no
        slot becomes free in time.
        """
        keys, question_id = [f"{KEY_PREFIX}{guild_id}", *([entry.key] if entry else [])], secrets.token_hex(8)
        has_content = False
        try:
            content = await self._acquire_shared(keys, question_id)
            has_content = content is not None
            yield content
        finally:
            # Also after a failure: Redis may have given the slot to a caller who has not waited for its response.
            if not has_content:
                await asyncio.shield(self._release_shared(keys, question_id, entry))

    async def _acquire_local(self, semaphore: asyncio.Semaphore) -> None:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await semaphore.acquire()
        except TimeoutError:
            raise TooManyQuestions from None

    async def _acquire_shared(self, keys: list[str], question_id: str) -> bytes | None:
        """Acquire a slot in Redis, or return the content of the entry. Does nothing while Redis is not available."""
        deadline = self._clock() + self._wait_seconds
        arguments = (question_id, CONCURRENT_QUESTIONS, LEASE_SECONDS * 1000)

        async def acquire() -> bytes | int:
            response: bytes | int = await self._acquire_script(keys=keys, args=arguments)
            return response

        while (response := await self._call(acquire)) is not None:
            if isinstance(response, bytes):
                return response
            if response:
                break
            if self._clock() >= deadline:
                raise TooManyQuestions
            await asyncio.sleep(POLL_SECONDS)
        return None

    async def _release_shared(self, keys: list[str], question_id: str, entry: SharedEntry | None) -> None:
        arguments: list[str | bytes | int] = [question_id]
        if entry is not None and entry.content is not None:
            arguments += [entry.content, entry.lifetime_ms]
        else:
            keys = keys[:1]

        async def release() -> bool:
            await self._release_script(keys=keys, args=arguments)
            return True

        await self._call(release)

    async def _call(self, operation: Callable[[], Awaitable[ResultT]]) -> ResultT | None:
        """Call Redis; None if it is not available. At most `MAX_CONCURRENT_CALLS` wait for it at once."""
        if self._clock() < self._retry_at:
            return None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS), self._calls:
                return await operation()
        except (RedisError, OSError, TimeoutError) as error:
            self._retry_at = self._clock() + RETRY_SECONDS
            limited_log.warning(
                "questions limited without Redis", kind=type(error).__name__, error=format_reason(error)
            )
            return None
