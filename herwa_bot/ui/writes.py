"""Run changes of settings to completion, so that the reply always tells their true outcome.

A write is never cancelled: a cancelled commit may have succeeded or not. How long a write can take is bounded in the
database, by the timeout with which `audited_settings.lock_guild` waits for other changes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import aiohttp
import discord

from herwa_bot.ui.replies import DEFER_AFTER_SECONDS
from herwa_shared.errors import format_reason
from herwa_shared.log import get_logger

log = get_logger(__name__)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_running: set[asyncio.Task[Any]] = set()


def run_to_completion(
    function: Callable[Parameters, Coroutine[Any, Any, Result]],
) -> Callable[Parameters, Coroutine[Any, Any, Result]]:
    """Decorate a coroutine function that writes and replies: its calls are not cancelled with their caller.

    `wait_for_running_writes` waits for them when the process stops.
    """

    @wraps(function)
    async def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        task = asyncio.create_task(function(*args, **kwargs))
        _running.add(task)
        task.add_done_callback(_running.discard)
        return await asyncio.shield(task)

    return run


async def wait_for_running_writes(timeout_seconds: float) -> None:
    """Wait until the running writes have replied, or for the timeout."""
    if _running:
        _, pending = await asyncio.wait(_running, timeout=timeout_seconds)
        if pending:
            log.warning("writes still running at shutdown, their outcome is not reported", count=len(pending))


async def await_write(work: Coroutine[Any, Any, Result], *, on_slow: Callable[[], Awaitable[object]]) -> Result:
    """Await a write and return its result, however long it takes.

    After DEFER_AFTER_SECONDS `on_slow` responds to the interaction. If that fails, the write goes on.
    """
    task = asyncio.create_task(work)
    await asyncio.wait({task}, timeout=DEFER_AFTER_SECONDS)
    if not task.done():
        try:
            await on_slow()
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("response failed during a write", error=format_reason(error))
    return await asyncio.shield(task)
