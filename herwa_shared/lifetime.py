"""When a process ends: on SIGINT or SIGTERM, and when the one that started it is gone."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable


def call_on_stop(stop: Callable[[], None]) -> None:
    """Call `stop` once, in the running loop, when this process is to end.

    A supervisor sets HERWA_SUPERVISED and keeps a pipe to our standard input; its end tells that the supervisor died.
    """
    loop = asyncio.get_running_loop()
    called = False

    def once() -> None:
        nonlocal called
        if not called:
            called = True
            stop()

    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, once)
    if os.environ.get("HERWA_SUPERVISED"):
        descriptor = sys.stdin.fileno()

        def read() -> None:
            if not os.read(descriptor, 1024):
                loop.remove_reader(descriptor)
                once()

        loop.add_reader(descriptor, read)


async def until_stopped() -> None:
    """Return when this process is to end."""
    stopped = asyncio.Event()
    call_on_stop(stopped.set)
    await stopped.wait()
