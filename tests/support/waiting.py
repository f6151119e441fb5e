"""Polling with a deadline, for a condition that another process or task makes true."""

import asyncio
import inspect
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable

from herwa_shared.clock import utc_now

WAIT_TIMEOUT_SECONDS = 90
POLL_INTERVAL_SECONDS = 0.02


async def wait_until(
    condition: Callable[[], object | Awaitable[object]],
    *,
    description: str = "",
    timeout_seconds: float = WAIT_TIMEOUT_SECONDS,
    interval_seconds: float = POLL_INTERVAL_SECONDS,
    get_details: Callable[[], str] = str,
) -> None:
    """Poll a condition until it is true.

    The condition is a plain function or a coroutine function. Raises AssertionError at the deadline, with the
    description of the condition and with the details, such as a log.
    """
    try:
        async with asyncio.timeout(timeout_seconds) as deadline:
            while True:
                result = condition()
                if await result if inspect.isawaitable(result) else result:
                    return
                await asyncio.sleep(interval_seconds)
    except TimeoutError:
        if not deadline.expired():  # raised by the condition itself
            raise
        raise AssertionError(_describe_timeout(description, timeout_seconds, get_details)) from None


async def wait_for_a_new_minute() -> None:
    """Wait until a full minute is far enough away: at its end, the numbers of running windows are read again."""
    await wait_until(lambda: utc_now().second < 40)


def wait_until_blocking(
    condition: Callable[[], object],
    *,
    description: str = "",
    timeout_seconds: float = WAIT_TIMEOUT_SECONDS,
    interval_seconds: float = POLL_INTERVAL_SECONDS,
    get_details: Callable[[], str] = str,
) -> None:
    """Poll a condition until it is true, without an event loop. Raises AssertionError at the deadline."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(_describe_timeout(description, timeout_seconds, get_details))
        time.sleep(interval_seconds)


def read_line(process: subprocess.Popen[str], timeout_seconds: float = WAIT_TIMEOUT_SECONDS) -> str:
    """Read a line of a process's standard output. At the deadline the process is killed, which ends the read."""
    assert process.stdout is not None
    timer = threading.Timer(timeout_seconds, process.kill)
    timer.start()
    try:
        return process.stdout.readline()
    finally:
        timer.cancel()


def _describe_timeout(description: str, timeout_seconds: float, get_details: Callable[[], str]) -> str:
    return f"timed out after {timeout_seconds:g} s waiting for {description or 'the condition'}\n{get_details()}"
