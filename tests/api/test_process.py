"""The process itself, started as people start it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from herwa_shared.config import Settings
from herwa_shared.services import processes
from herwa_shared.stores import Stores
from tests.activity import Wrote, add_guild, record, utc
from tests.api.conftest import MakeKey

Process = asyncio.subprocess.Process


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@asynccontextmanager
async def started(settings: Settings, port: int, **environment: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "herwa_api",
        env={**os.environ, "HERWA_DATA_DIR": str(settings.data_dir), "HERWA_PORT": str(port), **environment},
        stdin=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def asking(port: int) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the process, once it is ready."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
        for _ in range(100):
            try:
                if (await client.get("/readyz")).status_code == 200:
                    break
            except httpx.ConnectError:
                await asyncio.sleep(0.1)
        yield client


def terminate(process: Process) -> None:
    process.send_signal(signal.SIGTERM)


def close_stdin(process: Process) -> None:
    process.stdin.close()


@pytest.mark.parametrize("end", [terminate, close_stdin])
async def test_it_answers_is_seen_and_ends_when_told(
    stores: Stores, settings: Settings, make_key: MakeKey, end: Callable[[Process], None]
):
    guild_id = await add_guild(stores)
    key = await make_key(guild_id)
    await record(stores, guild_id, [Wrote(utc(2025, 3, 1)), Wrote(utc(2025, 3, 2))])
    port = free_port()
    async with (
        started(settings, port, HERWA_SUPERVISED="1", HERWA_LOG_LEVEL="DEBUG") as process,
        asking(port) as client,
    ):
        answer = await client.get(
            f"/api/guilds/{guild_id}/stats",
            params={"from": "2025-03-01", "to": "2025-03-03", "interval": "month"},
            headers={"Authorization": f"Bearer {key}"},
        )
        refused = await client.get(f"/api/guilds/{guild_id}/stats?key={key}")
        async with stores.database.transaction() as session:
            seen = {row.pid: row.detail for row in await processes.living(session)}
        end(process)
        async with asyncio.timeout(5):
            _, said = await process.communicate()

    assert (answer.status_code, answer.json()["total"]) == (200, 2)
    assert refused.status_code == 401
    assert seen[process.pid] == {"port": port}
    assert process.returncode == 0
    assert key not in said.decode()


async def test_a_taken_port_is_named_with_the_setting_that_mends_it(stores: Stores, settings: Settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with started(settings, taken.getsockname()[1]) as process:
            _, said = await process.communicate()

    assert process.returncode == 1
    assert "HERWA_PORT" in said.decode()
    assert "Traceback" not in said.decode()
