"""When a process ends: on SIGINT or SIGTERM, and when the one that started it is gone."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress


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
        threading.Thread(target=_outlive, args=(lambda: loop.call_soon_threadsafe(once),), daemon=True).start()


def _outlive(then: Callable[[], object]) -> None:
    """Wait for the end of standard input in a thread: not everything that it may be can be polled."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    with suppress(RuntimeError):  # the loop has ended by itself meanwhile
        then()


async def until_stopped() -> None:
    """Return when this process is to end."""
    stopped = asyncio.Event()
    call_on_stop(stopped.set)
    await stopped.wait()
