"""One function a job. What they do is in the domain; here is only when, and what happens when it fails."""

import asyncio
from typing import Any

from herwa_shared.auth.sessions import delete_expired_sessions
from herwa_shared.auth.users import purge_logged_out_users
from herwa_shared.clock import utc_now
from herwa_shared.log import get_logger
from herwa_shared.pipeline.buffer import truncate_moved_slots
from herwa_shared.pipeline.mover import move_batch, restamp_after_restore
from herwa_shared.services.subscriptions import record_expired
from herwa_shared.stores import Stores

log = get_logger(__name__)

MAX_RETRY_DELAY_SECONDS = 10.0


class WorkerJobs:
    """The jobs of one worker and what they know of each other."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._moved_rows = 0
        self._failure_count = 0

    async def prepare(self) -> None:
        """Once at the start."""
        async with self._stores.database.acquire_connection() as connection:
            await restamp_after_restore(connection)

    async def move_events(self) -> None:
        """Move what waits, batch after batch. After a failure the same batch is tried again, ever more patiently."""
        try:
            async with self._stores.database.acquire_connection() as connection:
                while rows := await move_batch(connection, self._stores.clickhouse):
                    self._moved_rows += rows
                    self._reset_failures()
        except Exception as error:  # noqa: BLE001 - whatever it is, the batch is pending and must be tried again
            self._failure_count += 1
            delay = min(0.3 * 2**self._failure_count, MAX_RETRY_DELAY_SECONDS)
            log.error("events could not be moved", error=str(error)[:500], again_in_seconds=delay)  # noqa: TRY400
            await asyncio.sleep(delay)

    async def trim_buffer(self) -> None:
        """Give moved events' room back."""
        async with self._stores.database.acquire_connection() as connection:
            await truncate_moved_slots(connection)

    async def expire_subscriptions(self) -> None:
        """Tell the audit log and every process of subscriptions that have just ended by themselves."""
        async with self._stores.database.transaction() as session:
            await record_expired(session, now=utc_now())

    async def purge_expired(self) -> None:
        """End sessions whose time is over, and forget people who have none left."""
        async with self._stores.database.transaction() as session:
            await delete_expired_sessions(session, now=utc_now())
            await purge_logged_out_users(session, now=utc_now())

    def build_detail(self) -> dict[str, Any]:
        """What people want to know of the worker."""
        return {"moved": self._moved_rows, "failures": self._failure_count}

    def _reset_failures(self) -> None:
        if self._failure_count:
            log.info("events move again", after_failures=self._failure_count)
        self._failure_count = 0
