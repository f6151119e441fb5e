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
from herwa_shared.services.guilds import known_guilds
from tests.running_copy import HERWA, RunningCopy

T = TypeVar("T")
HEADER = "created_at,category,channel,thread,author,content_length,attachments"


class Copy(RunningCopy):
    """A copy with settings and a way to be started (`prefix`) of its own."""

    def __init__(self, path: Path, *, prefix: Sequence[str] = (), **settings: str) -> None:
        super().__init__(path)
        self.prefix = tuple(prefix)
        self.extra = settings
        self.alone: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.extra}

    def status(self) -> dict[str, Any]:
        """What `herwa status --json` prints, without the second that it takes to start a command."""
        return _apart(read_status(self._own_settings())).as_json()

    def known_servers(self) -> set[str]:
        """Names of the servers that this copy's bot has written down."""
        return _apart(self._known_servers())

    async def _known_servers(self) -> set[str]:
        database = Database(EngineLease(self._own_settings(), self.folder, print).urls.database, pool_size=1)
        try:
            async with database.transaction() as session:
                return {guild.name for guild in await known_guilds(session)}
        finally:
            await database.close()

    def _own_settings(self) -> Settings:
        stores = {name: self.extra.get(name) for name in ("DATABASE_URL", "CLICKHOUSE_URL")}
        return self.settings.model_copy(update={"stores": StoreSettings(**stores)})

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Type a command into a terminal of its own, and do not wait for it."""
        with self.output.open("ab") as output:
            started = subprocess.Popen(
                [*self.prefix, *HERWA, *command],
                env=self.environment,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
            )
        self.alone.append(started)
        return started

    def begin(self) -> subprocess.Popen[bytes]:
        """`herwa up`, from its very first moment on."""
        self._up = self.start("up")
        return self._up

    def up(self) -> None:
        self.begin()
        self.until(lambda: self.status()["healthy"] and self.api_is_ready(), "the copy to be up")

    def begin_again_after_kill_9(self) -> None:
        """Kill `herwa up`, see everything else end by itself, and type it again."""
        assert self._up is not None
        self._up.kill()
        self._up.wait()
        self.until(lambda: not self.processes(), "everything to end by itself", seconds=15)
        self.assert_gone()
        self.up()

    def all_said(self) -> str:
        return self.output.read_text(errors="replace")

    def until_said(self, words: str, times: int = 1) -> None:
        self.until(lambda: self.all_said().count(words) >= times, f"{words!r} ({times} times)")

    def processes(self) -> list[psutil.Process]:
        """Everything on this machine that belongs to the copy: its data folder is in the environment or at work in it."""
        return [process for process in psutil.process_iter() if _belongs(process, self.folder.path)]

    def assert_gone(self) -> None:
        """Nothing runs, and every port is free."""
        assert self.processes() == []
        assert [name for name, port in self.folder.ports().items() if listens(port)] == []

    def end(self) -> None:
        """Whatever the test left."""
        for process in self.alone:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self.alone:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        for process in self.processes():
            process.kill()


def _apart(work: Coroutine[Any, Any, T]) -> T:
    """Run it in a loop of its own, away from the tests' loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def stopped_by(process: subprocess.Popen[bytes], number: int) -> int:
    """The exit code after this signal. How soon that is, `benchmarks.stopping` measures."""
    process.send_signal(number)
    return process.wait(30)


def _belongs(process: psutil.Process, path: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
            return False
        here = process.environ().get("HERWA_DATA_DIR") == str(path)
        return here or Path(process.cwd()).is_relative_to(path)
    except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
        return False


@contextmanager
def copy_of_its_own(**settings: str) -> Iterator[Copy]:
    """A copy in an empty folder; gone afterwards, whatever became of it."""
    path = Path(tempfile.mkdtemp(prefix="herwa-door-"))
    path.chmod(0o755)
    copy = Copy(path, **settings)
    try:
        yield copy
    finally:
        copy.end()
        shutil.rmtree(path)


def history(folder: Path, *rows: str) -> Path:
    """A history of these rows."""
    file = folder / "history.csv"
    file.write_text("\n".join([HEADER, *rows]) + "\n")
    return file


def command_by_itself(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command with a bare environment and these settings."""
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "200", **settings}
    return subprocess.run(
        [sys.executable, *HERWA[1:], *command], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
