"""The web process sends heartbeats, stops on request and reports a port in use."""

import asyncio
import os
import signal
import socket
import sys

import pytest

from herwa_shared.services import processes
from herwa_shared.services.process_details import ServerDetail, parse_detail
from tests.web.reflex_client import HYDRATE, connect_client
from tests.web.web_server import WebServer, run_web_server


def terminate(server: WebServer) -> None:
    server.process.send_signal(signal.SIGTERM)


def close_stdin(server: WebServer) -> None:
    server.process.stdin.close()


async def wait_for_heartbeat(stores, pid: int) -> ServerDetail:
    """Wait for a heartbeat of the process that reports the open connections; return its detail."""
    async with asyncio.timeout(60):
        while True:
            async with stores.database.transaction() as session:
                details_by_pid = {
                    row.pid: parse_detail(row.name, row.detail)
                    for row in await processes.list_live_processes(session)
                    if row.name == "web"
                }
            detail = details_by_pid.get(pid)
            if isinstance(detail, ServerDetail) and detail.health.connections:
                return detail
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("end", [terminate, close_stdin])
async def test_process_sends_heartbeats_and_stops_with_open_pages(stores, settings, end):
    async with run_web_server(settings, HERWA_SUPERVISED="1") as server, connect_client(server) as visitor:
        await visitor.send(HYDRATE)
        await visitor.wait_until_idle()
        detail = await wait_for_heartbeat(stores, server.process.pid)
        assert detail.port == server.port
        assert detail.health.rss_bytes > 1_000_000
        end(server)
        async with asyncio.timeout(30):
            assert await server.process.wait() == 0
        assert "Traceback" not in server.read_output()
        async with stores.database.transaction() as session:
            assert server.process.pid not in {row.pid for row in await processes.list_live_processes(session)}


async def test_port_in_use_is_reported_with_its_setting(stores, settings):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        overrides = {"HERWA_DATA_DIR": str(settings.data_dir), "HERWA_PORT": str(listener.getsockname()[1])}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "herwa_web", env={**os.environ, **overrides}, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(60):
            _, output = await process.communicate()
    assert process.returncode == 1
    assert "HERWA_PORT" in output.decode()
    assert "Traceback" not in output.decode()
