"""The pipe through which a supervised process reports its health, see `herwa_shared.runtime.process_health`."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from herwa_shared.runtime.process_health import ProcessHealth, parse_health

READ_BYTES = 65_536
MAX_LINE_BYTES = 4_096


class HealthPipe:
    """One pipe. The child process inherits `child_descriptor`."""

    def __init__(self, on_report: Callable[[ProcessHealth], None]) -> None:
        self._on_report = on_report
        self._descriptor, self.child_descriptor = os.pipe()
        self._unread = b""

    def start_reading(self) -> None:
        """Call `on_report` for the newest report whenever some arrive."""
        os.set_blocking(self._descriptor, False)
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def stop_reading(self) -> None:
        """Read no more and close the pipe."""
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _read(self) -> None:
        data = b""
        with suppress(BlockingIOError):
            data = os.read(self._descriptor, READ_BYTES)
        if not data:  # the process has closed its end
            asyncio.get_running_loop().remove_reader(self._descriptor)
            return
        *lines, rest = (self._unread + data).split(b"\n")
        self._unread = rest[:MAX_LINE_BYTES]
        reports = [health for line in lines if (health := parse_health(line)) is not None]
        if reports:
            self._on_report(reports[-1])


@contextmanager
def open_health_pipe(on_report: Callable[[ProcessHealth], None]) -> Iterator[HealthPipe]:
    """Open a pipe for one start of a process."""
    pipe = HealthPipe(on_report)
    pipe.start_reading()
    try:
        yield pipe
    finally:
        pipe.stop_reading()
