"""How many questions of one server run at the same time, so that its heavy questions do not slow down other servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from herwa_api import texts
from herwa_api.rate_limits.rules import RateLimitTable
from herwa_shared.errors import HerwaError


class TooManyQuestions(HerwaError):
    """A server has too many questions that run or wait."""

    code = "too_many_questions"
    status = 429
    message = texts.TOO_MANY_QUESTIONS


class QuestionSlots:
    """The slots of all servers in this process."""

    def __init__(self, table: RateLimitTable) -> None:
        self._table = table
        self._semaphores: dict[int, asyncio.Semaphore] = {}
        self._users: dict[int, int] = {}

    @asynccontextmanager
    async def hold(self, guild_id: int) -> AsyncIterator[None]:
        """Hold a slot of this server while the block runs. Raises TooManyQuestions if none becomes free in time."""
        users = self._users.get(guild_id, 0)
        if users >= self._table.concurrent_questions + self._table.waiting_questions:
            raise TooManyQuestions
        semaphore = self._semaphores.setdefault(guild_id, asyncio.Semaphore(self._table.concurrent_questions))
        self._users[guild_id] = users + 1
        try:
            await self._acquire(semaphore)
            try:
                yield
            finally:
                semaphore.release()
        finally:
            self._users[guild_id] -= 1
            if not self._users[guild_id]:
                del self._users[guild_id], self._semaphores[guild_id]

    async def _acquire(self, semaphore: asyncio.Semaphore) -> None:
        try:
            async with asyncio.timeout(self._table.question_wait_seconds):
                await semaphore.acquire()
        except TimeoutError:
            raise TooManyQuestions from None
