"""`herwa backup` and `herwa restore`: both databases in one file."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import asyncpg

from herwa.supervisor.process_registry import list_running_processes
from herwa.texts import backup as texts
from herwa_shared.backup.archive import Manifest, TableDump, open_archive
from herwa_shared.backup.create import back_up_automatically, create_backup
from herwa_shared.backup.data_folder import build_backup_path
from herwa_shared.backup.restore import restore_backup
from herwa_shared.backup.store_records import is_restore_incomplete
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.embedded import StoreUrls, is_leased, lease_engines
from herwa_shared.errors import BadRequest, HerwaError
from herwa_shared.migrate import StoreRevisions, load_revisions, to_plain_url
from herwa_shared.runtime.data_dir import DataFolder


class CopyRunning(HerwaError):
    """Processes of the copy use the databases that are to be replaced."""

    code = "copy_running"
    status = 409
    message = texts.COPY_RUNNING


async def back_up(settings: Settings, *, file: Path | None, report: Callable[[str], None]) -> str:
    """Back up both databases. Returns a sentence with the path. Raises BadRequest if the file exists."""
    folder = DataFolder(settings.data_dir)
    path = (file or build_backup_path(folder, "backup", now=utc_now())).absolute()
    if path.exists():
        raise BadRequest(texts.format_file_exists(path))
    async with _hold_engines(settings, folder, report) as urls:
        manifest = await create_backup(urls, folder, path, report=report)
    return texts.format_backed_up(path, path.stat().st_size, *_count_rows(manifest))


async def restore(settings: Settings, *, file: Path, report: Callable[[str], None]) -> str:
    """Replace both databases by a backup, after backing up what they contain. Returns a sentence.

    Raises CopyRunning, BadBackup.
    """
    folder = DataFolder(settings.data_dir)
    with open_archive(file):  # check the backup before anything is started
        pass
    if is_leased(folder):
        raise CopyRunning
    async with _hold_engines(settings, folder, report) as urls:
        revisions = await _load_revisions(urls)
        if revisions.postgresql is not None and not revisions.is_postgresql_outdated:
            await _refuse_running_processes(urls)
        if not revisions.is_empty and not is_restore_incomplete(folder):
            await back_up_automatically(urls, folder, "before-restore", report)
        manifest = await restore_backup(settings, urls, folder, file)
    return texts.format_restored(datetime.fromisoformat(manifest.created_at), *_count_rows(manifest))


@asynccontextmanager
async def _hold_engines(
    settings: Settings, folder: DataFolder, report: Callable[[str], None]
) -> AsyncIterator[StoreUrls]:
    """Keep the embedded engines running during the block."""
    lease = await asyncio.to_thread(lease_engines, settings, folder, report=report)
    try:
        yield lease.urls
    finally:
        await asyncio.to_thread(lease.release)


async def _load_revisions(urls: StoreUrls) -> StoreRevisions:
    connection = await asyncpg.connect(to_plain_url(urls.database_owner), timeout=30)
    try:
        return await load_revisions(connection, urls)
    finally:
        await connection.close()


async def _refuse_running_processes(urls: StoreUrls) -> None:
    """Refuse a restore while processes send heartbeats, also from other machines. Raises CopyRunning."""
    database = Database(urls.database_owner, pool_size=1)
    try:
        async with database.transaction() as session:
            if await list_running_processes(session):
                raise CopyRunning
    finally:
        await database.close()


def _count_rows(manifest: Manifest) -> tuple[int, int]:
    def count(tables: dict[str, TableDump]) -> int:
        return sum(table.rows for table in tables.values())

    return count(dict(manifest.postgresql_tables)), count(dict(manifest.clickhouse_tables))
