"""Fetch a server's messages from before the bot was added, after a member with Manage Server has started it.

The channels and threads are listed first, archived ones included. Then the messages are fetched like those of a
catch-up, newest first. A pause takes effect before the next page, and a restart of the bot goes on where it was.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from herwa_bot.collector.archived_threads import ThreadLister
from herwa_bot.collector.history_fetcher import FetchPage, HistoryFetcher
from herwa_bot.collector.parsing.messages import list_newest_messages
from herwa_shared.db import Database
from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.models.collection import BACKFILL_SOURCE
from herwa_shared.pipeline.backfill import (
    BackfillPeriod,
    count_refused_channel,
    is_backfill_paused,
    load_unplanned,
    plan_backfill,
)
from herwa_shared.pipeline.catch_up import NewestMessage, finish_task, load_tasks
from herwa_shared.pipeline.history_pages import ChannelTask
from herwa_shared.retry import Backoff, RetryPolicy

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

POLL_SECONDS = 2.0
CONCURRENT_CHANNELS = 4
BACKFILL_RETRY = RetryPolicy(first_delay_seconds=5.0, max_delay_seconds=300.0)

Payload = Mapping[str, Any]
ListChannels = Callable[[int], Awaitable[Iterable[Payload]]]
"""Lists the channels and the active threads of a guild."""


class Backfiller:
    """Plans and fetches back-fills; `run` does the work."""

    def __init__(self, database: Database, fetcher: HistoryFetcher) -> None:
        self.fetcher = fetcher
        self._database = database

    async def run(
        self,
        list_channels: ListChannels,
        thread_lister: ThreadLister,
        fetch_page: FetchPage,
        *,
        has_guild: Callable[[int], bool],
    ) -> None:
        """Plan and fetch until cancelled. After a failure, what is left is retried.

        `has_guild`: this process has the guild; another one may have the others.
        """
        backoff = Backoff(BACKFILL_RETRY)
        while True:
            delay = POLL_SECONDS
            try:
                await self._plan(list_channels, thread_lister, has_guild)
                if await self._fetch(fetch_page, has_guild):
                    backoff.reset()
                else:
                    delay = backoff.record_failure()
            except Exception as error:  # noqa: BLE001 - any failure may be temporary
                limited_log.warning("back-fill failed, retrying", kind=type(error).__name__, error=format_reason(error))
                delay = backoff.record_failure()
            await asyncio.sleep(delay)

    async def _plan(
        self,
        list_channels: ListChannels,
        thread_lister: ThreadLister,
        has_guild: Callable[[int], bool],
    ) -> None:
        async with self._database.acquire_connection() as connection:
            periods = [period for period in await load_unplanned(connection) if has_guild(period.guild_id)]
        for period in periods:
            newest_messages = await self._list_newest_messages(period, list_channels, thread_lister)
            async with self._database.acquire_connection() as connection:
                count = await plan_backfill(connection, period, newest_messages)
            log.info("back-fill planned", guild=period.guild_id, channels=count)

    async def _list_newest_messages(
        self, period: BackfillPeriod, list_channels: ListChannels, thread_lister: ThreadLister
    ) -> list[NewestMessage]:
        """List the newest message of each channel and thread."""
        channels = await list_channels(period.guild_id)
        archived = await thread_lister.list_archived(period.guild_id)
        return list_newest_messages((*channels, *archived.threads))

    async def _fetch(self, fetch_page: FetchPage, has_guild: Callable[[int], bool]) -> bool:
        """Run the tasks of all back-fills that are not paused. Returns whether none failed."""
        async with self._database.acquire_connection() as connection:
            stored_tasks = await load_tasks(connection, source=BACKFILL_SOURCE)
        tasks = [task for task in stored_tasks if has_guild(task.guild_id)]
        if not tasks:
            return True
        failures = await self.fetcher.run_tasks(
            tasks,
            fetch_page,
            concurrency=CONCURRENT_CHANNELS,
            end_task=self._end_task,
            is_paused=self._is_paused,
        )
        return failures == 0

    async def _end_task(self, task: ChannelTask, refused: bool) -> None:
        async with self._database.acquire_connection() as connection, connection.transaction():
            if refused:
                await count_refused_channel(connection, task.guild_id, task.from_at)
            await finish_task(connection, task)

    async def _is_paused(self, task: ChannelTask) -> bool:
        async with self._database.acquire_connection() as connection:
            return await is_backfill_paused(connection, task.guild_id)
