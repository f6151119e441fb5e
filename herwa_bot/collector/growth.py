"""Count once for each guild on which days its members joined: its growth before the bot was added.

The members are listed through Discord's REST API, 1,000 per request, which needs the members intent. Only the number of
joins a day leaves this module. A guild that was not listed to the end is listed again after a restart.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date

import discord

from herwa_bot.collector.history_fetcher import RequestPacer
from herwa_bot.collector.payload_fields import Payload, parse_optional_datetime, parse_snowflake
from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.errors import format_reason
from herwa_shared.log import RateLimitedLogger, get_logger
from herwa_shared.retry import Backoff, RetryPolicy
from herwa_shared.services.growth_estimates import list_guilds_without_growth, save_growth

log = get_logger(__name__)
limited_log = RateLimitedLogger(log)

PAGE_SIZE = 1_000
MAX_PAGES_PER_SECOND = 1.0
POLL_SECONDS = 10.0
GROWTH_RETRY = RetryPolicy(first_delay_seconds=10.0, max_delay_seconds=600.0)

FetchMembers = Callable[[int, int], Awaitable[Sequence[Payload]]]
"""Fetches the page of a guild's members after a user id."""


class GrowthCounter:
    """Counts the joins a day of each guild that has no count yet; `run` does the work."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pacer = RequestPacer(MAX_PAGES_PER_SECOND)
        self._refused_guild_ids: set[int] = set()

    async def run(
        self, fetch_members: FetchMembers, *, has_guild: Callable[[int], bool], can_list_members: Callable[[], bool]
    ) -> None:
        """Count until cancelled. After a failure, what is left is retried.

        `has_guild`: this process has the guild; another one may have the others. `can_list_members`: Discord grants the
        members intent.
        """
        backoff = Backoff(GROWTH_RETRY)
        while True:
            delay = POLL_SECONDS
            try:
                if can_list_members():
                    await self._count_guilds(fetch_members, has_guild)
                backoff.reset()
            except Exception as error:  # noqa: BLE001 - any failure may be temporary
                reason = {"kind": type(error).__name__, "error": format_reason(error)}
                limited_log.warning("counting joins by day failed, retrying", **reason)
                delay = backoff.record_failure()
            await asyncio.sleep(delay)

    async def _count_guilds(self, fetch_members: FetchMembers, has_guild: Callable[[int], bool]) -> None:
        async with self._database.transaction() as session:
            guild_ids = await list_guilds_without_growth(session)
        for guild_id in guild_ids:
            if has_guild(guild_id) and guild_id not in self._refused_guild_ids:
                await self._count_guild(fetch_members, guild_id)

    async def _count_guild(self, fetch_members: FetchMembers, guild_id: int) -> None:
        listed_at = utc_now()
        try:
            joined_by_day = await self._count_joins(fetch_members, guild_id)
        except (discord.Forbidden, discord.NotFound) as error:
            self._refused_guild_ids.add(guild_id)
            log.info("members cannot be listed", guild=guild_id, status=error.status)
            return
        async with self._database.transaction() as session:
            await save_growth(session, guild_id=guild_id, joined_by_day=joined_by_day, listed_at=listed_at)
        log.info("joins counted by day", guild=guild_id, members=joined_by_day.total(), days=len(joined_by_day))

    async def _count_joins(self, fetch_members: FetchMembers, guild_id: int) -> Counter[date]:
        joined_by_day: Counter[date] = Counter()
        after_id = 0
        while True:
            await self._pacer.wait_turn()
            page = await fetch_members(guild_id, after_id)
            joined_by_day.update(day for member in page if (day := parse_join_day(member)) is not None)
            if len(page) < PAGE_SIZE:
                return joined_by_day
            after_id = max(parse_snowflake(member["user"], "id") for member in page)


def parse_join_day(member: Payload) -> date | None:
    """Parse the day (UTC) on which a member joined; None if it is unknown, as for guests."""
    joined_at = parse_optional_datetime(member.get("joined_at"))
    return joined_at.astimezone(UTC).date() if joined_at else None
