"""Save every few seconds what this process has counted in memory.

If the process is killed, what it counted since the last save is lost.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

SAVE_INTERVAL_SECONDS = 3.0


@asynccontextmanager
async def save_periodically(save: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Call `save` every few seconds while the block runs, and once at its end."""
    ended = asyncio.Event()
    task = asyncio.create_task(_save_until(ended, save))
    try:
        yield
    finally:
        ended.set()
        await task


async def _save_until(ended: asyncio.Event, save: Callable[[], Awaitable[None]]) -> None:
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), SAVE_INTERVAL_SECONDS)
        await save()
        if ended.is_set():
            return
