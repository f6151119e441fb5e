"""When a process ends: on SIGINT or SIGTERM, and when the one that started it is gone."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress


def on_shutdown(callback: Callable[[], None]) -> None:
    """Call `stop` once, in the running loop, when this process is to end.

    A supervisor sets HERWA_SUPERVISED and keeps a pipe to our standard input; its end tells that the supervisor died.
    """
    loop = asyncio.get_running_loop()
    is_called = False

    def run_once() -> None:
        nonlocal is_called
        if not is_called:
            is_called = True
            callback()

    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, run_once)
    if os.environ.get("HERWA_SUPERVISED"):
        threading.Thread(target=_watch_parent, args=(lambda: loop.call_soon_threadsafe(run_once),), daemon=True).start()


def _watch_parent(on_exit: Callable[[], object]) -> None:
    """Wait for the end of standard input in a thread: not everything that it may be can be polled."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    with suppress(RuntimeError):  # the loop has ended by itself meanwhile
        on_exit()


async def wait_for_shutdown() -> None:
    """Return when this process is to end."""
    stop_event = asyncio.Event()
    on_shutdown(stop_event.set)
    await stop_event.wait()
