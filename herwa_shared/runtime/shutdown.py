"""Shutdown triggers of a process: SIGINT, SIGTERM, and the death of its supervisor."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress


def on_shutdown(callback: Callable[[], None]) -> None:
    """Call `callback` once, in the running event loop, when this process should end.

    The supervisor sets HERWA_SUPERVISED and holds a pipe to our standard input. End of file means that it has died.
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
    """Block until the end of standard input, then call `on_exit`.

    Runs in a thread, because not every kind of file that stdin can be supports polling.
    """
    while os.read(sys.stdin.fileno(), 4096):
        pass
    with suppress(RuntimeError):  # the event loop is already closed
        on_exit()


async def wait_for_shutdown() -> None:
    """Wait until this process should end."""
    stop_event = asyncio.Event()
    on_shutdown(stop_event.set)
    await stop_event.wait()
