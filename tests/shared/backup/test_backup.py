"""Backups: everything comes back, in another data folder as well, and a damaged or foreign file changes nothing."""

import json
import os
import zipfile
from dataclasses import replace

import asyncpg
import pytest

from herwa_shared.backup.archive import FORMAT_VERSION, MANIFEST_NAME, BadBackup, open_archive
from herwa_shared.backup.clickhouse import DATA_TABLES, VERSIONS_TABLE, VIEWS
from herwa_shared.backup.create import back_up_automatically, create_backup
from herwa_shared.backup.data_folder import KEPT_BACKUPS
from herwa_shared.backup.restore import restore_backup
from herwa_shared.clock import utc_now
from herwa_shared.database_privileges import is_restricted
from herwa_shared.pipeline.mover import move_batch, plan_batch, restamp_after_restore, transfer_batch
from herwa_shared.services.api_key_authentication import authenticate_key
from herwa_shared.services.api_key_format import load_peppers
from herwa_shared.services.audit import SYSTEM, record
from herwa_shared.services.audit_anchors import read_anchors
from herwa_shared.services.audit_key import load_audit_key
from herwa_shared.services.audit_verification import verify_all_chains
from herwa_shared.stores import open_stores
from tests.shared.backup.conftest import (
    CLICKHOUSE_QUERIES,
    MOVED_EVENTS,
    RECENT_DAYS,
    UNMOVED_EVENTS,
    lease_copy,
    read_content,
)
from tests.support.embedded_engines import build_settings


@pytest.mark.slow
async def test_restore_into_another_folder_brings_back_every_row(filled_copy, other_folder):
    settings = build_settings(other_folder)
    async with lease_copy(settings, other_folder) as lease:
        await restore_backup(settings, lease.urls, other_folder, filled_copy.backup_path)
        assert await read_content(lease) == filled_copy.content
        connection = await asyncpg.connect(lease.urls.database_owner)
        assert await is_restricted(connection, role="herwa")
        assert await connection.fetchval("SELECT count(*) FROM data_version WHERE guild_id <> 0") > 0
        await connection.close()

    async with open_stores(settings, with_writer=True) as stores:
        async with stores.database.transaction() as session:
            peppers = load_peppers(settings, other_folder)
            valid_key = await authenticate_key(session, key=filled_copy.api_key, peppers=peppers, now=utc_now())
            assert valid_key.principal.guild_id == filled_copy.guild_id
            anchors = read_anchors(other_folder, audit_key=load_audit_key(settings, other_folder))
            assert len(anchors.file_names) == 1
            verification = await verify_all_chains(session, noted=anchors.noted)
            assert (verification.entries, verification.defects, anchors.invalid_file_names) == (4, (), ())
            await record(session, SYSTEM, "feature.set", guild_id=filled_copy.guild_id)
        async with stores.database.acquire_connection() as connection:
            await restamp_after_restore(connection)
            assert await move_batch(connection, stores.clickhouse_writer) == UNMOVED_EVENTS
            assert await move_batch(connection, stores.clickhouse_writer) == 0
        rows = await stores.clickhouse.query(
            "SELECT sum(events) FROM activity_hourly WHERE hour > now() - INTERVAL 1 DAY"
        )
        assert rows.result_rows == [(MOVED_EVENTS + UNMOVED_EVENTS,)]


@pytest.mark.slow
async def test_restore_replaces_what_the_databases_contain(filled_copy):
    settings, folder = filled_copy.settings, filled_copy.folder
    async with open_stores(settings, with_writer=True) as stores:
        async with stores.database.transaction() as session:
            await record(session, SYSTEM, "feature.set", guild_id=None, reason="after the backup")
        async with stores.database.acquire_connection() as connection:
            assert await move_batch(connection, stores.clickhouse_writer) == UNMOVED_EVENTS
    async with lease_copy(settings, folder) as lease:
        assert await read_content(lease) != filled_copy.content
        await restore_backup(settings, lease.urls, folder, filled_copy.backup_path)
        assert await read_content(lease) == filled_copy.content
    old_anchors = list((folder.path / "audit").glob("before-restore-*/*.jsonl"))
    assert len(old_anchors) == 1


@pytest.mark.slow
async def test_backup_contains_a_batch_that_was_planned_but_not_sent_only_once(filled_copy, tmp_path):
    """As after a kill of the worker between the plan and the insert, and between the insert and its acknowledgement."""
    settings, folder = filled_copy.settings, filled_copy.folder
    for is_sent in (False, True):
        async with lease_copy(settings, folder) as lease:
            await restore_backup(settings, lease.urls, folder, filled_copy.backup_path)
        async with open_stores(settings, with_writer=True) as stores:
            async with stores.database.acquire_connection() as connection:
                batch = await plan_batch(connection)
                if is_sent:
                    await transfer_batch(connection, stores.clickhouse_writer, batch)
            async with lease_copy(settings, folder) as lease:
                manifest = await create_backup(lease.urls, folder, tmp_path / f"{is_sent}.zip")
        assert not manifest.has_pending_batch
        events = manifest.clickhouse_tables["activity_events"].rows + manifest.postgresql_tables["event_buffer"].rows
        assert events == MOVED_EVENTS + UNMOVED_EVENTS + RECENT_DAYS


