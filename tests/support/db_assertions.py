"""What the bot has stored, read from PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text

from herwa_shared.pipeline.mover import move_batch
from herwa_shared.stores import Stores
from tests.support.bot_process import BotProcess, wait_for_acknowledgement

EVENTS_QUERY = """
SELECT kind, channel_id, thread_id, user_id, reply, value, attachments
FROM event_buffer WHERE guild_id = :guild AND (kind LIKE 'message%' OR :all) ORDER BY txid, seq
"""
DRAINED_QUERY = "SELECT coalesce(max(drained), -1) FROM process WHERE pid = :pid AND stopped_at IS NULL"


class StoredEvent(NamedTuple):
    """One event, without what the local Discord decides: its server and time."""

    kind: str
    channel: int
    thread: int = 0
    user: int = 0
    reply: bool = False
    value: int | None = None
    attachments: int | None = None


async def fetch_rows(stores: Stores, query: str, **parameters: Any) -> Sequence[Any]:
    async with stores.database.transaction() as session:
        return (await session.execute(text(query), parameters)).all()


async def wait_until_stored(stores: Stores, bot: BotProcess) -> None:
    """Return when all that was said until now is stored."""
    await wait_for_acknowledgement(bot.sim)
    [(request,)] = await fetch_rows(stores, "INSERT INTO drain_request DEFAULT VALUES RETURNING id")

    async def is_drained() -> bool:
        return (await fetch_rows(stores, DRAINED_QUERY, pid=bot.pid))[0][0] >= request

    await wait_until_true(is_drained)


async def wait_until_true(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what must be stored in the end."""
    async with asyncio.timeout(90):
        while not await condition():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.02)


async def list_message_events(stores: Stores, guild_id: int) -> list[StoredEvent]:
    """What was said, edited and deleted in the guild, in the order in which it was stored."""
    return [StoredEvent(*row) for row in await fetch_rows(stores, EVENTS_QUERY, guild=guild_id, all=False)]


async def list_events(stores: Stores, guild_id: int, *kinds: str) -> list[StoredEvent]:
    """Events of these kinds, in the same order."""
    return [
        row
        for row in (StoredEvent(*row) for row in await fetch_rows(stores, EVENTS_QUERY, guild=guild_id, all=True))
        if row.kind in kinds
    ]


async def move_buffer(stores: Stores) -> None:
    """Return when the whole buffer is in ClickHouse."""
    async with stores.database.acquire_connection() as connection:
        while await move_batch(connection, stores.clickhouse):
            pass
