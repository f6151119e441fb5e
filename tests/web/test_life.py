"""The process itself: found by the others, ended when told, and clear about what keeps it from starting."""

import asyncio
import os
import signal
import socket
import sys

import pytest

from herwa_shared.services import processes
from tests.web.site import Site, site
from tests.web.tab import HYDRATE, tab


def terminate(served: Site) -> None:
    served.process.send_signal(signal.SIGTERM)


def close_stdin(served: Site) -> None:
    served.process.stdin.close()


async def first_sign(stores, pid: int) -> tuple[str, dict[str, object]]:
    """What a process is called and tells of itself, once it has."""
    async with asyncio.timeout(60):
        while True:
            async with stores.database.transaction() as session:
                seen = {row.pid: (row.name, row.detail) for row in await processes.living(session)}
            if pid in seen and seen[pid][1]:
                return seen[pid]
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("end", [terminate, close_stdin])
async def test_it_is_seen_and_ends_when_told_though_pages_are_open(stores, settings, end):
    async with site(settings, HERWA_SUPERVISED="1") as served, tab(served) as visitor:
        await visitor.say(HYDRATE)
        await visitor.until_done()
        name, detail = await first_sign(stores, served.process.pid)
        assert (name, detail["port"]) == ("web", served.port)
        assert detail.keys() == {"port", "policies", "policy_sweep_age"}
        end(served)
        async with asyncio.timeout(30):
            assert await served.process.wait() == 0
        assert "Traceback" not in served.said()
        async with stores.database.transaction() as session:
            assert served.process.pid not in {row.pid for row in await processes.living(session)}


async def test_a_taken_port_is_named_with_the_setting_that_mends_it(stores, settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        own = {"HERWA_DATA_DIR": str(settings.data_dir), "HERWA_PORT": str(taken.getsockname()[1])}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "herwa_web", env={**os.environ, **own}, stderr=asyncio.subprocess.PIPE
        )
        _, said = await process.communicate()
    assert process.returncode == 1
    assert "HERWA_PORT" in said.decode()
    assert "Traceback" not in said.decode()
