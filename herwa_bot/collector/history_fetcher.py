"""Fetch pages of channels' histories through Discord's REST API and store them, newest first.

A page is stored with the range of message ids that it proves, so that an interruption at any moment loses nothing.
Requests stay below the limit for all routes; discord.py's HTTP client obeys those of single routes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import aiohttp
import discord

from herwa_bot.collector.parsing.messages import get_member_name, parse_message_create
from herwa_bot.collector.payload_fields import parse_snowflake
from herwa_shared.db import Database
from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.pipeline.catch_up import finish_task
from herwa_shared.pipeline.events import ActivityEvent
from herwa_shared.pipeline.history_pages import AuthorName, ChannelTask, store_history_page
from herwa_shared.pipeline.privacy_filter import PrivacyFilter

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

PAGE_SIZE = 100
MAX_PAGES_PER_SECOND = 47.0
"""Of the 50 requests a second that Discord allows a bot; the rest is for everything else."""

MAX_REMEMBERED_NAMES = 200_000

Page = Sequence[Mapping[str, Any]]
FetchPage = Callable[[int, int], Awaitable[Page]]
"""Fetches up to PAGE_SIZE messages of a channel before a message id, newest first."""
EndTask = Callable[[ChannelTask, bool], Awaitable[None]]
"""Records that a channel is done, or (True) that Discord did not let the bot read it."""


class RequestPacer:
    """Spreads requests evenly, so that none of them is refused for its rate."""

    def __init__(self, max_per_second: float) -> None:
        self._interval = 1 / max_per_second
        self._next_at = 0.0

    async def wait_turn(self) -> None:
        """Wait until the next request may be sent."""
        now = asyncio.get_running_loop().time()
        turn_at = max(now, self._next_at)
        self._next_at = turn_at + self._interval
        await asyncio.sleep(turn_at - now)


class HistoryFetcher:
    """Fetches the missing messages of channels, several channels at a time.

    `pending_channels` and `fetched_messages` are its progress. `can_read_content`: the message content intent is
    granted. `can_read_history` says whether the bot may read a channel of a guild: without the permission Discord
    responds with no messages. `has_guild` says whether a guild is available. `store_lock` lets one page at a time be
    stored, so that live events, which take turns with pages, wait for one page at most.
    """

    def __init__(self, database: Database, privacy: PrivacyFilter, *, store_lock: asyncio.Lock) -> None:
        self.can_read_content = False
        self.can_read_history: Callable[[int, int], bool] = lambda _guild_id, _channel_id: True
        self.has_guild: Callable[[int], bool] = lambda _guild_id: True
        self.pending_channels = 0
        self.fetched_messages = 0
        self._database = database
        self._privacy = privacy
        self._store_lock = store_lock
        self._named: set[tuple[int, int]] = set()

    async def run_tasks(
        self,
        tasks: Sequence[ChannelTask],
        fetch_page: FetchPage,
        *,
        concurrency: int,
        end_task: EndTask,
        is_paused: Callable[[ChannelTask], Awaitable[bool]] | None = None,
    ) -> int:
        """Fetch the tasks. Returns the number of channels that failed; they can be tried again.

        `is_paused` is asked before each page whether the channel is to be left as it is.
        """
        self.pending_channels = len(tasks)
        remaining, failures = iter(tasks), 0

        async def work() -> None:
            nonlocal failures
            for task in remaining:
                try:
                    await self._run_task(task, fetch_page, end_task, is_paused)
                except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
                    failures += 1
                    limited_log.warning(
                        "channel not fetched, retrying",
                        kind=type(error).__name__,
                        channel=task.channel_id,
                        error=format_reason(error),
                    )
                else:
                    self.pending_channels -= 1

        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(tasks))):
                group.create_task(work())
        return failures

    async def finish_refused(self, task: ChannelTask, refused: bool) -> None:
        """End a task of a catch-up: a period with a refused channel is never complete."""
        async with self._database.acquire_connection() as connection:
            await finish_task(connection, task, refused=refused)

    async def _run_task(
        self,
        task: ChannelTask,
        fetch_page: FetchPage,
        end_task: EndTask,
        is_paused: Callable[[ChannelTask], Awaitable[bool]] | None,
    ) -> None:
        """Fetch the pages of a channel until none is missing."""
        refused = not self.can_read_history(task.guild_id, task.parent_id or task.channel_id)
        while task.before_id > task.after_id + 1 and not refused:
            if is_paused is not None and await is_paused(task):
                return
            try:
                page = await fetch_page(task.channel_id, task.before_id)
            except (discord.Forbidden, discord.NotFound) as error:
                if not self.has_guild(task.guild_id):
                    return  # nothing is known about the channel until Discord is in order again
                refused = isinstance(error, discord.Forbidden)
                log.info("channel cannot be read", channel=task.channel_id, status=error.status)
                break
            fetched = task.fetched
            task = await self._store_page(task, page)
            self.fetched_messages += task.fetched - fetched
        await end_task(task, refused)

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
                if not payload.get("webhook_id") and (task.guild_id, event.user_id) not in self._named:
                    author = payload["author"]
                    names[event.user_id] = AuthorName(
                        event.user_id, get_member_name({}, author), is_bot=bool(author.get("bot"))
                    )
        # A page that is not full is the last one.
        oldest_id = min(parse_snowflake(payload, "id") for payload in page) if len(page) >= PAGE_SIZE else None
        async with self._store_lock, self._database.acquire_connection() as connection:
            moved_task = await store_history_page(
                connection, task, events, oldest_id=oldest_id, names=list(names.values()), privacy=self._privacy
            )
        if len(self._named) > MAX_REMEMBERED_NAMES:
            self._named.clear()
        self._named.update((task.guild_id, user_id) for user_id in names)
        return moved_task

    def _parse_message(self, task: ChannelTask, payload: Mapping[str, Any]) -> ActivityEvent | None:
        return parse_message_create(
            {**payload, "guild_id": str(task.guild_id)},
            parent_id=task.parent_id,
            live_since_ms=0,
            can_read_content=self.can_read_content,
        )
