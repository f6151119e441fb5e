"""Create a backup of both databases that fit together: no event is missing, and none is in both.

Events move from PostgreSQL's buffer to ClickHouse in batches. During a backup no batch moves: the backup holds the row
that every batch locks. Everything else continues; events wait in the buffer meanwhile.
"""

import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.backup import texts
from herwa_shared.backup.archive import (
    MANIFEST_NAME,
    SECRETS_NAME,
    Manifest,
    SequenceValue,
    TableDump,
    create_archive,
)
from herwa_shared.backup.clickhouse import dump_clickhouse
from herwa_shared.backup.data_folder import (
    ANCHORS_FOLDER,
    build_backup_path,
    delete_old_backups,
    format_secrets,
    list_anchor_files,
)
from herwa_shared.backup.postgresql import dump_postgresql
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.clock import utc_now
from herwa_shared.embedded import StoreUrls
from herwa_shared.errors import format_reason
from herwa_shared.migrate import StoreRevisions, load_revisions, to_plain_url
from herwa_shared.pipeline.mover import move_batch
from herwa_shared.runtime.data_dir import DataFolder

MAX_ATTEMPTS = 20
_SERIALIZATION_ERRORS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


async def create_backup(
    urls: StoreUrls, folder: DataFolder, path: Path, *, report: Callable[[str], None] = lambda _: None
) -> Manifest:
    """Back up both databases, the anchors of the audit log and the keys of the data folder to `path`.

    A running copy continues. `report` receives a warning if a batch of events could not be completed before.
    """
    async with open_clickhouse(urls.clickhouse_writer) as clickhouse:
        connection = await asyncpg.connect(to_plain_url(urls.database_owner), timeout=30)
        try:
            revisions = await load_revisions(connection, urls)
            with create_archive(path) as archive:
                return await _write_archive(archive, folder, connection, clickhouse, revisions, report)
        finally:
            await connection.close()


async def back_up_automatically(urls: StoreUrls, folder: DataFolder, kind: str, report: Callable[[str], None]) -> Path:
    """Back up to the data folder, and delete the oldest automatic backups of this kind. Returns the path."""
    path = build_backup_path(folder, kind, now=utc_now())
    await create_backup(urls, folder, path, report=report)
    delete_old_backups(folder, kind)
    report(texts.format_backup_created(path))
    return path


async def _write_archive(
    archive: zipfile.ZipFile,
    folder: DataFolder,
    connection: asyncpg.Connection,
    clickhouse: AsyncClient,
    revisions: StoreRevisions,
    report: Callable[[str], None],
) -> Manifest:
    tables: dict[str, TableDump] = {}
    sequences: dict[str, SequenceValue] = {}
    clickhouse_tables: dict[str, TableDump] = {}
    async with _hold_mover(connection, clickhouse, revisions, report) as has_pending_batch:
        if revisions.postgresql is not None:
            tables, sequences = await dump_postgresql(connection, archive)
        if revisions.clickhouse is not None:
            clickhouse_tables = await dump_clickhouse(clickhouse, archive)
    archive.writestr(SECRETS_NAME, format_secrets(folder))
    for anchor_path in list_anchor_files(folder):
        archive.write(anchor_path, f"{ANCHORS_FOLDER}/{anchor_path.name}")
    manifest = Manifest(
        created_at=utc_now().isoformat(timespec="seconds"),
        postgresql_revision=revisions.postgresql,
        postgresql_tables=tables,
        postgresql_sequences=sequences,
        has_pending_batch=has_pending_batch,
        clickhouse_revision=revisions.clickhouse,
        clickhouse_tables=clickhouse_tables,
    )
    archive.writestr(MANIFEST_NAME, manifest.to_json())
    return manifest


@asynccontextmanager
async def _hold_mover(
    connection: asyncpg.Connection, clickhouse: AsyncClient, revisions: StoreRevisions, report: Callable[[str], None]
) -> AsyncIterator[bool]:
    """Open a transaction that sees one state of PostgreSQL, while no batch is on its way.

    Yields whether a batch is pending nevertheless, because it cannot be inserted.
    """
    is_settled = revisions.postgresql is None or revisions.clickhouse is None
    for attempt in range(1, MAX_ATTEMPTS + 1):
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        try:
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            is_pending = await _lock_mover(connection)
        except _SERIALIZATION_ERRORS:  # a batch was acknowledged meanwhile
            await transaction.rollback()
            continue
        if is_pending and not is_settled and attempt < MAX_ATTEMPTS:
            await transaction.rollback()
            is_settled = not await _complete_batch(connection, clickhouse, report)
            continue
        try:
            yield is_pending
        finally:
            await transaction.rollback()
        return
    raise TimeoutError(texts.MOVER_BUSY)


async def _lock_mover(connection: asyncpg.Connection) -> bool:
    """Lock the state of the mover, if there is one. Returns whether a batch is pending."""
    if not await connection.fetchval("SELECT to_regclass('ingest_state')"):
        return False
    return bool(await connection.fetchval("SELECT batch IS NOT NULL FROM ingest_state WHERE id = 0 FOR UPDATE"))


async def _complete_batch(
    connection: asyncpg.Connection, clickhouse: AsyncClient, report: Callable[[str], None]
) -> bool:
    """Move the pending batch. A worker may do the same at the same time: ClickHouse stores it once."""
    try:
        await move_batch(connection, clickhouse)
    except Exception as error:  # noqa: BLE001 - whatever the reason, the backup must not depend on ClickHouse
        report(texts.format_pending_batch(format_reason(error)))
        return False
    return True
