"""Fixtures: one local Discord and one bot for the package, one server per test.

A module that starts bots of its own (it imports `run_bot_process`), or sets `NEEDS_OWN_BOT = True`, does not share the
bot: while it runs, no other bot is connected. These modules run last.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from herwa_shared.config import Settings
from herwa_shared.stores import Stores
from tests.bot.shared_bot import SharedBot
from tests.support.bot_process import BotProcess, run_bot_process
from tests.support.db_assertions import wait_until_stored
from tests.support.member_client import MemberClient
from tests.support.sample_server import SampleServer
from tests.support.schema_assertions import assert_documented
from tests.support.sim_process import SimProcess


def has_own_bot(module: ModuleType) -> bool:
    return hasattr(module, "run_bot_process") or getattr(module, "NEEDS_OWN_BOT", False)


def is_in_this_package(item: pytest.Item) -> bool:
    return item.path.parent == Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the modules that do not share the bot behind the others of this package."""
    positions = [position for position, item in enumerate(items) if is_in_this_package(item)]
    own = sorted((items[position] for position in positions), key=lambda item: has_own_bot(item.module))
    for position, item in zip(positions, own, strict=True):
        items[position] = item


@pytest.fixture(scope="package")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimProcess]:
    """The local Discord of the package, without simulated people; its journal is on."""
    process = SimProcess(tmp_path_factory.mktemp("sim"), "--quiet")
    process.client.read_journal(on=True)
    yield process
    process.close()


@pytest.fixture
def own_sim(tmp_path: Path) -> Iterator[SimProcess]:
    """A local Discord for one test, which may stop it."""
    process = SimProcess(tmp_path, "--quiet")
    yield process
    process.close()


@pytest.fixture(autouse=True)
def api_conformance(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test: assert that the REST calls and gateway events match Discord's documents."""
    yield
    if "sim" in request.fixturenames:
        assert_documented(request.getfixturevalue("sim").client)


@pytest.fixture(scope="package")
def archived_threads(request: pytest.FixtureRequest, sim: SimProcess) -> list[tuple[SampleServer, int]]:
    """One server with an archived thread per test that needs one, made before any bot connects."""
    items = [item for item in request.session.items if is_in_this_package(item)]
    servers = [SampleServer(sim.client) for item in items if "archived_thread" in item.fixturenames]
    threads = [sim.client.create_thread(server.channel, "last year") for server in servers]
    for thread in threads:
        archive_thread(sim, thread)
    return list(zip(servers, threads, strict=True))


@pytest.fixture
def archived_thread(archived_threads: list[tuple[SampleServer, int]]) -> tuple[SampleServer, int]:
    """A server of the test's own with an archived thread that no gateway event has ever described."""
    return archived_threads.pop()


@pytest.fixture(scope="package")
def shared_servers(request: pytest.FixtureRequest, sim: SimProcess) -> list[SampleServer]:
    """One server per test of the modules that share the bot, made before it connects."""
    return [
        SampleServer(sim.client)
        for item in request.session.items
        if is_in_this_package(item) and not has_own_bot(item.module) and "server" in item.fixturenames
    ]


@pytest.fixture(scope="module")
def prepared_servers(request: pytest.FixtureRequest, sim: SimProcess) -> list[SampleServer]:
    """At least one server per test of the module, made before its bot connects.

    The bot knows them only from GUILD_CREATE, as after a restart, and not from the events that made them.
    """
    if not has_own_bot(request.module):
        servers: list[SampleServer] = request.getfixturevalue("shared_servers")
        return servers
    return [SampleServer(sim.client) for item in request.session.items if item.path == request.path]


@pytest.fixture(scope="package")
def shared_bot() -> Iterator[SharedBot]:
    """The bot of the modules that share it; it does not run yet."""
    bot = SharedBot()
    yield bot
    bot.kill_if_running()


@pytest.fixture(scope="module", autouse=True)
async def stopped_shared_bot(request: pytest.FixtureRequest, shared_bot: SharedBot) -> None:
    """Stop the shared bot before a module that starts its own."""
    if has_own_bot(request.module):
        await shared_bot.stop()


@pytest.fixture(scope="module")
async def bot(
    request: pytest.FixtureRequest,
    stores: Stores,
    settings: Settings,
    sim: SimProcess,
    archived_threads: list[tuple[SampleServer, int]],
    prepared_servers: list[SampleServer],
    shared_bot: SharedBot,
) -> AsyncIterator[BotProcess]:
    """A bot process that is ready; it must still run at the end of the module."""
    if has_own_bot(request.module):
        with run_bot_process(settings, sim) as process:
            await process.wait_until_ready()
            yield process
            assert process.process.poll() is None, process.read_log()
    else:
        process = await shared_bot.get_ready(settings, sim)
        yield process
        assert process.process.poll() is None, process.read_log()


@pytest.fixture
def server(sim: SimProcess, prepared_servers: list[SampleServer]) -> SampleServer:
    """A server of the test's own, made before the bot connected."""
    return prepared_servers.pop() if prepared_servers else SampleServer(sim.client)


@pytest.fixture
def new_server(sim: SimProcess, bot: BotProcess) -> SampleServer:
    """A server that is made while the bot is connected, so that the bot receives the joins of its members."""
    del bot  # only has to run
    return SampleServer(sim.client)


@pytest.fixture
async def members(sim: SimProcess, stores: Stores, bot: BotProcess, server: SampleServer) -> MemberClient:
    """The members of a server that the bot and the database know."""
    await wait_until_stored(stores, bot)
    client = MemberClient(sim, stores, server)
    await client.wait_for_verdict("Yes", "server-stats")  # then the commands are registered
    return client


def change_channel(sim: SimProcess, channel_id: int, **changes: object) -> None:
    """Change a channel through the REST API with the bot's token."""
    url = f"{sim.url}/api/v10/channels/{channel_id}"
    httpx.patch(url, json=changes, headers={"Authorization": f"Bot {sim.token}"}, trust_env=False).raise_for_status()


def archive_thread(sim: SimProcess, thread_id: int) -> None:
    change_channel(sim, thread_id, archived=True)


@pytest.fixture(scope="session")
def logs(settings: Settings) -> Path:
    """The folder of the log files."""
    return settings.data_dir / "logs"
