"""A supervised process: started by its package name, restarted with backoff when it dies."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from herwa.console import print_line
from herwa.texts import startup as texts
from herwa_shared.clock import utc_now
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.log_file import open_log_file

RESTART_DELAYS_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
STABLE_UPTIME_SECONDS = 30.0  # a process that has run longer than this restarts with the first delay


class SupervisedProcess:
    """The process `python -m herwa_<name>`, kept running until `stop`.

    Its output is copied to the console and to its log file.
    """

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
        """The process id while it is running, else None."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self) -> None:
        """Start the process and restart it whenever it ends, until `stop` is called."""
        failures = 0
        while not self._stop_event.is_set():
            started_at = time.monotonic()
            exit_reason = await self._run_once()
            if self._stop_event.is_set():
                return
            failures = 1 if time.monotonic() - started_at > STABLE_UPTIME_SECONDS else failures + 1
            delay = RESTART_DELAYS_SECONDS[min(failures, len(RESTART_DELAYS_SECONDS)) - 1]
            print_line(texts.format_process_ended(exit_reason, delay), process_name=self.name)
            self.restarts += 1
            self._on_change()
            await self._wait_for_stop(delay)

    def to_json(self) -> dict[str, Any]:
        """Serialize for the process registry (`run/up.json`)."""
        since = self.since.isoformat() if self.since else None
        return {"name": self.name, "pid": self.pid, "restarts": self.restarts, "since": since}

    def stop(self) -> None:
        """Stop with SIGTERM, and do not restart."""
        self._stop_event.set()
        self._send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill with SIGKILL."""
        self._send_signal(signal.SIGKILL)

    async def _wait_for_stop(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop_event.wait(), seconds)

    async def _run_once(self) -> str:
        """Start the process and wait for its end. Returns the reason of the exit as text."""
        # The pipe to its standard input is closed when this process dies, which the child detects. The new session
        # keeps Ctrl-C in the terminal from reaching the child: this process stops its children in order.
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
        with open_log_file(self._folder, self.name) as log:
            while True:
                try:
                    line = await process.stdout.readline()
                except ValueError:  # the line exceeds the reader's limit: it is skipped
                    continue
                if not line:
                    return
                with contextlib.suppress(OSError):  # disk full: the console still shows the line
                    log.write(line)
                print_line(line.decode(errors="replace").rstrip(), process_name=self.name)

    def _send_signal(self, signum: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signum)


def _format_exit(code: int) -> str:
    return texts.format_exit_signal(signal.Signals(-code).name) if code < 0 else texts.format_exit_code(code)
