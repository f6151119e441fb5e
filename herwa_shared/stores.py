"""Open PostgreSQL, ClickHouse and Redis: start embedded engines, migrate, create clients."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass

from clickhouse_connect.driver.asyncclient import AsyncClient
from redis.asyncio import Redis

from herwa_shared.backup.create import back_up_automatically
from herwa_shared.backup.store_records import check_records, record_stores
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.embedded import EngineLease, StoreUrls, lease_engines
from herwa_shared.log import get_logger
from herwa_shared.migrate import StoreRevisions, migrate
from herwa_shared.redis_client import create_redis_client
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit_key import load_audit_key

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stores:
    """Clients of both databases, with their schemas up to date.

    `clickhouse` can only read. `writer` is None unless the process asked for it. `redis` may not respond: nothing may
    fail because of it.
    """

    database: Database
    clickhouse: AsyncClient
    redis: Redis
    writer: AsyncClient | None = None

    @property
    def clickhouse_writer(self) -> AsyncClient:
        """The ClickHouse client that inserts. Only for a process that opened the stores with `with_writer`."""
        assert self.writer is not None, "the stores were opened without a writer"
        return self.writer

    @property
    def database_url(self) -> str:
        """The PostgreSQL URL, for callers that need a connection outside the pool."""
        return self.database.url


@asynccontextmanager
async def open_stores(
    settings: Settings, *, report: Callable[[str], None] | None = None, with_writer: bool = False
) -> AsyncIterator[Stores]:
    """Open both stores with their schemas up to date.

    The engine lease is released when the block ends; an embedded engine stops when its last lease is released.
    `report` receives progress texts for people; it defaults to the log. `with_writer` also opens a client that inserts
    into ClickHouse.
    """
    folder = DataFolder(settings.data_dir)
    async with AsyncExitStack() as stack:
        lease = await _acquire_lease(settings, folder, report or log.info)
        stack.push_async_callback(asyncio.to_thread, lease.release)
        await prepare_stores(settings, folder, lease.urls, report or log.info)
        database = Database(lease.urls.database, audit_key=load_audit_key(settings, folder))
        stack.push_async_callback(database.close)
        reader = await stack.enter_async_context(open_clickhouse(lease.urls.clickhouse))
        writer = await stack.enter_async_context(open_clickhouse(lease.urls.clickhouse_writer)) if with_writer else None
        redis = await stack.enter_async_context(aclosing(create_redis_client(lease.urls.redis)))
        yield Stores(database, reader, redis, writer)


async def prepare_stores(
    settings: Settings, folder: DataFolder, urls: StoreUrls, report: Callable[[str], None]
) -> None:
    """Migrate both stores, after a backup if they contain anything.

    Raises StoreEmpty if one of them was filled before and is empty, RestoreIncomplete and MigrationDenied.
    """
    known_revisions: list[StoreRevisions] = []

    async def inspect(revisions: StoreRevisions) -> None:
        check_records(settings, folder, revisions)
        known_revisions.append(revisions)
        if revisions.is_outdated and not revisions.is_empty:
            await back_up_automatically(urls, folder, "before-migration", report)

    await migrate(urls, audit_key=load_audit_key(settings, folder), inspect=inspect)
    record_stores(settings, folder, known_revisions[0])


async def _acquire_lease(settings: Settings, folder: DataFolder, report: Callable[[str], None]) -> EngineLease:
    """Acquire an engine lease in a thread.

    On cancellation, wait for the lease and release it; otherwise an engine would be left running.
    """
    lease_task = asyncio.create_task(asyncio.to_thread(lease_engines, settings, folder, report=report))
    try:
        return await asyncio.shield(lease_task)
    except asyncio.CancelledError:
        await asyncio.to_thread((await lease_task).release)
        raise
