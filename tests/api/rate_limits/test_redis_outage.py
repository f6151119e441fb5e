"""Redis killed, away or full under load: no request within its limit gets another answer, and the API still limits."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import httpx
import psutil
import pytest
from redis import Redis

from herwa_shared.config import Settings
from herwa_shared.embedded import EngineLease, lease_engines, list_engines
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores
from tests.api.api_process import open_api_client, run_api_process
from tests.api.conftest import KeyFactory
from tests.support.embedded_engines import build_settings, create_data_folder
from tests.support.row_factories import add_guild
from tests.support.waiting import wait_until

FREE_REQUESTS = 100
GUILDS = 3


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A Redis of its own for one test."""

    lease: EngineLease
    folder: DataFolder

    def get_process(self) -> psutil.Process:
        return psutil.Process(next(engine.pid for engine in list_engines(self.folder) if engine.name == "redis"))

    def kill(self) -> None:
        self.get_process().kill()

    def suspend(self) -> None:
        self.get_process().send_signal(signal.SIGSTOP)

    def fill(self) -> None:
        """Leave no memory for new values, and let no old ones make room."""
        with Redis.from_url(self.lease.urls.redis) as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", 1)

    def refuse_password(self) -> None:
        with Redis.from_url(self.lease.urls.redis) as client:
            client.config_set("requirepass", "another")
            client.client_kill_filter(_type="normal", skipme=True)


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    with create_data_folder() as folder:
        settings = build_settings(folder, postgres=False, clickhouse=False, redis=True)
        with lease_engines(settings, folder) as lease:
            yield RedisServer(lease, folder)


@pytest.fixture
async def api(redis_server: RedisServer, settings: Settings, folder: DataFolder) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an API process that uses this Redis."""
    async with (
        run_api_process(settings, REDIS_URL=redis_server.lease.urls.redis),
        open_api_client(folder.get_or_create_port("api")) as client,
    ):
        yield client


@pytest.mark.parametrize(
    "fail",
    [
        RedisServer.kill,
        pytest.param(RedisServer.suspend, marks=pytest.mark.slow),
        pytest.param(RedisServer.fill, marks=pytest.mark.slow),
        pytest.param(RedisServer.refuse_password, marks=pytest.mark.slow),
    ],
)
async def test_limits_hold_while_redis_fails_under_load(
    api: httpx.AsyncClient,
    redis_server: RedisServer,
    stores: Stores,
    make_key: KeyFactory,
    fail: Callable[[RedisServer], None],
):
    keys = [await make_key(await add_guild(stores)) for _ in range(GUILDS)]
    statuses = {key: Counter[int]() for key in keys}
    sent = asyncio.Semaphore(0)

    async def send(key: str, count: int) -> None:
        for _ in range(count):
            response = await api.get("/api/me", headers={"Authorization": f"Bearer {key}"})
            statuses[key][response.status_code] += 1
            sent.release()

    async def fail_under_load() -> None:
        for _ in range(GUILDS * FREE_REQUESTS // 3):
            await sent.acquire()
        await asyncio.to_thread(fail, redis_server)

    requests = [send(key, FREE_REQUESTS // 4) for key in keys for _ in range(4)]
    await asyncio.gather(fail_under_load(), *requests)
    assert [*statuses.values()] == [{200: FREE_REQUESTS}] * GUILDS, "every request is within its limit"

    await asyncio.gather(*(send(key, 10) for key in keys))
    assert [*statuses.values()] == [{200: FREE_REQUESTS, 429: 10}] * GUILDS, "the API limits without Redis"


async def test_redis_is_used_again_after_its_restart(
    api: httpx.AsyncClient, redis_server: RedisServer, stores: Stores, make_key: KeyFactory
):
    headers = {"Authorization": f"Bearer {await make_key(await add_guild(stores))}"}
    await api.get("/api/me", headers=headers)
    redis_server.kill()
    assert (await api.get("/api/me", headers=headers)).status_code == 200
    await asyncio.to_thread(redis_server.lease.restart_dead)

    async def is_counted_in_redis() -> bool:
        assert (await api.get("/api/me", headers=headers)).status_code == 200
        with Redis.from_url(redis_server.lease.urls.redis) as client:
            return client.dbsize() > 0

    await wait_until(is_counted_in_redis, timeout_seconds=10, interval_seconds=0.5)
