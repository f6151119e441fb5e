"""The jobs about tiers that servers bought in Discord."""

import asyncio

from herwa_shared.clock import utc_now
from herwa_shared.db import Database
from herwa_shared.discord.entitlements import EntitlementReader
from herwa_shared.errors import DiscordUnavailable
from herwa_shared.log import get_logger
from herwa_shared.retry import Backoff, RetryPolicy
from herwa_shared.services.entitlement_checks import CheckRequest, finish_check, list_check_requests, request_check
from herwa_shared.services.purchases import find_changed_guilds, is_selling, save_entitlements

log = get_logger(__name__)

CHECK_RETRY = RetryPolicy(first_delay_seconds=1.0, max_delay_seconds=60.0)


class EntitlementJobs:
    """Asks Discord what servers have bought: hourly, and at each request of the bot.

    Only one run at a time asks and saves, so an older list never replaces a newer one.
    """

    def __init__(self, database: Database, reader: EntitlementReader, *, retry: RetryPolicy = CHECK_RETRY) -> None:
        self._database = database
        self._reader = reader
        self._max_delay_seconds = retry.max_delay_seconds
        self._backoff = Backoff(retry)

    async def request_entitlement_check(self) -> None:
        """Request to ask what all servers have bought."""
        async with self._database.transaction() as session:
            await request_check(session, guild_id=None)

    async def check_entitlements(self) -> None:
        """Carry out the requests.

        After a failure they remain, and the job waits before it raises DiscordUnavailable.
        """
        async with self._database.transaction() as session:
            requests = await list_check_requests(session)
            is_needed = bool(requests) and await is_selling(session)
        for request in requests:
            if is_needed:
                await self._check(request)
            async with self._database.transaction() as session:
                await finish_check(session, request)

    async def _check(self, request: CheckRequest) -> None:
        try:
            entitlements = await self._reader.list_entitlements(request.guild_id)
        except DiscordUnavailable as error:
            delay = max(self._backoff.record_failure(), error.retry_after_seconds)
            await asyncio.sleep(min(delay, self._max_delay_seconds))
            raise
        self._backoff.reset()
        now = utc_now()
        async with self._database.transaction() as session:
            changed = await find_changed_guilds(session, entitlements, now=now)
        for guild_id, guild_entitlements in changed.items():
            async with self._database.transaction() as session:
                count = await save_entitlements(
                    session, guild_id=guild_id, entitlements=guild_entitlements, now=utc_now()
                )
            log.info("bought tiers changed", guild=guild_id, subscriptions=count)
