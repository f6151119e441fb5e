"""Cache of results, by guild, question and data version: in this process, and of bytes also in Redis.

The version is read before the data, and a result is stored under the version that was read. A change raises the version
after its data can be read. So a result may contain newer data than its version, but never older data. Without a known
version nothing is cached. Decision: docs/decisions/0018.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import asyncpg
from redis.asyncio import Redis

from herwa_shared.changes.data_versions import DataVersions
from herwa_shared.changes.listener import EVERY_GUILD
from herwa_shared.query_cache.local_entries import LocalEntries, LocalEntry
from herwa_shared.query_cache.question_slots import QuestionSlots
from herwa_shared.query_cache.shared_entries import build_entry, parse_content
from herwa_shared.query_cache.single_flight import SingleFlight
from herwa_shared.runtime.process_report import question_timer

ResultT = TypeVar("ResultT")

PURGE_INTERVAL_SECONDS = 60.0
MAX_LIFETIME_SECONDS = 3600.0
"""No result is kept longer, in any process or in Redis, whatever its version."""


MAX_RECENT_BYTES = 16 << 20
NO_VERSION = ""


@dataclass(frozen=True, slots=True)
class Computed(Generic[ResultT]):
    """A result and until when it holds if nothing changes; None if time does not end it."""

    value: ResultT
    valid_until: datetime | None = None


class QueryCache:
    """The cache of one process; `async with cache.run():` keeps its data versions up to date.

    `slots` limit how many questions of a guild are computed at the same time.
    """

    def __init__(
        self,
        database_url: str,
        redis: Redis,
        *,
        slots: QuestionSlots | None = None,
        connection_class: type[asyncpg.Connection] = asyncpg.Connection,
        read_clock: Callable[[], float] = time.time,
    ) -> None:
        self.slots = slots or QuestionSlots(redis)
        self._read_clock = read_clock
        self._local = LocalEntries()
        self._recent = LocalEntries(max_bytes=MAX_RECENT_BYTES)
        self._flights = SingleFlight()
        self._versions = DataVersions(
            database_url,
            on_change=self._drop,
            on_reconnect=self._local.clear,
            connection_class=connection_class,
        )

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Follow the data versions while the block runs. Neither database is needed for it."""
        purge_task = asyncio.create_task(self._purge_forever())
        try:
            async with self._versions.run():
                yield
        finally:
            purge_task.cancel()

    async def get_bytes(self, guild_id: int, question: str, compute: Callable[[], Awaitable[Computed[bytes]]]) -> bytes:
        """Return the result of a question, computed at most once for its version in all processes.

        `question` names everything but the guild's data that the result depends on. A slot of all processes is held
        while it is computed. Raises TooManyQuestions, and as `compute` does.
        """
        result: bytes = await self._get(guild_id, question, compute, self._load_shared)
        return result

    async def get_object(
        self, guild_id: int, question: Hashable, compute: Callable[[], Awaitable[Computed[ResultT]]]
    ) -> ResultT:
        """Return the result of a question, computed once in this process for its version.

        The result must not be changed: later callers get the same object. Raises as `compute` does.
        """
        result: ResultT = await self._get(guild_id, question, compute, self._load)
        return result

    def find_object(self, guild_id: int, question: Hashable) -> Any:
        """Return the result of a question that this process has for the current version; None without one."""
        version = self._versions.find(guild_id)
        if version is None:
            return None
        entry = self._local.find(guild_id, question, version=version, now=self._read_clock())
        return None if entry is None else entry.value

    async def get_recent(
        self, guild_id: int, question: Hashable, compute: Callable[[], Awaitable[ResultT]], lifetime: timedelta
    ) -> ResultT:
        """Return a result that only a short time ends, whatever the version. Raises as `compute` does."""
        entry = self._recent.find(guild_id, question, version=NO_VERSION, now=self._read_clock())
        if entry is not None:
            known: ResultT = entry.value
            return known

        async def run() -> ResultT:
            computed = await compute()
            self.keep_recent(guild_id, question, computed, lifetime)
            return computed

        result: ResultT = await self._flights.run((guild_id, question, NO_VERSION), run)
        return result

    def find_recent(self, guild_id: int, question: Hashable) -> Any:
        """Return what `keep_recent` has kept, until its time has passed; None otherwise."""
        entry = self._recent.find(guild_id, question, version=NO_VERSION, now=self._read_clock())
        return None if entry is None else entry.value

    def keep_recent(self, guild_id: int, question: Hashable, value: object, lifetime: timedelta) -> None:
        """Keep a result for a short time, whatever the version."""
        valid_until = self._read_clock() + lifetime.total_seconds()
        self._recent.store(guild_id, question, LocalEntry(value, NO_VERSION, valid_until))

    async def _purge_forever(self) -> None:
        """Drop results whose time has passed: they may contain names, and no question may come for them again."""
        while True:
            await asyncio.sleep(PURGE_INTERVAL_SECONDS)
            self._local.purge(self._read_clock())
            self._recent.purge(self._read_clock())

    async def _get(
        self,
        guild_id: int,
        question: Hashable,
        compute: Callable[[], Awaitable[Computed[Any]]],
        load: Callable[..., Awaitable[Any]],
    ) -> Any:
        version = self._versions.find(guild_id)
        if version is None:
            return (await _measure(guild_id, question, compute)).value
        entry = self._local.find(guild_id, question, version=version, now=self._read_clock())
        if entry is not None:
            return entry.value

        async def run() -> Any:
            return await load(guild_id, question, version, compute)

        return await self._flights.run((guild_id, question, version), run)

    async def _load(
        self, guild_id: int, question: Hashable, version: str, compute: Callable[[], Awaitable[Computed[Any]]]
    ) -> Any:
        """Compute a result and keep it in this process."""
        computed = await _measure(guild_id, question, compute)
        self._store_local(guild_id, question, LocalEntry(computed.value, version, self._limit(computed.valid_until)))
        return computed.value

    async def _load_shared(
        self, guild_id: int, question: str, version: str, compute: Callable[[], Awaitable[Computed[bytes]]]
    ) -> bytes:
        """Return the result from Redis, or compute it and store it there."""
        entry = build_entry(guild_id, question, version)
        async with self.slots.hold_shared(guild_id, entry) as content:
            stored = None if content is None else parse_content(content, self._read_clock())
            if stored is None:
                computed = await _measure(guild_id, question, compute)
                stored = computed.value, self._limit(computed.valid_until)
                entry.set_result(stored[0], valid_until=stored[1], now=self._read_clock())
        value, valid_until = stored
        self._store_local(guild_id, question, LocalEntry(value, version, valid_until))
        return value

    def _store_local(self, guild_id: int, question: Hashable, entry: LocalEntry) -> None:
        """Keep a result, unless its version was replaced meanwhile: nothing would drop it later."""
        if self._versions.find(guild_id) == entry.version:
            self._local.store(guild_id, question, entry)

    def _limit(self, valid_until: datetime | None) -> float:
        latest = self._read_clock() + MAX_LIFETIME_SECONDS
        return latest if valid_until is None else min(latest, valid_until.timestamp())

    def _drop(self, guild_id: int) -> None:
        if guild_id == EVERY_GUILD:
            self._local.clear()
        else:
            self._local.drop_guild(guild_id)


async def _measure(
    guild_id: int, question: Hashable, compute: Callable[[], Awaitable[Computed[ResultT]]]
) -> Computed[ResultT]:
    """Compute a result, and record how long it took for the operator's health page."""
    started_at = time.perf_counter()
    try:
        return await compute()
    finally:
        question_timer.record(guild_id, question, time.perf_counter() - started_at)


@asynccontextmanager
async def open_query_cache(
    database_url: str, redis: Redis, slots: QuestionSlots | None = None
) -> AsyncIterator[QueryCache]:
    """Open a cache that follows the data versions while the block runs."""
    cache = QueryCache(database_url, redis, slots=slots)
    async with cache.run():
        yield cache
