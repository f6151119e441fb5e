"""What the bot has stored, read from PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text

from herwa_shared.pipeline.mover import move_once
from herwa_shared.stores import Stores
from tests.bot.process import BotProcess, heard

ROWS = """
SELECT kind, channel_id, thread_id, user_id, reply, value, attachments
FROM event_buffer WHERE guild_id = :guild AND (kind LIKE 'message%' OR :all) ORDER BY txid, seq
"""
DRAINED = "SELECT coalesce(max(drained), -1) FROM process WHERE pid = :pid AND stopped_at IS NULL"


class Row(NamedTuple):
    """One event, without what the local Discord decides: its server and time."""

    kind: str
    channel: int
    thread: int = 0
    user: int = 0
    reply: bool = False
    value: int | None = None
    attachments: int | None = None


async def ask(stores: Stores, query: str, **parameters: Any) -> Sequence[Any]:
    async with stores.database.transaction() as session:
        return (await session.execute(text(query), parameters)).all()


async def settled(stores: Stores, bot: BotProcess) -> None:
    """Return when all that was said until now is stored."""
    await heard(bot.sim)
    [(request,)] = await ask(stores, "INSERT INTO drain_request DEFAULT VALUES RETURNING id")

    async def answered() -> bool:
        return (await ask(stores, DRAINED, pid=bot.pid))[0][0] >= request

    await comes_true(answered)


async def comes_true(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what must be stored in the end."""
    async with asyncio.timeout(90):
        while not await holds():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.02)


async def events(stores: Stores, guild_id: int) -> list[Row]:
    """What was said, edited and deleted in the guild, in the order in which it was stored."""
    return [Row(*row) for row in await ask(stores, ROWS, guild=guild_id, all=False)]


async def happened(stores: Stores, guild_id: int, *kinds: str) -> list[Row]:
    """Events of these kinds, in the same order."""
    return [
        row for row in (Row(*row) for row in await ask(stores, ROWS, guild=guild_id, all=True)) if row.kind in kinds
    ]


async def moved(stores: Stores) -> None:
    """Return when the whole buffer is in ClickHouse."""
    async with stores.database.raw() as connection:
        while await move_once(connection, stores.clickhouse):
            pass
