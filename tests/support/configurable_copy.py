"""Copies of Herwa with settings of their own, and what is left of them on the machine."""

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
HISTORY_HEADER = "created_at,category,channel,thread,author,content_length,attachments"


class ConfigurableCopy(RunningCopy):
    """A copy with settings and a way to be started (`prefix`) of its own."""

    def __init__(self, path: Path, *, prefix: Sequence[str] = (), **settings: str) -> None:
        super().__init__(path)
        self.prefix = tuple(prefix)
        self.extra_environment = settings
        self.started_processes: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.extra_environment}

    def get_status(self) -> dict[str, Any]:
        """What `herwa status --json` prints, without the second that it takes to start a command."""
        return _run_in_thread(read_status(self._build_settings())).to_json()

    def list_known_servers(self) -> set[str]:
        """Names of the servers that this copy's bot has written down."""
        return _run_in_thread(self._load_known_servers())

    async def _load_known_servers(self) -> set[str]:
        database = Database(EngineLease(self._build_settings(), self.folder, print).urls.database, pool_size=1)
        try:
            async with database.transaction() as session:
                return {guild.name for guild in await list_guilds(session)}
        finally:
            await database.close()

    def _build_settings(self) -> Settings:
        stores = {name: self.extra_environment.get(name) for name in ("DATABASE_URL", "CLICKHOUSE_URL")}
        return self.settings.model_copy(update={"stores": StoreSettings(**stores)})

    def start_command(self, *command: str) -> subprocess.Popen[bytes]:
        """Type a command into a terminal of its own, and do not wait for it."""
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
        """`herwa up`, from its very first moment on."""
        self._up_process = self.start_command("up")
        return self._up_process

    def start_all(self) -> None:
        self.launch()
        self.wait_until(lambda: self.get_status()["healthy"] and self.is_api_ready(), "the copy to be up")

    def restart_after_kill(self) -> None:
        """Kill `herwa up`, see everything else end by itself, and type it again."""
        assert self._up_process is not None
        self._up_process.kill()
        self._up_process.wait()
        self.wait_until(lambda: not self.list_processes(), "everything to end by itself", timeout_seconds=15)
        self.assert_stopped()
        self.start_all()

    def read_output(self) -> str:
        return self.output_path.read_text(errors="replace")

    def wait_for_output(self, text: str, count: int = 1) -> None:
        self.wait_until(lambda: self.read_output().count(text) >= count, f"{text!r} ({count} times)")

    def list_processes(self) -> list[psutil.Process]:
        """Everything on this machine that belongs to the copy: its data folder is in the environment or at work in it."""
        return [process for process in psutil.process_iter() if _is_owned_by(process, self.folder.path)]

    def assert_stopped(self) -> None:
        """Nothing runs, and every port is free."""
        assert self.list_processes() == []
        assert [name for name, port in self.folder.read_ports().items() if is_listening(port)] == []

    def clean_up(self) -> None:
        """Whatever the test left."""
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
    """Run it in a loop of its own, away from the tests' loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def stop_with_signal(process: subprocess.Popen[bytes], signal_number: int) -> int:
    """The exit code after this signal. How soon that is, `benchmarks.stopping` measures."""
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
    """A copy in an empty folder; gone afterwards, whatever became of it."""
    path = Path(tempfile.mkdtemp(prefix="herwa-door-"))
    path.chmod(0o755)
    copy = ConfigurableCopy(path, **settings)
    try:
        yield copy
    finally:
        copy.clean_up()
        shutil.rmtree(path)


def write_history(folder: Path, *rows: str) -> Path:
    """A history of these rows."""
    file = folder / "history.csv"
    file.write_text("\n".join([HISTORY_HEADER, *rows]) + "\n")
    return file


def run_bare_command(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command with a bare environment and these settings."""
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "200", **settings}
    return subprocess.run(
        [sys.executable, *HERWA_COMMAND[1:], *command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
