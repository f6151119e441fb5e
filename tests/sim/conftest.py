"""One quiet local Discord for the whole room; all that goes over the wire is held against Discord's own shapes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest

from herwa_sim.client.client import SimClient
from tests.sim.recording_bot import RecordingBot, connect_bot
from tests.support.schema_assertions import assert_documented
from tests.support.sim_process import SimProcess

_server_numbers = count(1)


class SingleMemberServer:
    """A guild of one test's own, with a channel and a member."""

    def __init__(self, client: SimClient) -> None:
        number = next(_server_numbers)
        self.id = client.create_guild(f"Guild {number}")
        self.channel = client.create_channel(self.id, "general")
        self.member = client.join(self.id, f"Ada {number}")
        self.owner = client.get_snapshot().personas["owner"]


@pytest.fixture(scope="session")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimProcess]:
    process = SimProcess(tmp_path_factory.mktemp("sim"), "--quiet")
    process.client.read_journal(on=True)
    yield process
    process.close()


@pytest.fixture
def own_sim(tmp_path: Path) -> Iterator[SimProcess]:
    """A process that a test may stop and kill."""
    process = SimProcess(tmp_path, "--quiet")
    yield process
    process.close()


@pytest.fixture(autouse=True)
def api_conformance(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test: neither a REST call nor a gateway event in it may differ from Discord's."""
    yield
    if "sim" in request.fixturenames:
        assert_documented(request.getfixturevalue("sim").client)


@pytest.fixture
async def server(sim: SimProcess) -> SingleMemberServer:
    return await asyncio.to_thread(SingleMemberServer, sim.client)


@pytest.fixture
async def bot(sim: SimProcess, server: SingleMemberServer) -> AsyncIterator[RecordingBot]:
    async with connect_bot(sim) as ready:
        yield ready


HISTORY_CSV_HEADER = "created_at,category,channel,thread,author,content_length,attachments"
