"""Restore a backup: replace both databases by its content, then migrate them to the newest schema.

No process of the copy may run. If a restore is interrupted, the copy does not start until it has been repeated.
"""

import asyncio
import zipfile
from pathlib import Path

import asyncpg

from alembic import command
from herwa_shared.backup.archive import Manifest, open_archive
from herwa_shared.backup.clickhouse import drop_tables, load_clickhouse
from herwa_shared.backup.data_folder import restore_anchors, restore_secrets
from herwa_shared.backup.postgresql import load_postgresql
from herwa_shared.backup.store_records import mark_restoring, record_stores
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.embedded import StoreUrls
from herwa_shared.migrate import (
    StoreRevisions,
    build_alembic_config,
    migrate,
    migrate_clickhouse,
    to_plain_url,
)
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit_key import load_audit_key


async def restore_backup(settings: Settings, urls: StoreUrls, folder: DataFolder, path: Path) -> Manifest:
    """Replace the content of both databases by that of the backup. Raises BadBackup before anything is changed."""
    with open_archive(path) as (archive, manifest):
        mark_restoring(folder)
        restore_secrets(folder, archive)
        audit_key = load_audit_key(settings, folder)
        await _restore_postgresql(urls.database_owner, archive, manifest, audit_key)
        await _restore_clickhouse(urls.clickhouse_writer, archive, manifest)
        restore_anchors(folder, archive, now=utc_now())
    revisions: list[StoreRevisions] = []

    async def keep_revisions(current: StoreRevisions) -> None:
        revisions.append(current)

    await migrate(urls, audit_key=audit_key, inspect=keep_revisions)
    record_stores(settings, folder, revisions[0])
    return manifest


async def _restore_postgresql(url: str, archive: zipfile.ZipFile, manifest: Manifest, audit_key: bytes) -> None:
    config = build_alembic_config(url, audit_key)
    await asyncio.to_thread(command.downgrade, config, "base")
    if manifest.postgresql_revision is None:
        return
    await asyncio.to_thread(command.upgrade, config, manifest.postgresql_revision)
    connection = await asyncpg.connect(to_plain_url(url), timeout=30)
    try:
        await load_postgresql(connection, archive, manifest)
    finally:
        await connection.close()


async def _restore_clickhouse(url: str, archive: zipfile.ZipFile, manifest: Manifest) -> None:
    async with open_clickhouse(url) as client:
        await drop_tables(client)
        if manifest.clickhouse_revision is None:
            return
        await asyncio.to_thread(migrate_clickhouse, url, manifest.clickhouse_revision)
        await load_clickhouse(client, archive, manifest)
