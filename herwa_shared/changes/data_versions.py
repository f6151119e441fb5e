"""The data version of each guild: a number that rises when a stored answer to a question about it may have changed.

The function `raise_data_version` of the database raises it in the transaction of the change. The mover and rewrites of
ClickHouse call it, and choices of members, who are listed or not; triggers do where coverage or the time zone changes.
Decision: docs/decisions/0018.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress

import asyncpg
from sqlalchemy import ARRAY, BigInteger, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.changes.listener import EVERY_GUILD, ChangeListener, ChangeTopic
from herwa_shared.demo_guild import DEMO_GUILD_ID

DATA_CHANGES = ChangeTopic("data", channel="herwa_data", table="data_version", loads_all=True)
MAX_SWEEP_AGE_SECONDS = 3.0
"""Without a sweep for this time, changes may have been missed, so that no version is known."""

DEMO_VERSION = 1
"""Only time changes the data of the demo guild."""

RAISE_SQL = "SELECT raise_data_version($1)"
RAISE_EVERY_GUILD_SQL = f"SELECT raise_data_version(ARRAY[{EVERY_GUILD}])"


async def raise_data_versions(session: AsyncSession, guild_ids: Collection[int]) -> None:
    """Raise the data versions of guilds, with the commit of the session."""
    await session.execute(select(func.raise_data_version(literal(list(guild_ids), ARRAY(BigInteger)))))


class DataVersions:
    """The data versions that this process knows, while `run()` runs; no query is needed to read one."""

    def __init__(
        self,
        database_url: str,
        *,
        on_change: Callable[[int], None],
        on_reconnect: Callable[[], None],
        connection_class: type[asyncpg.Connection] = asyncpg.Connection,
    ) -> None:
        self._versions: dict[int, int] = {}
        self._notify_change, self._notify_reconnect = on_change, on_reconnect
        self._listener = ChangeListener(
            database_url,
            DATA_CHANGES,
            on_change=self._set,
            on_reconnect=self._forget,
            connection_class=connection_class,
        )

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Keep the versions up to date while the block runs. An unavailable database does not end it."""
        task = asyncio.create_task(self._listener.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def find(self, guild_id: int) -> str | None:
        """Return the version of a guild's data, to be compared for equality only.

        Returns None if it is unknown: nothing of the guild was ever counted, or changes may have been missed.
        """
        sweep_age = self._listener.sweep_age
        version = DEMO_VERSION if guild_id == DEMO_GUILD_ID else self._versions.get(guild_id)
        if version is None or sweep_age is None or sweep_age > MAX_SWEEP_AGE_SECONDS:
            return None
        return f"{self._versions.get(EVERY_GUILD, 0)}.{version}"

    def _set(self, guild_id: int, version: int) -> None:
        """Store a version. A notification may arrive after a sweep that has read a later one."""
        if version > self._versions.get(guild_id, 0):
            self._versions[guild_id] = version
            self._notify_change(guild_id)

    def _forget(self) -> None:
        self._versions.clear()
        self._notify_reconnect()
