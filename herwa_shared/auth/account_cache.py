"""Cache of what this process has read about users: their sessions, guilds and roles.

Triggers in PostgreSQL report each change of a session, of a user or of a user's guilds in its transaction
(alembic/versions/0022), by a bucket of users, since a table of changes shall hold no user ids. Every process drops what
it knows of the bucket: at once by notification, and within a second by the sweep. Decision: docs/decisions/0023.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.changes.listener import ChangeListener, ChangeTopic

ResultT = TypeVar("ResultT")

ACCOUNT_CHANGES = ChangeTopic("accounts", channel="herwa_account", table="account_change", id_column="bucket")
BUCKET_COUNT = 1_024
SNOWFLAKE_TIME_SHIFT = 22
MAX_AGE_SECONDS = 60.0
"""Nothing is kept longer: member counts of guilds change without a report, and sessions end by time."""
MAX_SWEEP_AGE_SECONDS = 3.0
"""Without a sweep for this time, changes may have been missed, so that nothing that was read is used."""
MAX_ENTRIES = 50_000
DELETE_OLD_CHANGES = text("DELETE FROM account_change WHERE changed_at < now() - interval '1 hour'")


@dataclass(frozen=True, slots=True)
class _Entry:
    value: Any
    user_id: int
    valid_until: float


def get_bucket(user_id: int) -> int:
    """Return the bucket of a user: from the time in their id, since the rest of it is mostly zero."""
    return (user_id >> SNOWFLAKE_TIME_SHIFT) % BUCKET_COUNT


class AccountCache:
    """The cache of one process. It knows nothing, and loads each time, unless `run()` runs."""

    def __init__(
        self,
        database_url: str,
        *,
        connection_class: type[asyncpg.Connection] = asyncpg.Connection,
        read_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read_clock = read_clock
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._keys_by_bucket: dict[int, set[Hashable]] = {}
        self._change_count = 0
        self._listener = ChangeListener(
            database_url,
            ACCOUNT_CHANGES,
            on_change=lambda bucket, _: self._drop_bucket(bucket),
            on_reconnect=self._clear,
            connection_class=connection_class,
        )

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Follow the changes while the block runs. An unavailable database does not end it."""
        task = asyncio.create_task(self._listener.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def find(self, key: Hashable) -> Any:
        """Return what was read under this key and is still current, without I/O; None if it must be loaded."""
        entry = self._entries.get(key)
        if entry is None or not self._is_following() or self._read_clock() >= entry.valid_until:
            return None
        return entry.value

    async def get(
        self, key: Hashable, load: Callable[[], Awaitable[ResultT]], get_user_id: Callable[[ResultT], int | None]
    ) -> ResultT:
        """Return what is known under this key, or load it and keep it.

        `get_user_id` returns the user whose changes end the result; a result without a user is not kept. Raises as
        `load` does.
        """
        known = self.find(key)
        if known is not None:
            found: ResultT = known
            return found
        is_following, change_count = self._is_following(), self._change_count
        result = await load()
        user_id = get_user_id(result)
        # A change that was reported meanwhile may have been committed after the read, and is not reported again.
        if user_id is not None and is_following and change_count == self._change_count:
            self._store(key, _Entry(result, user_id, self._read_clock() + MAX_AGE_SECONDS))
        return result

    def drop_user(self, user_id: int) -> None:
        """Drop what is known about a user, whom this process has just changed."""
        self._drop_bucket(get_bucket(user_id))

    def _is_following(self) -> bool:
        sweep_age = self._listener.sweep_age
        return sweep_age is not None and sweep_age <= MAX_SWEEP_AGE_SECONDS

    def _store(self, key: Hashable, entry: _Entry) -> None:
        self._remove(key)
        self._entries[key] = entry
        self._keys_by_bucket.setdefault(get_bucket(entry.user_id), set()).add(key)
        while len(self._entries) > MAX_ENTRIES:
            self._remove(next(iter(self._entries)))

    def _remove(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._keys_by_bucket[get_bucket(entry.user_id)].discard(key)

    def _drop_bucket(self, bucket: int) -> None:
        self._change_count += 1
        for key in self._keys_by_bucket.pop(bucket, ()):
            self._entries.pop(key, None)

    def _clear(self) -> None:
        self._change_count += 1
        self._entries.clear()
        self._keys_by_bucket.clear()


@asynccontextmanager
async def open_account_cache(database_url: str) -> AsyncIterator[AccountCache]:
    """Open a cache that follows the changes while the block runs."""
    cache = AccountCache(database_url)
    async with cache.run():
        yield cache


async def delete_old_account_changes(session: AsyncSession) -> None:
    """Delete reports of changes that every process has received: their sweeps read the last seconds only."""
    await session.execute(DELETE_OLD_CHANGES)
