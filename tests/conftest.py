"""Fixtures of all tests: a data folder with real database engines, started once per test process."""

import gc
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import cache
from itertools import count
from pathlib import Path

import asyncpg
import httpx
import pytest
from xdist.remote import Producer

from herwa_shared.config import DiscordSettings, Settings, StoreSettings
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.stores import Stores, open_stores
from tests.support.embedded_engines import connect_owner
from tests.support.scheduling import LoadUnitScheduling
from tests.support.sim_process import SimProcess
from tests.support.temporary_files import keep_temporary_files_in_memory

_guild_ids = count(1_000_000_000_000_000_001, 1_000)

keep_temporary_files_in_memory()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadUnitScheduling | None:
    """Keep modules that share processes in one process, for `--dist loadfile`."""
    return LoadUnitScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """Exclude the modules and the thousands of tests, which remain until the end, from garbage collections."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def cached_tls_contexts() -> Iterator[None]:
    """Load certificates once for all HTTP clients with the same options: it takes longer than most requests."""
    create_context = cache(httpx.create_ssl_context)
    with pytest.MonkeyPatch.context() as patch:
        for module in (httpx, httpx._transports.default):
            patch.setattr(module, "create_ssl_context", create_context)
        yield


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="herwa-test-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def settings(data_dir: Path) -> Settings:
    """Settings that ignore the developer's own tokens and database URLs."""
    return Settings(
        HERWA_DATA_DIR=data_dir,
        discord=DiscordSettings(DISCORD_TOKEN=None, HERWA_DISCORD_URL=None),
        stores=StoreSettings(DATABASE_URL=None, CLICKHOUSE_URL=None, REDIS_URL=None),
    )


@pytest.fixture(scope="session")
def folder(settings: Settings) -> DataFolder:
    return DataFolder(settings.data_dir)


@pytest.fixture(scope="session")
async def stores(settings: Settings) -> AsyncIterator[Stores]:
    """PostgreSQL and ClickHouse with the newest schema. Tests share them, so each test uses its own guild."""
    async with open_stores(settings, with_writer=True) as shared_stores:
        yield shared_stores


@pytest.fixture
async def owner(stores: Stores, settings: Settings, folder: DataFolder) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the owner of PostgreSQL's tables, who can do what Herwa's own account cannot."""
    async with connect_owner(settings, folder) as connection:
        yield connection


@pytest.fixture(scope="session")
def discord(settings: Settings) -> Iterator[SimProcess]:
    """The local Discord, without simulated members; it records every call and event in its journal."""
    process = SimProcess(settings.data_dir, "--quiet")
    process.client.read_journal(on=True)
    yield process
    process.close()


@pytest.fixture
def guild_id() -> int:
    """A guild id that no other test uses."""
    return next(_guild_ids)
