"""Fetch the messages that were missed while the bot did not listen, through Discord's REST API.

The gateway handlers report periods without reception; a background task plans them and fetches the pages of each
channel, newest first. Live events go on meanwhile. discord.py's HTTP client obeys Discord's rate limits.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from herwa_bot.collector.history_fetcher import FetchPage, HistoryFetcher
from herwa_bot.collector.ticket_tracker import TicketTracker
from herwa_shared.db import Database
from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.pipeline.catch_up import find_period_start, load_tasks, plan_period
from herwa_shared.pipeline.events import encode_snowflake
from herwa_shared.pipeline.privacy_filter import PrivacyFilter
from herwa_shared.retry import Backoff, RetryPolicy
from herwa_shared.services.collection_gaps import ALL_CHANNELS

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

CONCURRENT_CHANNELS = 16
CATCH_UP_RETRY = RetryPolicy(first_delay_seconds=5.0, max_delay_seconds=60.0)
SESSION_MARGIN = timedelta(seconds=5)
"""The first heartbeat, which starts the recorded time of a session, follows READY within this time."""


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
        self, database: Database, fetcher: HistoryFetcher, privacy: PrivacyFilter, ticket_tracker: TicketTracker
    ) -> None:
        self.fetcher = fetcher
        self._database = database
        self._privacy = privacy
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
        failures = await self.fetcher.run_tasks(
            tasks, fetch_page, concurrency=CONCURRENT_CHANNELS, end_task=self.fetcher.finish_refused
        )
        log.info("caught up", channels=len(tasks) - failures, messages=self.fetcher.fetched_messages)
        return failures == 0
