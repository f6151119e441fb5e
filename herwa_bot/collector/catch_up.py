"""Fetch the messages that were missed while the bot did not listen, through Discord's REST API.

The gateway handlers report periods without reception; a background task plans them and fetches the pages of each
channel, newest first. Then it lists threads that may have been archived meanwhile, and fetches their pages. Live events
go on meanwhile. discord.py's HTTP client obeys Discord's rate limits.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import discord

from herwa_bot.collector.archived_threads import ThreadLister
from herwa_bot.collector.history_fetcher import FetchPage, HistoryFetcher
from herwa_bot.collector.parsing.messages import list_newest_messages
from herwa_bot.collector.skipped_events import log_skipped_event
from herwa_bot.collector.ticket_tracker import TicketTracker
from herwa_shared.db import Database
from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.pipeline.catch_up import (
    CLOCK_MARGIN,
    CatchUpSpan,
    NewestMessage,
    ThreadTraces,
    UnlistedPeriod,
    find_period_start,
    load_tasks,
    load_unlisted_periods,
    plan_archived_threads,
    plan_period,
)
from herwa_shared.pipeline.events import encode_snowflake
from herwa_shared.pipeline.privacy_filter import PrivacyFilter
from herwa_shared.retry import Backoff, RetryPolicy
from herwa_shared.services.collection_gaps import ALL_CHANNELS

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

CONCURRENT_CHANNELS = 16
CONCURRENT_LISTINGS = 4
MAX_LISTINGS_PER_TURN = 40  # then messages of new periods and of listed threads are fetched first
CATCH_UP_RETRY = RetryPolicy(first_delay_seconds=5.0, max_delay_seconds=60.0)
SESSION_MARGIN = timedelta(seconds=5)
"""The first heartbeat, which starts the recorded time of a session, follows READY within this time."""

DescribeThread = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class MissedPeriod:
    """A period without reception of a guild, or of one channel, that ended at `to_at`.

    `newest_messages` are those of the channels and active threads. `from_at` None means: since the last collection
    before the session that started at `to_at`, or since `heard_until`, until when events arrived for certain. `traces`
    say which channels may have archived threads with messages in the period; None: all.
    """

    guild_id: int
    newest_messages: Collection[NewestMessage]
    to_at: datetime
    from_at: datetime | None = None
    channel_id: int = ALL_CHANNELS
    heard_until: datetime | None = None
    traces: ThreadTraces | None = None


class CatchUp:
    """Plans and fetches missed messages; `run` does the work.

    `pending_listings` counts the periods whose archived threads are not listed yet.
    """

    def __init__(
        self, database: Database, fetcher: HistoryFetcher, privacy: PrivacyFilter, ticket_tracker: TicketTracker
    ) -> None:
        self.fetcher = fetcher
        self.pending_listings = 0
        self._database = database
        self._privacy = privacy
        self._ticket_tracker = ticket_tracker
        self._periods: list[MissedPeriod] = []
        self._has_periods = asyncio.Event()
        self._wake = asyncio.Event()

    @property
    def has_unplanned_periods(self) -> bool:
        """Whether the tasks of a period are not stored yet."""
        return bool(self._periods)

    def add_period(self, period: MissedPeriod) -> None:
        """Add a period whose messages were missed."""
        self._periods.append(period)
        self._has_periods.set()

    def add_channel_period(
        self, guild_id: int, channel_id: int, from_at: datetime, to_at: datetime, *, has_messages: bool
    ) -> None:
        """Add a period in which the bot was not allowed to view a channel; a forum has threads, but no messages."""
        newest_messages = [NewestMessage(channel_id, 0, encode_snowflake(to_at))] if has_messages else []
        self.add_period(MissedPeriod(guild_id, newest_messages, to_at, from_at, channel_id))

    async def run(
        self,
        fetch_page: FetchPage,
        thread_lister: ThreadLister,
        describe_thread: DescribeThread,
        *,
        has_guild: Callable[[int], bool],
    ) -> None:
        """Plan and fetch until cancelled. After a failure, what is left is retried.

        `describe_thread` handles the description of a thread that is to be fetched. `has_guild`: the channels of the
        guild are known.
        """
        self._has_periods.set()  # those of an earlier connection, and tasks of an earlier process, may be left
        async with asyncio.TaskGroup() as group:
            group.create_task(self._plan_forever())
            group.create_task(self._fetch_forever(fetch_page, thread_lister, describe_thread, has_guild))

    async def _plan_forever(self) -> None:
        """Plan periods at once, also while messages are fetched: what is not stored is lost with the process."""
        backoff = Backoff(CATCH_UP_RETRY)
        while True:
            await self._has_periods.wait()
            self._has_periods.clear()
            try:
                await self._plan_periods()
            except Exception as error:  # noqa: BLE001 - any failure may be temporary
                limited_log.warning("catch-up not planned", kind=type(error).__name__, error=format_reason(error))
                await asyncio.sleep(backoff.record_failure())
                self._has_periods.set()
            else:
                backoff.reset()
                self._wake.set()

    async def _fetch_forever(
        self,
        fetch_page: FetchPage,
        thread_lister: ThreadLister,
        describe_thread: DescribeThread,
        has_guild: Callable[[int], bool],
    ) -> None:
        backoff = Backoff(CATCH_UP_RETRY)
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                is_complete = await self._run_tasks(fetch_page, has_guild)
                if not await self._list_archived_threads(thread_lister, describe_thread, has_guild):
                    is_complete = False
            except Exception as error:  # noqa: BLE001 - any failure may be temporary
                limited_log.warning("catch-up failed, retrying", kind=type(error).__name__, error=format_reason(error))
                is_complete = False
            if is_complete:
                backoff.reset()
            else:
                await asyncio.sleep(backoff.record_failure())
                self._wake.set()

    async def _plan_periods(self) -> None:
        while self._periods:
            period = self._periods[0]
            async with self._database.acquire_connection() as connection:
                from_at = period.from_at or await find_period_start(
                    connection, period.guild_id, session_started_at=period.to_at
                )
                if from_at is not None and period.heard_until is not None:
                    from_at = min(from_at, period.heard_until)
                if from_at is not None and from_at < period.to_at:
                    span = CatchUpSpan(period.guild_id, period.channel_id, from_at, period.to_at + SESSION_MARGIN)
                    await plan_period(
                        connection, span, period.newest_messages, threads_listed=False, traces=period.traces
                    )
            self._periods.pop(0)

    async def _run_tasks(self, fetch_page: FetchPage, has_guild: Callable[[int], bool]) -> bool:
        """Run the stored tasks of available guilds, several channels at a time. Returns whether none failed."""
        async with self._database.acquire_connection() as connection:
            tasks = [task for task in await load_tasks(connection) if has_guild(task.guild_id)]
        if not tasks:
            return True
        log.info("catching up on missed messages", channels=len(tasks))
        await self._ticket_tracker.save(self._database, self._privacy)  # threads are stored before their messages
        failures = await self.fetcher.run_tasks(
            tasks, fetch_page, concurrency=CONCURRENT_CHANNELS, end_task=self.fetcher.finish_refused
        )
        log.info("caught up", channels=len(tasks) - failures, messages=self.fetcher.fetched_messages)
        return failures == 0

    async def _list_archived_threads(
        self, thread_lister: ThreadLister, describe_thread: DescribeThread, has_guild: Callable[[int], bool]
    ) -> bool:
        """List the archived threads of some periods, and plan their tasks. Returns whether none failed.

        The work goes on at once if there is more to list or to fetch. A guild that is not available is listed when its
        GUILD_CREATE adds its next period.
        """
        async with self._database.acquire_connection() as connection:
            periods = [period for period in await load_unlisted_periods(connection) if has_guild(period.span.guild_id)]
        self.pending_listings = len(periods)
        remaining, failures, tasks = iter(periods[:MAX_LISTINGS_PER_TURN]), 0, 0

        async def work() -> None:
            nonlocal failures, tasks
            for period in remaining:
                try:
                    planned = await self._plan_archived_threads(period, thread_lister, describe_thread)
                except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
                    failures += 1
                    limited_log.warning(
                        "archived threads not listed, retrying",
                        kind=type(error).__name__,
                        guild=period.span.guild_id,
                        error=format_reason(error),
                    )
                else:
                    tasks += planned
                    if period.is_last_listing:
                        self.pending_listings -= 1

        async with asyncio.TaskGroup() as group:
            for _ in range(CONCURRENT_LISTINGS):
                group.create_task(work())
        if tasks or (self.pending_listings and not failures):
            self._wake.set()
        return failures == 0

    async def _plan_archived_threads(
        self, period: UnlistedPeriod, thread_lister: ThreadLister, describe_thread: DescribeThread
    ) -> int:
        span = period.span
        listing = await (thread_lister.list_joined if period.only_joined else thread_lister.list_missed)(period)
        threads = [{**thread, "guild_id": str(span.guild_id)} for thread in listing.threads]
        newest_messages = _describe_missed_threads(
            threads, encode_snowflake(span.from_at - CLOCK_MARGIN), describe_thread
        )
        async with self._database.acquire_connection() as connection:
            return await plan_archived_threads(
                connection, period, newest_messages, listing.have_archived_threads, is_complete=listing.is_complete
            )


def _describe_missed_threads(
    threads: Sequence[dict[str, Any]], after_id: int, describe_thread: DescribeThread
) -> list[NewestMessage]:
    """Return the newest messages of the threads with messages after an id, and describe these threads."""
    newest_messages: list[NewestMessage] = []
    for thread in threads:
        try:
            missed = [message for message in list_newest_messages([thread]) if message.message_id > after_id]
            if missed:
                describe_thread(thread)
                newest_messages += missed
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            log_skipped_event("thread", error)
    return newest_messages
