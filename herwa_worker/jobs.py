"""One function a job. What they do is in the domain; here is only when, and what happens when it fails."""

import asyncio
from typing import Any

from herwa_shared.auth.sessions import remove_expired
from herwa_shared.auth.users import forget_absent
from herwa_shared.clock import utc_now
from herwa_shared.log import get_logger
from herwa_shared.pipeline.buffer import trim
from herwa_shared.pipeline.mover import move_once, restamp_after_restore
from herwa_shared.services.subscriptions import note_expired
from herwa_shared.stores import Stores

log = get_logger(__name__)

LONGEST_WAIT_SECONDS = 10.0


class Jobs:
    """The jobs of one worker and what they know of each other."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._moved = 0
        self._failures = 0

    async def before_all(self) -> None:
        """Once at the start."""
        async with self._stores.database.raw() as connection:
            await restamp_after_restore(connection)

    async def move(self) -> None:
        """Move what waits, batch after batch. After a failure the same batch is tried again, ever more patiently."""
        try:
            async with self._stores.database.raw() as connection:
                while rows := await move_once(connection, self._stores.clickhouse):
                    self._moved += rows
                    self._recovered()
        except Exception as error:  # noqa: BLE001 - whatever it is, the batch is pending and must be tried again
            self._failures += 1
            wait = min(0.3 * 2**self._failures, LONGEST_WAIT_SECONDS)
            log.error("events could not be moved", error=str(error)[:500], again_in_seconds=wait)  # noqa: TRY400
            await asyncio.sleep(wait)

    async def trim(self) -> None:
        """Give moved events' room back."""
        async with self._stores.database.raw() as connection:
            await trim(connection)

    async def expire(self) -> None:
        """Tell the audit log and every process of subscriptions that have just ended by themselves."""
        async with self._stores.database.transaction() as session:
            await note_expired(session, now=utc_now())

    async def forget(self) -> None:
        """End sessions whose time is over, and forget people who have none left."""
        async with self._stores.database.transaction() as session:
            await remove_expired(session, now=utc_now())
            await forget_absent(session, now=utc_now())

    def detail(self) -> dict[str, Any]:
        """What people want to know of the worker."""
        return {"moved": self._moved, "failures": self._failures}

    def _recovered(self) -> None:
        if self._failures:
            log.info("events move again", after_failures=self._failures)
        self._failures = 0
