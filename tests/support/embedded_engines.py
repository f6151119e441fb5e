"""Data folders and settings for tests that start embedded database engines."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import psutil

from herwa_shared.config import Settings, StoreSettings
from herwa_shared.embedded import lease_engines
from herwa_shared.embedded.engine_process import read_record
from herwa_shared.runtime.data_dir import DataFolder

EXTERNAL_URLS = (
    "postgresql://herwa@127.0.0.1:9/elsewhere",
    "http://herwa@127.0.0.1:9/elsewhere",
    "redis://127.0.0.1:9/0",
)


@contextmanager
def create_data_folder() -> Iterator[DataFolder]:
    """Create an empty data folder; delete it at the end."""
    path = Path(tempfile.mkdtemp(prefix="herwa-test-"))
    try:
        yield DataFolder(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def build_settings(
    folder: DataFolder, *, postgres: bool = True, clickhouse: bool = True, redis: bool = False
) -> Settings:
    """Build settings that ignore the environment; a store that is not wanted has an external URL."""
    stores = StoreSettings(
        _env_file=None,
        DATABASE_URL=None if postgres else EXTERNAL_URLS[0],
        CLICKHOUSE_URL=None if clickhouse else EXTERNAL_URLS[1],
        REDIS_URL=None if redis else EXTERNAL_URLS[2],
    )
    return Settings(_env_file=None, HERWA_DATA_DIR=folder.path, stores=stores)


@asynccontextmanager
async def connect_owner(settings: Settings, folder: DataFolder) -> AsyncIterator[asyncpg.Connection]:
    """Connect to the embedded PostgreSQL as the owner of its tables."""
    with lease_engines(settings, folder) as lease:
        connection = await asyncpg.connect(lease.urls.database_owner)
        try:
            yield connection
        finally:
            await connection.close()


def kill_postgres(folder: DataFolder) -> None:
    """Kill PostgreSQL, and wait until its backends have ended: until then they may still commit."""
    postmaster = psutil.Process(read_record(folder, "postgres").pid)
    backends = postmaster.children()
    postmaster.kill()
    _, alive = psutil.wait_procs(backends, timeout=30)
    assert alive == []
