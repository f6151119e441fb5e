"""Whether this process takes requests: both databases respond, and it does not stop.

Any number of checks within a second ask each of the databases once.
"""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass

from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import Error as ClickHouseError
from sqlalchemy.exc import SQLAlchemyError

from herwa_shared.db import Database

STORE_TIMEOUT_SECONDS = 2.0
LIFETIME_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """Whether each database responded within STORE_TIMEOUT_SECONDS."""

    postgresql: bool
    clickhouse: bool

    @property
    def is_ready(self) -> bool:
        """Whether both responded."""
        return self.postgresql and self.clickhouse


class Readiness:
    """Checks the databases, and keeps the result for LIFETIME_SECONDS."""

    def __init__(self, database: Database, clickhouse: AsyncClient) -> None:
        self._database = database
        self._clickhouse = clickhouse
        self._check: asyncio.Task[StoreStatus] | None = None
        self._started_at = 0.0
        self.is_stopping = False

    def announce_stop(self) -> None:
        """Tell load balancers from now on to send requests elsewhere."""
        self.is_stopping = True

    async def check(self) -> StoreStatus:
        """Return the status of the databases, at most LIFETIME_SECONDS old."""
        if self._check is None or (self._check.done() and time.monotonic() - self._started_at >= LIFETIME_SECONDS):
            self._started_at = time.monotonic()
            self._check = asyncio.create_task(self._run())
        return await asyncio.shield(self._check)

    async def _run(self) -> StoreStatus:
        return StoreStatus(
            *await asyncio.gather(_is_reachable(self._check_database()), _is_reachable(self._clickhouse.ping()))
        )

    async def _check_database(self) -> bool:
        """Acquire a connection of PostgreSQL: the pool pings each connection before it returns it."""
        async with self._database.acquire_connection():
            return True


async def _is_reachable(check: Awaitable[bool]) -> bool:
    try:
        async with asyncio.timeout(STORE_TIMEOUT_SECONDS):
            return await check
    except (OSError, SQLAlchemyError, ClickHouseError):
        return False
