"""The API as a separate process, started with `python -m herwa_api`."""

import asyncio
import signal
import socket
from collections.abc import Callable

import httpx
import pytest

from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services import processes
from herwa_shared.services.process_details import ServerDetail, parse_detail
from herwa_shared.stores import Stores
from tests.api.api_process import Process, open_api_client, run_api_process
from tests.api.conftest import KeyFactory
from tests.support.embedded_engines import connect_owner
from tests.support.row_factories import EventRow, add_guild, insert_events, make_utc
from tests.support.waiting import wait_until


def terminate(process: Process) -> None:
    process.send_signal(signal.SIGTERM)


def close_stdin(process: Process) -> None:
    process.stdin.close()


@pytest.mark.parametrize("end", [terminate, close_stdin])
async def test_process_serves_requests_sends_heartbeats_and_stops_on_request(
    stores: Stores, settings: Settings, folder: DataFolder, make_key: KeyFactory, end: Callable[[Process], None]
):
    guild_id = await add_guild(stores)
    key = await make_key(guild_id)
    await insert_events(stores, guild_id, [EventRow(make_utc(2025, 3, 1)), EventRow(make_utc(2025, 3, 2))])
    port = folder.get_or_create_port("api")
    async with (
        run_api_process(settings, HERWA_SUPERVISED="1", HERWA_LOG_LEVEL="DEBUG") as process,
        open_api_client(port) as client,
    ):
        response = await client.get(
            f"/api/guilds/{guild_id}/stats",
            params={"from": "2025-03-01", "to": "2025-03-03", "interval": "month"},
            headers={"Authorization": f"Bearer {key}"},
        )
        refusal = await client.get(f"/api/guilds/{guild_id}/stats?key={key}")
        async with stores.database.transaction() as session:
            details_by_pid = {
                row.pid: parse_detail(row.name, row.detail) for row in await processes.list_live_processes(session)
            }
        end(process)
        async with asyncio.timeout(60):
            _, output = await process.communicate()

    assert (response.status_code, response.json()["total"]) == (200, 2)
    assert refusal.status_code == 401
    detail = details_by_pid[process.pid]
    assert isinstance(detail, ServerDetail)
    assert detail.port == port
    assert detail.health.connections is not None
    assert process.returncode == 0
    assert key not in output.decode()


async def test_requests_that_run_at_the_end_finish_and_readiness_says_that_the_process_stops(
    stores: Stores, settings: Settings, folder: DataFolder, make_key: KeyFactory
):
    guild_id = await add_guild(stores)
    headers = {"Authorization": f"Bearer {await make_key(guild_id)}"}
    port = folder.get_or_create_port("api")
    async with run_api_process(settings) as process, open_api_client(port) as client:
        async with connect_owner(settings, folder) as connection, connection.transaction():
            await connection.execute("LOCK TABLE audit_entry IN ACCESS EXCLUSIVE MODE")
            running = asyncio.create_task(client.get(f"/api/guilds/{guild_id}/audit", headers=headers))
            await wait_until(lambda: is_waiting_for_lock(stores))
            terminate(process)
            await wait_until(lambda: is_stopping(client))
            assert (await client.get("/api/me", headers=headers)).status_code == 200
            assert not running.done()
        assert (await running).status_code == 200
        async with asyncio.timeout(10):
            assert await process.wait() == 0
        with pytest.raises(httpx.ConnectError):
            await client.get("/healthz")


async def is_waiting_for_lock(stores: Stores) -> bool:
    async with stores.database.acquire_connection() as connection:
        return bool(await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))


async def is_stopping(client: httpx.AsyncClient) -> bool:
    response = await client.get("/readyz")
    return (response.status_code, response.json()["status"]) == (503, "stopping")


async def test_port_in_use_is_reported_with_the_fix(stores: Stores, settings: Settings, folder: DataFolder):
    with socket.create_server(("127.0.0.1", folder.get_or_create_port("api"))):
        async with run_api_process(settings) as process, asyncio.timeout(60):
            _, output = await process.communicate()

    assert process.returncode == 1
    assert "ports.json" in output.decode()
    assert "Traceback" not in output.decode()
