"""Copies of Herwa with individual settings, and the processes and ports that they hold."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil

from herwa.status.status import read_status
from herwa_shared.config import Settings, StoreSettings
from herwa_shared.db import Database
from herwa_shared.embedded import EngineLease
from herwa_shared.services.guilds import list_guilds
from tests.support.running_copy import HERWA_COMMAND, RunningCopy

T = TypeVar("T")
STORE_SETTING_NAMES = ("DATABASE_URL", "DATABASE_OWNER_URL", "CLICKHOUSE_URL", "CLICKHOUSE_WRITER_URL", "REDIS_URL")
HISTORY_HEADER = "created_at,category,channel,thread,author,content_length,attachments"


class ConfigurableCopy(RunningCopy):
    """A copy with extra environment variables and a command prefix, such as `setpriv`, for all its processes."""

    def __init__(self, path: Path, *, prefix: Sequence[str] = (), **settings: str) -> None:
        super().__init__(path)
        self.prefix = tuple(prefix)
        self.extra_environment = settings
        self.started_processes: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.extra_environment}

    def get_status(self) -> dict[str, Any]:
        """What `herwa status --json` prints, read in this process: starting a command takes a second."""
        return _run_in_thread(read_status(self._build_settings())).to_json()

    def list_known_servers(self) -> set[str]:
        """Names of the guilds that this copy's bot has saved."""
        return _run_in_thread(self._load_known_servers())

    async def _load_known_servers(self) -> set[str]:
        database = Database(EngineLease(self._build_settings(), self.folder, print).urls.database, pool_size=1)
        try:
            async with database.transaction() as session:
                return {guild.name for guild in await list_guilds(session)}
        finally:
            await database.close()

    def _build_settings(self) -> Settings:
        stores = {name: self.extra_environment.get(name) for name in STORE_SETTING_NAMES}
        return self.settings.model_copy(update={"stores": StoreSettings(**stores)})

    def start_command(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a command as in another terminal, without waiting for it to end."""
        with self.output_path.open("ab") as output:
            process = subprocess.Popen(
                [*self.prefix, *HERWA_COMMAND, *command],
                env=self.environment,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )
        self.started_processes.append(process)
        return process

    def launch(self) -> subprocess.Popen[bytes]:
        """Start `herwa up` and return at once."""
        self._up_process = self.start_command("up")
        return self._up_process

    def start_all(self) -> None:
        self.launch()
        self.wait_until(lambda: self.get_status()["healthy"] and self.is_api_ready(), "the copy to be up")

    def restart_after_kill(self) -> None:
        """Kill `herwa up`, wait until all its child processes have ended, and start it again."""
        assert self._up_process is not None
        self._up_process.kill()
        self._up_process.wait()
        self.wait_until(lambda: not self.list_processes(), "all other processes to end", timeout_seconds=15)
        self.assert_stopped()
        self.start_all()

    def read_output(self) -> str:
        return self.output_path.read_text(errors="replace")

    def wait_for_output(self, text: str, count: int = 1) -> None:
        self.wait_until(lambda: self.read_output().count(text) >= count, f"{text!r} ({count} times)")

    def list_processes(self) -> list[psutil.Process]:
        """List the processes of this copy: those with its data folder as HERWA_DATA_DIR or as working directory."""
        return [process for process in psutil.process_iter() if _is_owned_by(process, self.folder.path)]

    def assert_stopped(self) -> None:
        """Assert that no process of the copy runs and that all its ports are free."""
        assert self.list_processes() == []
        assert [name for name, port in self.folder.read_ports().items() if is_listening(port)] == []

    def clean_up(self) -> None:
        """Stop every process that the test left behind."""
        for process in self.started_processes:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self.started_processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        for process in self.list_processes():
            process.kill()


def _run_in_thread(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in its own event loop, because a test's loop may already run in this thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def stop_with_signal(process: subprocess.Popen[bytes], signal_number: int) -> int:
    """Send a signal and return the exit code. `benchmarks.stopping` measures how long that takes."""
    process.send_signal(signal_number)
    return process.wait(30)


def _is_owned_by(process: psutil.Process, path: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
            return False
        has_data_dir = process.environ().get("HERWA_DATA_DIR") == str(path)
        return has_data_dir or Path(process.cwd()).is_relative_to(path)
    except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
        return False


@contextmanager
def open_copy(**settings: str) -> Iterator[ConfigurableCopy]:
    """Create a copy in an empty data folder; stop it and delete the folder at the end, also after a failure."""
    path = Path(tempfile.mkdtemp(prefix="herwa-copy-"))
    copy = ConfigurableCopy(path, **settings)
    try:
        yield copy
    finally:
        copy.clean_up()
        shutil.rmtree(path)


def write_history(folder: Path, *rows: str) -> Path:
    """Write these rows as a history file that `herwa sim replay` reads."""
    file = folder / "history.csv"
    file.write_text("\n".join([HISTORY_HEADER, *rows]) + "\n")
    return file


def run_bare_command(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command with no environment variables but PATH and these settings."""
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "200", **settings}
    return subprocess.run(
        [sys.executable, *HERWA_COMMAND[1:], *command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
