"""Fetch the messages that were missed while the bot did not listen, through Discord's REST API.

The gateway handlers report periods without reception; a background task plans them and fetches the pages of each
channel, newest first. Live events go on meanwhile. discord.py's HTTP client obeys Discord's rate limits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import discord

from herwa_bot.collector.parsing.messages import get_member_name, parse_message_create
from herwa_bot.collector.payload_fields import parse_snowflake
from herwa_bot.collector.thread_parents import ThreadParents
from herwa_bot.collector.ticket_tracker import TicketTracker
from herwa_shared.db import Database
from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.pipeline.catch_up import find_period_start, finish_task, load_tasks, plan_period
from herwa_shared.pipeline.events import ActivityEvent, encode_snowflake
from herwa_shared.pipeline.history_pages import AuthorName, ChannelTask, store_history_page
from herwa_shared.pipeline.privacy_filter import PrivacyFilter
from herwa_shared.retry import Backoff, RetryPolicy
from herwa_shared.services.collection_gaps import ALL_CHANNELS

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

PAGE_SIZE = 100
CONCURRENT_CHANNELS = 8
CATCH_UP_RETRY = RetryPolicy(first_delay_seconds=5.0, max_delay_seconds=60.0)
SESSION_MARGIN = timedelta(seconds=5)
"""The first heartbeat, which starts the recorded time of a session, follows READY within this time."""

Page = Sequence[Mapping[str, Any]]
FetchPage = Callable[[int, int], Awaitable[Page]]
"""Fetches up to PAGE_SIZE messages of a channel before a message id, newest first."""


@dataclass(frozen=True, slots=True)
class MissedPeriod:
    """A period without reception of a guild, or of one channel, that ended at `to_at`.

    `newest_ids` maps channels and threads to the id of their newest message. `from_at` None means: since the last
    collection before the session that started at `to_at`.
    """

    guild_id: int
    newest_ids: Mapping[int, int]
    to_at: datetime
    from_at: datetime | None = None
    channel_id: int = ALL_CHANNELS


class CatchUp:
    """Plans and fetches missed messages; `run` does the work."""

    def __init__(
        self, database: Database, thread_parents: ThreadParents, privacy: PrivacyFilter, ticket_tracker: TicketTracker
    ) -> None:
        self.can_read_content = False
        self.pending_channels = 0
        self.fetched_messages = 0
        self._database = database
        self._privacy = privacy
        self._thread_parents = thread_parents
        self._ticket_tracker = ticket_tracker
        self._periods: list[MissedPeriod] = []
        self._wake = asyncio.Event()
        self._wake.set()  # tasks of an earlier process may be stored

    def add_period(self, period: MissedPeriod) -> None:
        """Add a period whose messages were missed."""
        self._periods.append(period)
        self._wake.set()

    def add_channel_period(self, guild_id: int, channel_id: int, from_at: datetime, to_at: datetime) -> None:
        """Add a period in which the bot was not allowed to view a channel."""
        newest_ids = {channel_id: encode_snowflake(to_at)}
        self.add_period(MissedPeriod(guild_id, newest_ids, to_at, from_at, channel_id))

    async def run(self, fetch_page: FetchPage) -> None:
        """Plan and fetch until cancelled. After a failure, what is left is retried."""
        backoff = Backoff(CATCH_UP_RETRY)
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._plan_periods()
                is_complete = await self._run_tasks(fetch_page)
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
                if from_at is not None and from_at < period.to_at:
                    await plan_period(
                        connection,
                        period.guild_id,
                        period.newest_ids,
                        from_at=from_at,
                        to_at=period.to_at + SESSION_MARGIN,
                        channel_id=period.channel_id,
                    )
            self._periods.pop(0)

    async def _run_tasks(self, fetch_page: FetchPage) -> bool:
        """Run all stored tasks, several channels at a time. Returns whether none is left."""
        async with self._database.acquire_connection() as connection:
            tasks = await load_tasks(connection)
        if not tasks:
            return True
        log.info("catching up on missed messages", channels=len(tasks))
        await self._ticket_tracker.save(self._database, self._privacy)  # threads are stored before their messages
        self.pending_channels = len(tasks)
        remaining, failures = iter(tasks), 0

        async def work() -> None:
            nonlocal failures
            for task in remaining:
                try:
                    await self._run_task(task, fetch_page)
                except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
                    failures += 1
                    limited_log.warning(
                        "channel not caught up, retrying",
                        kind=type(error).__name__,
                        channel=task.channel_id,
                        error=format_reason(error),
                    )
                else:
                    self.pending_channels -= 1

        async with asyncio.TaskGroup() as group:
            for _ in range(min(CONCURRENT_CHANNELS, len(tasks))):
                group.create_task(work())
        log.info("caught up", channels=len(tasks) - failures, messages=self.fetched_messages)
        return failures == 0

    async def _run_task(self, task: ChannelTask, fetch_page: FetchPage) -> None:
        """Fetch the pages of a channel until none is missing."""
        refused = False
        while task.before_id > task.after_id + 1:
            try:
                page = await fetch_page(task.channel_id, task.before_id)
            except (discord.Forbidden, discord.NotFound) as error:
                refused = isinstance(error, discord.Forbidden)
                log.info("channel cannot be read", channel=task.channel_id, status=error.status)
                break
            fetched = task.fetched
            task = await self._store_page(task, page)
            self.fetched_messages += task.fetched - fetched
        async with self._database.acquire_connection() as connection:
            await finish_task(connection, task, refused=refused)

    async def _store_page(self, task: ChannelTask, page: Page) -> ChannelTask:
        events, names = [], {}
        for payload in page:
            try:
                event = self._parse_message(task, payload)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                log.warning("message of the history skipped", channel=task.channel_id, error=type(error).__name__)
                continue
            if event is not None:
                events.append(event)
                if not payload.get("webhook_id"):
                    author = payload["author"]
                    names[event.user_id] = AuthorName(
                        event.user_id, get_member_name({}, author), is_bot=bool(author.get("bot"))
                    )
        oldest_id = min((parse_snowflake(payload, "id") for payload in page), default=None)
        async with self._database.acquire_connection() as connection:
            return await store_history_page(
                connection, task, events, oldest_id=oldest_id, names=list(names.values()), privacy=self._privacy
            )

    def _parse_message(self, task: ChannelTask, payload: Mapping[str, Any]) -> ActivityEvent | None:
        return parse_message_create(
            {**payload, "guild_id": str(task.guild_id)},
            parent_id=self._thread_parents.find_parent(task.channel_id) or 0,
            live_since_ms=0,
            can_read_content=self.can_read_content,
        )
