"""One process of Herwa under supervision: started by its room's name, started again with back-off when it dies."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from herwa.console import print_line
from herwa_shared.clock import utc_now
from herwa_shared.runtime.data_dir import DataFolder

RESTART_DELAYS_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
STABLE_UPTIME_SECONDS = 30.0  # after so long alive, a death counts as the first one
MAX_LOG_BYTES = 20_000_000


class SupervisedProcess:
    """`python -m herwa_<name>`, alive until `stop`. What it prints goes to the console and to its log file."""

    def __init__(self, name: str, folder: DataFolder, on_change: Callable[[], None]) -> None:
        self.name = name
        self.restarts = 0
        self.since: datetime | None = None
        self._folder = folder
        self._on_change = on_change
        self._process: asyncio.subprocess.Process | None = None
        self._stop_event = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self) -> None:
        """Start it and keep it alive until it is told to stop."""
        failures = 0
        while not self._stop_event.is_set():
            started_at = time.monotonic()
            exit_reason = await self._run_once()
            if self._stop_event.is_set():
                return
            failures = 1 if time.monotonic() - started_at > STABLE_UPTIME_SECONDS else failures + 1
            delay = RESTART_DELAYS_SECONDS[min(failures, len(RESTART_DELAYS_SECONDS)) - 1]
            print_line(f"ended ({exit_reason}), starting again in {delay:g} s", process_name=self.name)
            self.restarts += 1
            self._on_change()
            await self._wait_for_stop(delay)

    def to_json(self) -> dict[str, Any]:
        """What the roster tells of it."""
        since = self.since.isoformat() if self.since else None
        return {"name": self.name, "pid": self.pid, "restarts": self.restarts, "since": since}

    def stop(self) -> None:
        """Ask it to end."""
        self._stop_event.set()
        self._send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._send_signal(signal.SIGKILL)

    async def _wait_for_stop(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop_event.wait(), seconds)

    async def _run_once(self) -> str:
        """Start it and see it through; in words, how it ended."""
        # The pipe to its standard input tells it, by closing, that this process is gone. A session of its own keeps
        # the terminal's Ctrl-C from it: it is told to stop by us, in order.
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                f"herwa_{self.name}",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, "HERWA_SUPERVISED": "1", "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )
        except OSError as error:
            return str(error)
        self.since = utc_now()
        self._on_change()
        if self._stop_event.is_set():
            self._send_signal(signal.SIGTERM)
        await self._forward_output(self._process)
        return _format_exit(await self._process.wait())

    async def _forward_output(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        with _open_log_file(self._folder.logs_dir / f"{self.name}.log") as log:
            while True:
                try:
                    line = await process.stdout.readline()
                except ValueError:  # longer than the reader's limit: skipped, the next one follows
                    continue
                if not line:
                    return
                with contextlib.suppress(OSError):  # a full disk: on the console it is still seen
                    log.write(line)
                print_line(line.decode(errors="replace").rstrip(), process_name=self.name)

    def _send_signal(self, signum: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signum)


def _open_log_file(path: Path) -> IO[bytes]:
    """The log, unbuffered; the old one is put aside when it has grown large."""
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab", buffering=0)


def _format_exit(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit {code}"
