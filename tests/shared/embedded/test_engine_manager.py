"""Start, sharing and stop of embedded engines, also after SIGKILL of engines and of processes that hold a lease."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest

from herwa_shared.config import Settings
from herwa_shared.embedded import lease_engines, list_engines
from herwa_shared.errors import EngineFailure
from herwa_shared.runtime.data_dir import DataFolder
from tests.support.embedded_engines import EXTERNAL_URLS, build_settings, create_data_folder
from tests.support.waiting import read_line, wait_until_blocking

REPOSITORY_ROOT = Path(__file__).parents[3]

# A separate process that holds a lease: prints the engine's process id, then waits until its standard input is closed.
HOLDER_SCRIPT = """
import sys
from pathlib import Path
from herwa_shared.config import Settings, StoreSettings
from herwa_shared.embedded import list_engines, lease_engines
from herwa_shared.runtime.data_dir import DataFolder

folder = DataFolder(Path(sys.argv[1]))
stores = StoreSettings(_env_file=None, CLICKHOUSE_URL="http://127.0.0.1:9/", REDIS_URL="redis://127.0.0.1:9")
with lease_engines(Settings(_env_file=None, stores=stores), folder, report=lambda text: None):
    print(list_engines(folder)[0].pid, flush=True)
    sys.stdin.read()
