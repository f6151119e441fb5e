"""Fixtures of the sim tests: one shared local Discord, and a server and a bot per test.

After each test the traffic of the shared process is checked against Discord's schemas.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest

from herwa_sim.client.client import SimClient
from tests.sim.recording_bot import RecordingBot, connect_bot
from tests.support.schema_assertions import assert_documented
from tests.support.sim_process import SimProcess

HISTORY_CSV_HEADER = "created_at,category,channel,thread,author,content_length,attachments"

_server_numbers = count(1)


class SingleMemberServer:
    """A guild for one test, with a channel and a member."""

    def __init__(self, client: SimClient) -> None:
        number = next(_server_numbers)
        self.id = client.create_guild(f"Guild {number}")
        self.channel = client.create_channel(self.id, "general")
        self.member = client.join(self.id, f"Ada {number}")
        self.owner = client.get_snapshot().personas["owner"]


@pytest.fixture(scope="session")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimProcess]:
    """The shared local Discord, without simulated people; its journal is on."""
    process = SimProcess(tmp_path_factory.mktemp("sim"), "--quiet")
    process.client.read_journal(on=True)
    yield process
    process.close()


@pytest.fixture
def own_sim(tmp_path: Path) -> Iterator[SimProcess]:
    """A local Discord for one test, which may stop or kill it."""
    process = SimProcess(tmp_path, "--quiet")
    yield process
    process.close()


@pytest.fixture(autouse=True)
def api_conformance(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test: assert that its REST calls and gateway events match Discord's documents."""
    yield
    if "sim" in request.fixturenames:
        assert_documented(request.getfixturevalue("sim").client)


@pytest.fixture
async def server(sim: SimProcess) -> SingleMemberServer:
    return await asyncio.to_thread(SingleMemberServer, sim.client)


@pytest.fixture
async def bot(sim: SimProcess, server: SingleMemberServer) -> AsyncIterator[RecordingBot]:
    """A discord.py bot that is connected and ready."""
    async with connect_bot(sim) as ready_bot:
        yield ready_bot
