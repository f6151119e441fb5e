"""The process itself, started as people start it."""

import asyncio
import signal
import socket
from collections.abc import Callable

import pytest

from herwa_shared.config import Settings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services import processes
from herwa_shared.stores import Stores
from tests.activity import Wrote, add_guild, record, utc
from tests.api.conftest import MakeKey
from tests.api.process import Process, asking, started


def terminate(process: Process) -> None:
    process.send_signal(signal.SIGTERM)


def close_stdin(process: Process) -> None:
    process.stdin.close()


@pytest.mark.parametrize("end", [terminate, close_stdin])
async def test_it_answers_is_seen_and_ends_when_told(
    stores: Stores, settings: Settings, folder: DataFolder, make_key: MakeKey, end: Callable[[Process], None]
):
    guild_id = await add_guild(stores)
    key = await make_key(guild_id)
    await record(stores, guild_id, [Wrote(utc(2025, 3, 1)), Wrote(utc(2025, 3, 2))])
    port = folder.port("api")
    async with (
        started(settings, HERWA_SUPERVISED="1", HERWA_LOG_LEVEL="DEBUG") as process,
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
        async with asyncio.timeout(60):
            _, said = await process.communicate()

    assert (answer.status_code, answer.json()["total"]) == (200, 2)
    assert refused.status_code == 401
    assert seen[process.pid].keys() == {"port", "policies", "policy_sweep_age"}
    assert seen[process.pid]["port"] == port
    assert process.returncode == 0
    assert key not in said.decode()


async def test_a_taken_port_is_named_with_the_mend(stores: Stores, settings: Settings, folder: DataFolder):
    with socket.create_server(("127.0.0.1", folder.port("api"))):
        async with started(settings) as process:
            _, said = await process.communicate()

    assert process.returncode == 1
    assert "ports.json" in said.decode()
    assert "Traceback" not in said.decode()
