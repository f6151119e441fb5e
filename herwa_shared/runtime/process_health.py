"""The health of a process: how late its event loop is, its memory and its open connections.

A supervised process reports it every second through a pipe that it has inherited. The reports come from the event loop:
a loop that is blocked reports nothing.
"""

import asyncio
import contextlib
import json
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass

import psutil
from pydantic import TypeAdapter, ValidationError

PIPE_VARIABLE = "HERWA_HEALTH_FD"
"""The environment variable with the file descriptor of the pipe to the supervisor."""

TICK_SECONDS = 0.25
TICKS_PER_REPORT = 4
LAG_WINDOW_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ProcessHealth:
    """`loop_lag_ms` is how late the event loop ran a callback, the largest value of the last ten seconds.

    `connections` is the number of open connections of a process that serves some.
    """

    loop_lag_ms: int
    rss_bytes: int
    connections: int | None = None


_ADAPTER = TypeAdapter(ProcessHealth)


def parse_health(line: bytes) -> ProcessHealth | None:
    """Parse a report; None if it is invalid."""
    try:
        return _ADAPTER.validate_json(line)
    except ValidationError:
        return None


class HealthMonitor:
    """Measures the health of this process. `count_connections` is None if it serves no connections."""

    def __init__(
        self, count_connections: Callable[[], int] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._count_connections, self._clock = count_connections, clock
        self._lags: deque[tuple[float, float]] = deque()
        self._process = psutil.Process()

    def read_health(self) -> ProcessHealth:
        """Read the health as of now."""
        self._forget_old_lags()
        return ProcessHealth(
            loop_lag_ms=round(1000 * max((lag for _, lag in self._lags), default=0.0)),
            rss_bytes=self._process.memory_info().rss,
            connections=self._count_connections() if self._count_connections else None,
        )

    async def run(self) -> None:
        """Measure the lag of the event loop and report to the supervisor, if there is one, until cancelled."""
        with _open_pipe() as pipe:
            while True:
                if pipe is not None:
                    _send(pipe, self.read_health())
                for _ in range(TICKS_PER_REPORT):
                    await self._tick()

    async def _tick(self) -> None:
        due_at = self._clock() + TICK_SECONDS
        await asyncio.sleep(TICK_SECONDS)
        now = self._clock()
        self._lags.append((now, max(0.0, now - due_at)))
        self._forget_old_lags()

    def _forget_old_lags(self) -> None:
        while self._lags and self._lags[0][0] < self._clock() - LAG_WINDOW_SECONDS:
            self._lags.popleft()


@contextlib.asynccontextmanager
async def monitor_health(count_connections: Callable[[], int] | None = None) -> AsyncIterator[HealthMonitor]:
    """Monitor this process while the block runs.

    Begin it when the start is complete: from then on a blocked event loop is a reason to restart the process.
    """
    monitor = HealthMonitor(count_connections)
    task = asyncio.create_task(monitor.run())
    try:
        yield monitor
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.contextmanager
def _open_pipe() -> Iterator[int | None]:
    """Open the pipe to the supervisor; None if this process has none. Child processes do not inherit it."""
    value = os.environ.pop(PIPE_VARIABLE, None)
    if value is None:
        yield None
        return
    pipe = int(value)
    os.set_inheritable(pipe, False)
    os.set_blocking(pipe, False)
    try:
        yield pipe
    finally:
        os.close(pipe)


def _send(pipe: int, health: ProcessHealth) -> None:
    """Send one report. It is dropped if the supervisor does not read, or has died, which `shutdown` detects."""
    with contextlib.suppress(BlockingIOError, BrokenPipeError):
        os.write(pipe, json.dumps(asdict(health)).encode() + b"\n")
