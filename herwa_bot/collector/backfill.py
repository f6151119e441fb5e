"""Fetch a server's messages from before the bot was added, after a member with Manage Server has started it.

The channels and threads are listed first, archived ones included: all public threads, and the private ones that Discord
lets the bot see. Then the messages are fetched like those of a catch-up, newest first. A pause takes effect before the
next page, and a restart of the bot goes on where it was.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import discord

from herwa_bot.collector.history_fetcher import FetchPage, HistoryFetcher
from herwa_bot.collector.parsing.messages import list_newest_ids, parse_channel
from herwa_bot.collector.thread_parents import ThreadParents
from herwa_shared.db import Database
from herwa_shared.discord.constants import FORUM_CHANNEL_TYPES, ChannelType
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
from herwa_shared.pipeline.catch_up import finish_task, load_tasks
from herwa_shared.pipeline.history_pages import ChannelTask
from herwa_shared.retry import Backoff, RetryPolicy

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

POLL_SECONDS = 2.0
CONCURRENT_CHANNELS = 4
BACKFILL_RETRY = RetryPolicy(first_delay_seconds=5.0, max_delay_seconds=300.0)
THREAD_PARENT_TYPES = (ChannelType.TEXT, ChannelType.NEWS, *FORUM_CHANNEL_TYPES)

Payload = Mapping[str, Any]
ListChannels = Callable[[int], Awaitable[Iterable[Payload]]]
"""Lists the channels and the active threads of a guild."""
ListArchivedThreads = Callable[[int, bool], Awaitable[Iterable[Payload]]]
"""Lists the archived threads of a channel: the private ones if the second argument is true, else the public ones."""


class Backfiller:
    """Plans and fetches back-fills; `run` does the work."""

    def __init__(self, database: Database, fetcher: HistoryFetcher, thread_parents: ThreadParents) -> None:
        self.fetcher = fetcher
        self._database = database
        self._thread_parents = thread_parents

    async def run(
        self,
        list_channels: ListChannels,
        list_archived_threads: ListArchivedThreads,
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
                await self._plan(list_channels, list_archived_threads, has_guild)
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
        list_archived_threads: ListArchivedThreads,
        has_guild: Callable[[int], bool],
    ) -> None:
        async with self._database.acquire_connection() as connection:
            periods = [period for period in await load_unplanned(connection) if has_guild(period.guild_id)]
        for period in periods:
            newest_ids = await self._list_newest_ids(period, list_channels, list_archived_threads)
            async with self._database.acquire_connection() as connection:
                count = await plan_backfill(connection, period, newest_ids)
            log.info("back-fill planned", guild=period.guild_id, channels=count)

    async def _list_newest_ids(
        self, period: BackfillPeriod, list_channels: ListChannels, list_archived_threads: ListArchivedThreads
    ) -> dict[int, int]:
        """List the newest message of each channel and thread, and record the parents of the threads."""
        channels = [dict(payload) for payload in await list_channels(period.guild_id)]
        for channel_id, is_private in _list_thread_lists(channels):
            try:
                channels += [dict(thread) for thread in await list_archived_threads(channel_id, is_private)]
            except discord.Forbidden:
                log.info("archived threads cannot be listed", channel=channel_id, private=is_private)
        self._thread_parents.update(parse_channel(payload, guild_id=period.guild_id) for payload in channels)
        return list_newest_ids({"channels": channels}, hidden_ids=())

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


def _list_thread_lists(channels: Iterable[Payload]) -> list[tuple[int, bool]]:
    """List the channels with archived threads: the id, and whether the list is that of the private ones."""
    parents = [payload for payload in channels if payload.get("type") in THREAD_PARENT_TYPES]
    public = [(int(payload["id"]), False) for payload in parents]
    return public + [(int(payload["id"]), True) for payload in parents if payload["type"] == ChannelType.TEXT]


def get_archive_time(thread: Payload) -> str:
    """Return when a thread was archived: the position in lists of public and of all private threads."""
    return str(thread["thread_metadata"]["archive_timestamp"])


def get_thread_id(thread: Payload) -> str:
    """Return the id of a thread: the position in the list of private threads that the bot has joined."""
    return str(thread["id"])


async def list_threads_in_pages(
    fetch: Callable[[str | None], Awaitable[Payload]], get_position: Callable[[Payload], str]
) -> list[Payload]:
    """List all archived threads of a channel. `fetch` gets the page before a position in the list."""
    threads: list[Payload] = []
    before: str | None = None
    while True:
        page = await fetch(before)
        threads += page["threads"]
        if not page.get("has_more") or not page["threads"]:
            return threads
        before = get_position(page["threads"][-1])
