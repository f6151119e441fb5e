"""A start that finds a database unexpectedly empty is refused; a migration is preceded by a backup."""

import asyncio
import shutil
from dataclasses import replace

import pytest
from pydantic import SecretStr

from alembic import command
from herwa_shared.backup.archive import open_archive
from herwa_shared.backup.store_records import (
    RestoreIncomplete,
    StoreEmpty,
    check_records,
    get_records_path,
    mark_restoring,
    record_stores,
)
from herwa_shared.config import StoreSettings
from herwa_shared.embedded import lease_engines
from herwa_shared.migrate import StoreRevisions, build_alembic_config
from herwa_shared.stores import open_stores
from tests.support.embedded_engines import build_settings, create_data_folder

NEW = StoreRevisions(postgresql=None, clickhouse=None, moved_events=0, clickhouse_rows=0)
FILLED = StoreRevisions(postgresql="0010", clickhouse=3, moved_events=500, clickhouse_rows=500)
NO_POSTGRESQL = replace(FILLED, postgresql=None, moved_events=0)
NO_CLICKHOUSE = replace(FILLED, clickhouse=None, clickhouse_rows=0)
NO_ROWS = replace(FILLED, clickhouse_rows=0)


@pytest.fixture
def copy():
    with create_data_folder() as folder:
        yield build_settings(folder), folder


@pytest.mark.parametrize("known", [NEW, FILLED])
@pytest.mark.parametrize("found", [NO_POSTGRESQL, NO_CLICKHOUSE, NO_ROWS])
def test_database_that_was_filled_must_not_be_empty(copy, known, found):
    check_records(*copy, known)
    record_stores(*copy, known)
    check_records(*copy, FILLED)
    with pytest.raises(StoreEmpty) as refusal:
        check_records(*copy, found)
    assert str(get_records_path(copy[1])) in str(refusal.value)


@pytest.mark.parametrize("found", [NO_POSTGRESQL, NO_CLICKHOUSE, NO_ROWS])
def test_operator_can_start_with_an_empty_database(copy, found):
    record_stores(*copy, FILLED)
    get_records_path(copy[1]).unlink()
    check_records(*copy, found)
    record_stores(*copy, found)
    check_records(*copy, replace(found, postgresql="0010", clickhouse=3))


def test_first_start_before_the_first_event_is_no_loss(copy):
    for revisions in (NEW, replace(FILLED, moved_events=0, clickhouse_rows=0)):
        check_records(*copy, revisions)
        record_stores(*copy, revisions)


def test_another_url_is_another_database(copy):
    settings, folder = copy
    record_stores(settings, folder, FILLED)
    stores = StoreSettings(DATABASE_URL=SecretStr("postgresql://a:b@db.example/herwa"), CLICKHOUSE_URL=None)
    other_settings = settings.model_copy(update={"stores": stores})
    check_records(other_settings, folder, NO_POSTGRESQL)
    record_stores(other_settings, folder, FILLED)
    assert "a:b" not in get_records_path(folder).read_text()
    with pytest.raises(StoreEmpty):
        check_records(other_settings, folder, NO_POSTGRESQL)


def test_interrupted_restore_is_refused_until_it_is_repeated(copy):
    record_stores(*copy, FILLED)
    mark_restoring(copy[1])
    with pytest.raises(RestoreIncomplete):
        check_records(*copy, FILLED)
    record_stores(*copy, FILLED)
    check_records(*copy, FILLED)


@pytest.mark.slow
async def test_databases_are_backed_up_before_a_migration_and_not_before_the_first(filled_copy):
    settings, folder = filled_copy.settings, filled_copy.folder
    assert list((folder.path / "backups").glob("before-migration-*")) == []
    with lease_engines(settings, folder) as lease:
        await asyncio.to_thread(command.downgrade, build_alembic_config(lease.urls.database_owner), "-1")
        reports: list[str] = []
        async with open_stores(settings, report=reports.append):
            pass
    (path,) = (folder.path / "backups").glob("before-migration-*")
    assert any(str(path) in text for text in reports)
    with open_archive(path) as (_, manifest):
        assert manifest.postgresql_revision < filled_copy.manifest.postgresql_revision
        assert manifest.postgresql_tables["audit_entry"] == filled_copy.manifest.postgresql_tables["audit_entry"]


@pytest.mark.slow
async def test_start_is_refused_when_a_database_was_deleted():
    with create_data_folder() as folder:
        settings = build_settings(folder)
        async with open_stores(settings):
            pass
        for name in ("postgres", "clickhouse"):
            kept_dir = folder.path / f"{name}.kept"
            (folder.path / name).rename(kept_dir)
            with pytest.raises(StoreEmpty):
                async with open_stores(settings):
                    pass
            shutil.rmtree(folder.path / name)
            kept_dir.rename(folder.path / name)
        async with open_stores(settings):
            pass
