"""The cache of results: one computation for many callers, never a result older than its version, Redis optional."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import psutil
import pytest

from herwa_shared.clock import utc_now
from herwa_shared.embedded import lease_engines, list_engines
from herwa_shared.query_cache import shared_entries
from herwa_shared.query_cache.cache import Computed, QueryCache
from herwa_shared.redis_client import create_redis_client
from tests.shared.policy_cache.conftest import DeafConnection
from tests.support.embedded_engines import build_settings, create_data_folder
from tests.support.row_factories import add_guild, raise_data_version
from tests.support.waiting import wait_until

CacheFactory = Callable[..., AbstractAsyncContextManager[QueryCache]]
QUESTION = "how many"


@dataclass(slots=True)
class Source:
    """Data that is read slowly. `reads` counts how often; `is_open` lets the reads end."""

    value: bytes = b"1"
    reads: int = 0
    lifetime: timedelta | None = None
    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.is_open.set()

    async def compute(self) -> Computed[bytes]:
        self.reads += 1
        value = self.value
        await self.is_open.wait()
        return Computed(value, None if self.lifetime is None else utc_now() + self.lifetime)


@pytest.fixture
async def guild(stores) -> int:
    return await add_guild(stores)


@pytest.fixture
def open_cache(stores, guild) -> CacheFactory:
    """Opens a cache as a process has it; it knows the version of the guild."""

    @asynccontextmanager
    async def open_running_cache(redis=stores.redis, **options) -> AsyncIterator[QueryCache]:
        cache = QueryCache(stores.database_url, redis, **options)
        async with cache.run():
            await wait_until(lambda: is_caching(cache, guild))
            yield cache

    return open_running_cache


async def is_caching(cache: QueryCache, guild_id: int) -> bool:
    """Whether the second of two equal questions is not computed."""
    source = Source()
    for _ in range(2):
        await cache.get_object(guild_id, "probe", source.compute)
    return source.reads < 2


async def test_unchanged_question_is_computed_once(open_cache, guild):
    source = Source()
    async with open_cache() as cache:
        assert [await cache.get_bytes(guild, QUESTION, source.compute) for _ in range(3)] == [b"1"] * 3
        assert source.reads == 1
        assert await cache.get_bytes(guild, "another", source.compute) == b"1"
        assert source.reads == 2


async def test_processes_share_results(open_cache, guild):
    source = Source()
    async with open_cache() as cache, open_cache() as other_cache:
        await cache.get_bytes(guild, QUESTION, source.compute)
        assert await other_cache.get_bytes(guild, QUESTION, source.compute) == b"1"
    assert source.reads == 1


@pytest.mark.parametrize("options", [{}, {"connection_class": DeafConnection}], ids=["notified", "swept"])
async def test_question_is_computed_again_after_a_change(stores, open_cache, guild, options):
    source = Source()
    async with open_cache(**options) as cache:
        await cache.get_bytes(guild, QUESTION, source.compute)
        source.value = b"2"
        await raise_data_version(stores, guild)

        async def has_changed() -> bool:
            return await cache.get_bytes(guild, QUESTION, source.compute) == b"2"

        await wait_until(has_changed)
    assert source.reads == 2


async def test_result_that_was_computed_from_older_data_is_not_used_after_the_change(stores, open_cache, guild):
    """The data changes while a question is computed, which then ends after the change is known."""
    source, probe = Source(), Source()
    async with open_cache() as cache:
        await cache.get_object(guild, "another probe", probe.compute)
        source.is_open.clear()
        early = asyncio.create_task(cache.get_bytes(guild, QUESTION, source.compute))
        await wait_until(lambda: source.reads == 1)
        source.value = b"2"
        await raise_data_version(stores, guild)

        async def knows_the_change() -> bool:
            await cache.get_object(guild, "another probe", probe.compute)
            return probe.reads == 2

        await wait_until(knows_the_change)
        late = asyncio.create_task(cache.get_bytes(guild, QUESTION, source.compute))
        await wait_until(lambda: source.reads == 2)
        source.is_open.set()
        assert (await early, await late) == (b"1", b"2")
        assert await cache.get_bytes(guild, QUESTION, source.compute) == b"2"
    assert source.reads == 2


async def test_result_ends_at_its_time(open_cache, guild):
    source = Source(lifetime=timedelta(milliseconds=300))
    async with open_cache() as cache, open_cache() as other_cache:
        await cache.get_bytes(guild, QUESTION, source.compute)
        await asyncio.sleep(0.35)
        for reader in (other_cache, cache):
            await reader.get_bytes(guild, QUESTION, source.compute)
    assert source.reads == 2


async def test_nothing_is_cached_without_a_known_version(stores, guild, guild_id, open_cache):
    source = Source()
    async with open_cache() as cache:
        for _ in range(2):
            await cache.get_bytes(guild_id, QUESTION, source.compute)
    stopped_cache = QueryCache(stores.database_url, stores.redis)
    for _ in range(2):
        await stopped_cache.get_bytes(guild, QUESTION, source.compute)
    assert source.reads == 4


async def test_concurrent_questions_are_computed_once_and_a_cancelled_caller_does_not_end_it(open_cache, guild):
    source = Source()
    async with open_cache() as cache:
        source.is_open.clear()
        callers = [asyncio.create_task(cache.get_bytes(guild, QUESTION, source.compute)) for _ in range(10)]
        await wait_until(lambda: source.reads == 1)
        callers[0].cancel()
        await asyncio.sleep(0)
        source.is_open.set()
        assert await asyncio.gather(*callers[1:]) == [b"1"] * 9
    assert source.reads == 1


async def test_question_without_callers_is_cancelled(open_cache, guild):
    source = Source()
    async with open_cache() as cache:
        source.is_open.clear()
        caller = asyncio.create_task(cache.get_bytes(guild, QUESTION, source.compute))
        await wait_until(lambda: source.reads == 1)
        caller.cancel()
        await asyncio.sleep(0.1)
        source.is_open.set()
        assert await cache.get_bytes(guild, QUESTION, source.compute) == b"1"
    assert source.reads == 2


async def test_failed_question_is_not_cached(open_cache, guild):
    async def fail() -> Computed[bytes]:
        raise ValueError("broken")

    source = Source()
    async with open_cache() as cache:
        with pytest.raises(ValueError, match="broken"):
            await cache.get_bytes(guild, QUESTION, fail)
        assert await cache.get_bytes(guild, QUESTION, source.compute) == b"1"


async def test_large_result_is_not_stored_in_redis(open_cache, guild):
    source = Source(value=b"x" * (shared_entries.MAX_ENTRY_BYTES + 1))
    async with open_cache() as cache, open_cache() as other_cache:
        for reader in (cache, cache, other_cache):
            await reader.get_bytes(guild, QUESTION, source.compute)
    assert source.reads == 2


@pytest.fixture
def redis_engine() -> Iterator[tuple[str, psutil.Process]]:
    """The URL and the process of a Redis of its own."""
    with create_data_folder() as folder:
        settings = build_settings(folder, postgres=False, clickhouse=False, redis=True)
        with lease_engines(settings, folder) as lease:
            pid = next(engine.pid for engine in list_engines(folder) if engine.name == "redis")
            yield lease.urls.redis, psutil.Process(pid)


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "hangs"])
async def test_questions_are_answered_and_cached_without_redis(open_cache, guild, redis_engine, fault):
    url, process = redis_engine
    source, redis = Source(), create_redis_client(url)
    try:
        async with open_cache(redis) as cache:
            await cache.get_bytes(guild, "before", source.compute)
            process.send_signal(fault)
            async with asyncio.timeout(5):  # half a second for the first, nothing for the others
                for number in range(20):
                    assert await cache.get_bytes(guild, f"question {number}", source.compute) == b"1"
            assert await cache.get_bytes(guild, "question 1", source.compute) == b"1"
    finally:
        if fault is signal.SIGSTOP:
            process.send_signal(signal.SIGCONT)
        await redis.aclose()
    assert source.reads == 21