@pytest.mark.slow
async def test_backup_succeeds_although_clickhouse_refuses_a_batch(filled_copy, tmp_path):
    settings, folder, reports = filled_copy.settings, filled_copy.folder, []
    async with lease_copy(settings, folder) as lease:
        await restore_backup(settings, lease.urls, folder, filled_copy.backup_path)
    async with open_stores(settings, with_writer=True) as stores:
        await stores.clickhouse_writer.command(
            "CREATE MATERIALIZED VIEW broken ENGINE = MergeTree ORDER BY x AS"
            " SELECT throwIf(guild_id > 0, 'broken') AS x FROM activity_events"
        )
        async with stores.database.acquire_connection() as connection:
            await plan_batch(connection)
        async with lease_copy(settings, folder) as lease:
            manifest = await create_backup(lease.urls, folder, tmp_path / "pending.zip", report=reports.append)
        await stores.clickhouse_writer.command("DROP TABLE broken")
    assert manifest.has_pending_batch
    assert manifest.postgresql_tables["event_buffer"].rows == UNMOVED_EVENTS
    assert len(reports) == 1


def test_backup_is_readable_by_its_owner_only(filled_copy):
    assert filled_copy.backup_path.stat().st_mode & 0o777 == 0o600
    assert filled_copy.backup_path.parent.stat().st_mode & 0o777 == 0o700


def damage_rows(path):
    with zipfile.ZipFile(path) as archive:
        member = max(archive.infolist(), key=lambda info: info.compress_size)
    content = bytearray(path.read_bytes())
    content[member.header_offset + member.compress_size // 2] ^= 0xFF
    path.write_bytes(content)


def remove_manifest(path):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name != MANIFEST_NAME}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def write_newer_format(path):
    with zipfile.ZipFile(path) as archive:
        fields = json.loads(archive.read(MANIFEST_NAME))
    remove_manifest(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(MANIFEST_NAME, json.dumps(fields | {"format": FORMAT_VERSION + 1}))


@pytest.mark.parametrize(
    "damage",
    [
        damage_rows,
        remove_manifest,
        write_newer_format,
        lambda path: os.truncate(path, path.stat().st_size // 2),
        lambda path: path.write_text("not a backup"),
    ],
)
def test_damaged_or_foreign_file_is_refused(filled_copy, tmp_path, damage):
    path = tmp_path / "copy.zip"
    path.write_bytes(filled_copy.backup_path.read_bytes())
    with open_archive(path):
        pass
    damage(path)
    with pytest.raises(BadBackup), open_archive(path):
        pass


async def test_failed_backup_leaves_no_file(filled_copy, tmp_path):
    async with lease_copy(filled_copy.settings, filled_copy.folder) as lease:
        urls = replace(lease.urls, clickhouse_writer=lease.urls.clickhouse_writer.replace("herwa_writer", "nobody"))
        with pytest.raises(Exception, match="nobody"):
            await create_backup(urls, filled_copy.folder, tmp_path / "failed.zip")
    assert list(tmp_path.iterdir()) == []


async def test_only_the_newest_automatic_backups_are_kept(filled_copy, monkeypatch):
    folder = filled_copy.folder
    backups = folder.path / "backups"
    for number in range(KEPT_BACKUPS + 1):
        (backups / f"before-test-2020010{number}-000000.zip").touch()
    async with lease_copy(filled_copy.settings, folder) as lease:
        path = await back_up_automatically(lease.urls, folder, "before-test", lambda _: None)
    names = sorted(file.name for file in backups.glob("before-test-*"))
    assert names[-1] == path.name
    assert len(names) == KEPT_BACKUPS
    assert filled_copy.backup_path.exists()


def test_every_table_of_the_migrations_is_in_the_backup(filled_copy):
    tables = {*filled_copy.content} - {*CLICKHOUSE_QUERIES}
    assert tables == {*filled_copy.manifest.postgresql_tables, "alembic_version"}
    clickhouse_tables = {name for (name,) in filled_copy.content[CLICKHOUSE_QUERIES[0]]}
    assert clickhouse_tables == {*DATA_TABLES, *VIEWS, VERSIONS_TABLE}
    assert filled_copy.manifest.clickhouse_tables.keys() == set(DATA_TABLES)