"""


def start_holder(folder: DataFolder) -> subprocess.Popen[str]:
    argv = (sys.executable, "-c", HOLDER_SCRIPT, str(folder.path))
    return subprocess.Popen(argv, cwd=REPOSITORY_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def kill_process(pid: int) -> None:
    """Kill a process with SIGKILL and wait until it has ended."""
    process = psutil.Process(pid)
    process.kill()
    wait_until_blocking(
        lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, interval_seconds=0.002
    )


def find_postgres_pid(folder: DataFolder) -> int | None:
    return list_engines(folder)[0].pid


async def fetch_value(url: str, sql: str):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def test_last_released_lease_stops_the_engine(postgres_settings: Settings, postgres_folder: DataFolder):
    first_lease = lease_engines(postgres_settings, postgres_folder)
    second_lease = lease_engines(postgres_settings, postgres_folder)
    pid = find_postgres_pid(postgres_folder)
    first_lease.release()
    assert find_postgres_pid(postgres_folder) == pid
    second_lease.release()
    assert [engine_status.running for engine_status in list_engines(postgres_folder)] == [False, False, False]


def test_lease_can_be_released_twice(postgres_settings: Settings, postgres_folder: DataFolder):
    lease = lease_engines(postgres_settings, postgres_folder)
    lease.release()
    lease.release()
    assert find_postgres_pid(postgres_folder) is None


async def test_restart_after_sigkill_keeps_every_committed_row(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder) as lease:
        await fetch_value(lease.urls.database_owner, "CREATE TABLE survivor AS SELECT generate_series(1, 1000) AS n")
        urls = lease.urls
        kill_process(find_postgres_pid(postgres_folder))

        assert lease.restart_dead() == ["postgres"]
        assert lease.restart_dead() == []
        assert lease.urls == urls
        assert await fetch_value(lease.urls.database_owner, "SELECT count(*) FROM survivor") == 1000


async def test_restart_succeeds_while_a_backend_of_the_killed_server_is_busy(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder) as lease:
        connection = await asyncpg.connect(lease.urls.database)
        busy_query = connection.execute("DO $$ BEGIN FOR i IN 1..2000000000 LOOP END LOOP; END $$")
        query_task = asyncio.ensure_future(busy_query)
        await asyncio.sleep(0.2)
        kill_process(find_postgres_pid(postgres_folder))

        assert lease.restart_dead() == ["postgres"]
        assert await fetch_value(lease.urls.database, "SELECT 1") == 1
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await query_task
        connection.terminate()


def test_engine_survives_its_killed_holder_and_is_reused(postgres_settings, postgres_folder):
    holder = start_holder(postgres_folder)
    pid = int(read_line(holder))
    holder.kill()
    holder.communicate(timeout=60)
    with lease_engines(postgres_settings, postgres_folder):
        assert find_postgres_pid(postgres_folder) == pid
    assert find_postgres_pid(postgres_folder) is None


def test_concurrent_starts_share_one_engine():
    with create_data_folder() as folder:
        holders = [start_holder(folder) for _ in range(3)]
        pids = {int(read_line(holder)) for holder in holders}
        for holder in holders:
            holder.communicate(timeout=60)
        assert len(pids) == 1
        assert find_postgres_pid(folder) is None


async def test_engines_of_two_folders_are_separate(postgres_settings, postgres_folder):
    with (
        create_data_folder() as other_folder,
        lease_engines(postgres_settings, postgres_folder) as lease,
        lease_engines(build_settings(other_folder, clickhouse=False), other_folder) as other_lease,
    ):
        await fetch_value(other_lease.urls.database_owner, "CREATE TABLE only_there (n int)")
        assert await fetch_value(other_lease.urls.database, "SELECT to_regclass('only_there')::text") == "only_there"
        assert await fetch_value(lease.urls.database, "SELECT to_regclass('only_there')::text") is None


async def test_engine_without_a_record_file_is_replaced(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder):
        orphan_pid = find_postgres_pid(postgres_folder)
        (postgres_folder.run_dir / "postgres.json").unlink()
        with lease_engines(postgres_settings, postgres_folder) as lease:
            assert find_postgres_pid(postgres_folder) != orphan_pid
            assert await fetch_value(lease.urls.database, "SELECT 1") == 1


async def test_start_ignores_a_pid_file_with_the_pid_of_another_program(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder):
        pass
    (postgres_folder.path / "postgres" / "cluster" / "postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n")
    with lease_engines(postgres_settings, postgres_folder) as lease:
        assert await fetch_value(lease.urls.database, "SELECT 1") == 1


async def test_port_occupied_by_another_program_is_replaced(postgres_settings, postgres_folder):
    reports: list[str] = []
    with socket.socket() as foreign_socket:
        foreign_socket.bind(("127.0.0.1", 0))
        foreign_socket.listen()
        taken_port = foreign_socket.getsockname()[1]
        postgres_folder.get_or_create_port("postgres")
        ports_file = postgres_folder.path / "ports.json"
        ports_file.write_text(json.dumps({**json.loads(ports_file.read_text()), "postgres": taken_port}))
        with lease_engines(postgres_settings, postgres_folder, report=reports.append) as lease:
            assert await fetch_value(
                lease.urls.database, "SELECT inet_server_port()"
            ) == postgres_folder.get_or_create_port("postgres")
    assert postgres_folder.get_or_create_port("postgres") != taken_port
    assert any(str(taken_port) in text for text in reports)


def test_failed_start_reports_the_engines_output_and_keeps_no_lease(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder):
        pass
    configuration = postgres_folder.path / "postgres" / "cluster" / "postgresql.auto.conf"
    valid_content = configuration.read_text()
    configuration.write_text("no_such_setting = 1\n")
    with pytest.raises(EngineFailure, match="no_such_setting"):
        lease_engines(postgres_settings, postgres_folder)
    configuration.write_text(valid_content)
    with lease_engines(postgres_settings, postgres_folder):
        assert find_postgres_pid(postgres_folder) is not None


@pytest.mark.slow
async def test_start_succeeds_after_sigkill_during_the_first_start():
    with create_data_folder() as folder:
        holder = start_holder(folder)
        # The interval is short, because the first start must be killed while it creates the cluster.
        wait_until_blocking(
            lambda: list((folder.path / "postgres").glob("cluster.new.*/base")),
            description="the start of the cluster's creation",
            interval_seconds=0.002,
        )
        holder.kill()
        holder.communicate(timeout=60)
        with lease_engines(build_settings(folder, clickhouse=False), folder) as lease:
            assert await fetch_value(lease.urls.database, "SELECT current_database()") == "herwa"
        # PostgreSQL's programs are beside the cluster where its own account cannot read those of the checkout.
        assert [path.name for path in (folder.path / "postgres").glob("cluster*")] == ["cluster"]


def test_engine_with_a_configured_url_is_not_started():
    with create_data_folder() as folder:
        with lease_engines(build_settings(folder, postgres=False, clickhouse=False), folder) as lease:
            assert (lease.urls.database, lease.urls.clickhouse, lease.urls.redis) == EXTERNAL_URLS
            assert lease.restart_dead() == []
        assert not (folder.path / "postgres").exists()
        assert not (folder.path / "clickhouse").exists()
        assert not (folder.path / "redis").exists()


def test_repr_of_urls_contains_no_password(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder) as lease:
        assert postgres_folder.get_or_create_secret("postgres") in lease.urls.database
        assert postgres_folder.get_or_create_secret("postgres") not in repr(lease.urls)


def test_status_of_stopped_engines_keeps_their_ports(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder):
        running_status = list_engines(postgres_folder)[0]
        assert running_status.since is not None
        assert running_status.since.tzinfo is not None
    stopped_status = list_engines(postgres_folder)[0]
    assert (stopped_status.name, stopped_status.running, stopped_status.port) == (
        "postgres",
        False,
        running_status.port,
    )
