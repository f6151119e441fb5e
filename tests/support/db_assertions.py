"""Reads what the bot has stored in PostgreSQL, and waits until it is stored."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import text

from herwa_shared.pipeline.mover import move_batch
from herwa_shared.stores import Stores
from tests.support.bot_process import BotProcess, wait_for_acknowledgement
from tests.support.waiting import wait_until

EVENTS_QUERY = """
SELECT kind, channel_id, thread_id, user_id, reply, value, attachments
FROM event_buffer WHERE guild_id = :guild AND (kind LIKE 'message%' OR :all) ORDER BY txid, seq
"""
DRAINED_QUERY = "SELECT coalesce(max(drained), -1) FROM process WHERE pid = :pid AND stopped_at IS NULL"


class StoredEvent(NamedTuple):
    """One stored event, without guild and time, which the local Discord chooses."""

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
    """Wait until every event that was sent before this call is in the buffer."""
    await wait_for_acknowledgement(bot.sim)
    [(request,)] = await fetch_rows(stores, "INSERT INTO drain_request DEFAULT VALUES RETURNING id")

    async def is_drained() -> bool:
        return (await fetch_rows(stores, DRAINED_QUERY, pid=bot.pid))[0][0] >= request

    await wait_until(is_drained)


async def list_message_events(stores: Stores, guild_id: int) -> list[StoredEvent]:
    """List the guild's events about messages (sent, edited, deleted) in the order in which they were stored."""
    return [StoredEvent(*row) for row in await fetch_rows(stores, EVENTS_QUERY, guild=guild_id, all=False)]


async def list_events(stores: Stores, guild_id: int, *kinds: str) -> list[StoredEvent]:
    """List the guild's events of these kinds in the order in which they were stored."""
    return [
        row
        for row in (StoredEvent(*row) for row in await fetch_rows(stores, EVENTS_QUERY, guild=guild_id, all=True))
        if row.kind in kinds
    ]


async def move_buffer(stores: Stores) -> None:
    """Move batches until the buffer is empty and every event is in ClickHouse."""
    async with stores.database.acquire_connection() as connection:
        while await move_batch(connection, stores.clickhouse_writer):
            pass
