"""A supervised process: started by its module's name, restarted with backoff when it ends or stalls."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime

from herwa.console import print_line
from herwa.supervisor.health_pipe import HealthPipe, open_health_pipe
from herwa.supervisor.process_output import LATE_OUTPUT_SECONDS, MAX_LINE_BYTES, forward_output
from herwa.supervisor.process_registry import SupervisedStatus
from herwa.supervisor.stall_detector import CHECK_INTERVAL_SECONDS, STALL_SECONDS, StallDetector
from herwa.texts import startup as texts
from herwa_shared.clock import utc_now
from herwa_shared.log import get_logger
from herwa_shared.retry import Backoff, RetryPolicy
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.log_file import LogFile, open_log_file
from herwa_shared.runtime.process_health import PIPE_VARIABLE, ProcessHealth

log = get_logger(__name__)

RESTART = RetryPolicy(first_delay_seconds=0.5, max_delay_seconds=30.0, jitter=0.0)
STABLE_UPTIME_SECONDS = 30.0  # a process that has run longer than this restarts with the first delay
STACK_DUMP_SECONDS = 2.0


class SupervisedProcess:
    """The process `python -m <module>`, kept running until `stop`."""

    def __init__(self, name: str, module: str, folder: DataFolder, on_change: Callable[[], None]) -> None:
        self.name = name
        self._module = module
        self._folder = folder
        self._on_change = on_change
        self._process: asyncio.subprocess.Process | None = None
        self._stop_event = asyncio.Event()
        self._detector = StallDetector()
        self._health: ProcessHealth | None = None
        self._since: datetime | None = None
        self._restarts = self._stalls = 0
        self._stalled_at: datetime | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it is running, else None."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self) -> None:
        """Start the process and restart it whenever it ends, until `stop` is called."""
        backoff = Backoff(RESTART)
        while not self._stop_event.is_set():
            started_at, stalls = time.monotonic(), self._stalls
            exit_reason = await self._run_once()
            if self._stop_event.is_set():
                return
            if self._stalls > stalls:
                exit_reason = texts.format_process_stalled(STALL_SECONDS)
            if time.monotonic() - started_at > STABLE_UPTIME_SECONDS:
                backoff.reset()
            delay = backoff.record_failure()
            print_line(texts.format_process_ended(exit_reason, delay), process_name=self.name)
            log.warning("process ended", name=self.name, reason=exit_reason, restart_in_seconds=delay)
            self._restarts += 1
            self._on_change()
            await self._wait_for_stop(delay)

    def get_status(self) -> SupervisedStatus:
        """Return what is known of the process, for `run/up.json`. A process that has ended has no health."""
        pid = self.pid
        return SupervisedStatus(
            name=self.name,
            pid=pid,
            restarts=self._restarts,
            since=self._since,
            health=self._health if pid is not None else None,
            silent_seconds=round(self._detector.silent_seconds, 1),
            stalls=self._stalls,
            stalled_at=self._stalled_at,
        )

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
        self._detector, self._health = StallDetector(), None
        with open_health_pipe(self._record_health) as pipe, open_log_file(self._folder, self.name) as log_file:
            try:
                process = self._process = await self._start(pipe)
            except OSError as error:
                return str(error)
            finally:
                os.close(pipe.child_descriptor)
            self._since = utc_now()
            log.info("process started", name=self.name, pid=process.pid)
            self._on_change()
            if self._stop_event.is_set():
                self._send_signal(signal.SIGTERM)
            return _format_exit(await self._watch(process, log_file))

    async def _start(self, pipe: HealthPipe) -> asyncio.subprocess.Process:
        # The pipe to its standard input is closed when this process dies, which the child detects. The new session
        # keeps Ctrl-C in the terminal from reaching the child: this process stops its children in order.
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={
                **os.environ,
                "HERWA_SUPERVISED": "1",
                "PYTHONUNBUFFERED": "1",
                PIPE_VARIABLE: str(pipe.child_descriptor),
            },
            pass_fds=(pipe.child_descriptor,),
            limit=MAX_LINE_BYTES,
            start_new_session=True,
        )

    async def _watch(self, process: asyncio.subprocess.Process, log_file: LogFile) -> int:
        """Forward the output and restart the process if it stalls. Returns its exit code."""
        assert process.stdout is not None
        output_task = asyncio.create_task(forward_output(process.stdout, log_file, process_name=self.name))
        stall_task = asyncio.create_task(self._kill_when_stalled(process))
        try:
            code = await process.wait()
            # A child of the process may have inherited its output and keep it open.
            await asyncio.wait({output_task}, timeout=LATE_OUTPUT_SECONDS)
            return code
        finally:
            output_task.cancel()
            stall_task.cancel()
            await asyncio.gather(output_task, stall_task, return_exceptions=True)

    async def _kill_when_stalled(self, process: asyncio.subprocess.Process) -> None:
        """Wait until the process stalls; then have it write its stacks to its log, and kill it."""
        while not self._detector.check() or self._stop_event.is_set():  # noqa: ASYNC110 - it counts the time itself
            await asyncio.sleep(CHECK_INTERVAL_SECONDS)
        self._stalls += 1
        self._stalled_at = utc_now()
        log.error("process stalled", name=self.name, pid=process.pid, silent_seconds=STALL_SECONDS, stalls=self._stalls)
        self._on_change()
        self._send_signal(signal.SIGABRT)
        await asyncio.sleep(STACK_DUMP_SECONDS)
        self.kill()

    def _record_health(self, health: ProcessHealth) -> None:
        self._health = health
        self._detector.record_report()

    def _send_signal(self, signum: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signum)


def _format_exit(code: int) -> str:
    return texts.format_exit_signal(signal.Signals(-code).name) if code < 0 else texts.format_exit_code(code)
