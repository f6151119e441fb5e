"""Keep what Discord says about threads until it is stored: new threads, and which are archived or deleted.

`save` must be called before messages of these threads are stored (see `herwa_shared.pipeline.tickets`).
"""

import asyncio
from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from herwa_bot.collector.payload_fields import Payload, parse_datetime, parse_snowflake
from herwa_bot.collector.skipped_events import log_skipped_event
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.pipeline.buffer import lock_appends
from herwa_shared.pipeline.events import decode_snowflake_ms
from herwa_shared.pipeline.privacy_filter import PrivacyFilter
from herwa_shared.pipeline.tickets import (
    ActiveThreads,
    ThreadDescription,
    ThreadStatus,
    close_inactive_tickets,
    save_thread_statuses,
    save_threads,
)


class TicketTracker:
    """Threads and their statuses that are not stored yet. Whether a thread is a ticket is decided when it is stored."""

    def __init__(self) -> None:
        self._threads: list[ThreadDescription] = []
        self._statuses: list[ThreadStatus] = []
        self._guilds: list[ActiveThreads] = []
        self._save_lock = asyncio.Lock()

    @property
    def pending(self) -> int:
        """Number of threads and statuses that are not stored yet."""
        return len(self._threads) + len(self._statuses) + len(self._guilds)

    def add_thread(self, data: Payload, *, guild_id: int) -> None:
        """Add a thread that was opened, or that was unknown. Raises as `payload_fields` does."""
        self._threads.append(_parse_description(data, guild_id))

    def update_status(self, data: Payload, *, guild_id: int) -> None:
        """Add the status of a thread, from THREAD_UPDATE."""
        if "thread_metadata" in data:
            thread = _parse_description(data, guild_id)
            self._statuses.append(ThreadStatus(guild_id, thread.thread_id, thread.closed, thread.status_at))

    def close_thread(self, guild_id: int, thread_id: int) -> None:
        """Add the deletion of a thread."""
        self._statuses.append(ThreadStatus(guild_id, thread_id, True, utc_now()))

    def add_active_threads(self, guild_id: int, threads: Iterable[Payload], unlisted_ids: Collection[int]) -> None:
        """Add all active threads of a guild, except for those in the channels that Discord does not list."""
        thread_ids = set()
        for payload in threads:
            try:
                thread_ids.add(parse_snowflake(payload, "id"))
                self.add_thread(payload, guild_id=guild_id)
                self.update_status(payload, guild_id=guild_id)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                log_skipped_event("thread", error)
        self._guilds.append(ActiveThreads(guild_id, frozenset(thread_ids), frozenset(unlisted_ids), utc_now()))

    async def save(self, database: Database, privacy: PrivacyFilter) -> None:
        """Store everything that was added before this call. If this raises, it is kept for the next call."""
        async with self._save_lock:
            if not self.pending:
                return
            threads, self._threads = self._threads, []
            statuses, self._statuses = self._statuses, []
            guilds, self._guilds = self._guilds, []
            try:
                async with database.acquire_connection() as connection, connection.transaction():
                    await lock_appends(connection)
                    await privacy.refresh(connection)
                    await save_threads(connection, threads, privacy=privacy)
                    await close_inactive_tickets(connection, guilds)
                    await save_thread_statuses(connection, statuses)
            except BaseException:
                self._threads, self._statuses = threads + self._threads, statuses + self._statuses
                self._guilds = guilds + self._guilds
                raise


def _parse_description(data: Payload, guild_id: int) -> ThreadDescription:
    """Parse a thread. One without a creation time is older than 2022; its id tells the time."""
    thread_id, metadata = parse_snowflake(data, "id"), data["thread_metadata"]
    created_at = (
        parse_datetime(metadata, "create_timestamp")
        if metadata.get("create_timestamp")
        else datetime.fromtimestamp(decode_snowflake_ms(thread_id) / 1000, UTC)
    )
    return ThreadDescription(
        guild_id,
        thread_id,
        parse_snowflake(data, "parent_id"),
        parse_snowflake(data, "owner_id"),
        created_at,
        bool(metadata.get("archived")),
        parse_datetime(metadata, "archive_timestamp") if metadata.get("archive_timestamp") else created_at,
    )
