"""Who starts engines, who finds them, who stops them; also when holders and engines are killed."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import psutil
import pytest

from herwa_shared.config import Settings
from herwa_shared.embedded import engine_states, lease_engines
from herwa_shared.errors import EngineFailed
from herwa_shared.runtime.data_dir import DataFolder
from tests.shared.embedded.conftest import ELSEWHERE, data_folder, settings_for

ROOT = Path(__file__).parents[3]

# A process of its own that holds the engines: says which ones it found, then waits to be told to end.
HOLDER = """
import sys
from pathlib import Path
from herwa_shared.config import Settings, StoreSettings
from herwa_shared.embedded import engine_states, lease_engines
from herwa_shared.runtime.data_dir import DataFolder

folder = DataFolder(Path(sys.argv[1]))
stores = StoreSettings(_env_file=None, CLICKHOUSE_URL="http://127.0.0.1:9/elsewhere")
with lease_engines(Settings(_env_file=None, stores=stores), folder, say=lambda text: None):
    print(engine_states(folder)[0].pid, flush=True)
    sys.stdin.read()
"""


def start_holder(folder: DataFolder) -> subprocess.Popen[str]:
    argv = (sys.executable, "-c", HOLDER, str(folder.path))
    return subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def kill(pid: int) -> None:
    """kill -9, and wait for the death."""
    process = psutil.Process(pid)
    process.kill()
    wait_until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true within 60 s"
        time.sleep(0.002)


def postgres_pid(folder: DataFolder) -> int | None:
    return engine_states(folder)[0].pid


async def fetch(url: str, sql: str):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def test_the_last_holder_out_stops_the_engine(postgres_settings: Settings, postgres_folder: DataFolder):
    first = lease_engines(postgres_settings, postgres_folder)
    second = lease_engines(postgres_settings, postgres_folder)
    pid = postgres_pid(postgres_folder)
    first.release()
    assert postgres_pid(postgres_folder) == pid
    second.release()
    assert [state.running for state in engine_states(postgres_folder)] == [False, False]


def test_releasing_twice_does_no_harm(postgres_settings: Settings, postgres_folder: DataFolder):
    lease = lease_engines(postgres_settings, postgres_folder)
    lease.release()
    lease.release()
    assert postgres_pid(postgres_folder) is None


async def test_a_killed_postgres_is_healed_with_every_committed_row(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder) as lease:
        await fetch(lease.urls.database, "CREATE TABLE survivor AS SELECT generate_series(1, 1000) AS n")
        urls = lease.urls
        kill(postgres_pid(postgres_folder))

        assert lease.heal() == ["postgres"]
        assert lease.heal() == []
        assert lease.urls == urls
        assert await fetch(lease.urls.database, "SELECT count(*) FROM survivor") == 1000


async def test_postgres_heals_while_a_backend_of_the_killed_one_is_still_busy(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder) as lease:
        connection = await asyncpg.connect(lease.urls.database)
        busy = connection.execute("DO $$ BEGIN FOR i IN 1..2000000000 LOOP END LOOP; END $$")
        running = asyncio.ensure_future(busy)
        await asyncio.sleep(0.2)
        kill(postgres_pid(postgres_folder))

        assert lease.heal() == ["postgres"]
        assert await fetch(lease.urls.database, "SELECT 1") == 1
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await running
        connection.terminate()


def test_an_engine_outlives_a_killed_holder_and_serves_the_next(postgres_settings, postgres_folder):
    holder = start_holder(postgres_folder)
    pid = int(holder.stdout.readline())
    holder.kill()
    holder.communicate()
    with lease_engines(postgres_settings, postgres_folder):
        assert postgres_pid(postgres_folder) == pid
    assert postgres_pid(postgres_folder) is None


def test_three_processes_starting_at_once_share_one_engine():
    with data_folder() as folder:
        holders = [start_holder(folder) for _ in range(3)]
        pids = {int(holder.stdout.readline()) for holder in holders}
        for holder in holders:
            holder.communicate()
        assert len(pids) == 1
        assert postgres_pid(folder) is None


async def test_two_folders_run_side_by_side(postgres_settings, postgres_folder):
    with (
        data_folder() as other,
        lease_engines(postgres_settings, postgres_folder) as here,
        lease_engines(settings_for(other, clickhouse=False), other) as there,
    ):
        await fetch(there.urls.database, "CREATE TABLE only_there (n int)")
        assert await fetch(there.urls.database, "SELECT to_regclass('only_there')::text") == "only_there"
        assert await fetch(here.urls.database, "SELECT to_regclass('only_there')::text") is None


async def test_an_engine_that_no_file_names_any_more_is_replaced(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder):
        forgotten = postgres_pid(postgres_folder)
        (postgres_folder.run / "postgres.json").unlink()
        with lease_engines(postgres_settings, postgres_folder) as lease:
            assert postgres_pid(postgres_folder) != forgotten
            assert await fetch(lease.urls.database, "SELECT 1") == 1


async def test_a_pid_file_that_now_names_a_stranger_does_not_stop_postgres(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder):
        pass
    (postgres_folder.path / "postgres" / "cluster" / "postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n")
    with lease_engines(postgres_settings, postgres_folder) as lease:
        assert await fetch(lease.urls.database, "SELECT 1") == 1


async def test_a_port_taken_by_a_stranger_is_given_up(postgres_settings, postgres_folder):
    said: list[str] = []
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = stranger.getsockname()[1]
        ports = postgres_folder.path / "ports.json"
        ports.write_text(json.dumps({**json.loads(ports.read_text()), "postgres": taken}))
        with lease_engines(postgres_settings, postgres_folder, say=said.append) as lease:
            assert await fetch(lease.urls.database, "SELECT inet_server_port()") == postgres_folder.port("postgres")
    assert postgres_folder.port("postgres") != taken
    assert any(f"another program listens on port {taken}" in text for text in said)


def test_a_failed_start_says_what_the_engine_wrote_and_holds_nothing(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder):
        pass
    configuration = postgres_folder.path / "postgres" / "cluster" / "postgresql.auto.conf"
    sound = configuration.read_text()
    configuration.write_text("no_such_setting = 1\n")
    with pytest.raises(EngineFailed, match="no_such_setting"):
        lease_engines(postgres_settings, postgres_folder)
    configuration.write_text(sound)
    with lease_engines(postgres_settings, postgres_folder):
        assert postgres_pid(postgres_folder) is not None


async def test_a_kill_in_the_middle_of_the_first_start_does_no_harm():
    with data_folder() as folder:
        holder = start_holder(folder)
        wait_until(lambda: list((folder.path / "postgres").glob("cluster.new.*/base")))
        holder.kill()
        holder.communicate()
        with lease_engines(settings_for(folder, clickhouse=False), folder) as lease:
            assert await fetch(lease.urls.database, "SELECT current_database()") == "herwa"
        assert [path.name for path in (folder.path / "postgres").iterdir()] == ["cluster"]


def test_a_store_with_an_address_is_not_started():
    with data_folder() as folder:
        with lease_engines(settings_for(folder, postgres=False, clickhouse=False), folder) as lease:
            assert (lease.urls.database, lease.urls.clickhouse) == ELSEWHERE
            assert lease.heal() == []
        assert not (folder.path / "postgres").exists()
        assert not (folder.path / "clickhouse").exists()


def test_addresses_do_not_show_their_passwords(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder) as lease:
        assert postgres_folder.secret("postgres") in lease.urls.database
        assert postgres_folder.secret("postgres") not in repr(lease.urls)


def test_a_stopped_folder_tells_its_ports_and_that_nothing_runs(postgres_settings, postgres_folder):
    with lease_engines(postgres_settings, postgres_folder):
        running = engine_states(postgres_folder)[0]
        assert running.since is not None
        assert running.since.tzinfo is not None
    stopped = engine_states(postgres_folder)[0]
    assert (stopped.name, stopped.running, stopped.port) == ("postgres", False, running.port)
