"""Receive changes of all processes: by notification, and exactly by a sweep of their versions once a second.

A change writes, in its transaction, a row `(guild_id, version, changed_in)` to the table of its topic and sends a
PostgreSQL NOTIFY, which may get lost. `changed_in` is the id of the transaction that wrote the row, so that
transactions that commit out of order are found.

`ChangeListener` listens on a connection of its own, and once a second a sweep reads the changes whose notification it
missed. The sweep is exact: it reads the rows of all transactions that the previous sweep could not see, in any commit
order. For that, each sweep stores the xmin of its snapshot, below which no transaction was in progress.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from sqlalchemy import make_url

from herwa_shared.errors import format_reason
from herwa_shared.log import get_logger
from herwa_shared.retry import Backoff, RetryPolicy

log = get_logger(__name__)

EVERY_GUILD = 0
"""Guild id of a change that concerns every guild."""

SWEEP_INTERVAL_SECONDS = 1.0
CONNECTION_TIMEOUT_SECONDS = 2.0
"""A connection that does not respond within this time is considered dead."""
RECONNECTION = RetryPolicy(first_delay_seconds=0.25, max_delay_seconds=0.25)
"""The delay does not grow: until it is connected, this process may use what is outdated."""

Change = tuple[int, int]
"""A guild id and its new version."""


@dataclass(frozen=True, slots=True)
class ChangeTopic:
    """Changes of one kind.

    `name` is for logs. A notification of `channel` carries pairs of a guild id and its new version. `loads_all`: the
    first sweep of a connection reports all rows of the table instead of none. `id_column`: what has changed, if it is
    not a guild.
    """

    name: str
    channel: str
    table: str
    loads_all: bool = False
    id_column: str = "guild_id"

    @property
    def sweep_query(self) -> str:
        """The statement of a sweep. With a null horizon no row matches."""
        # The function and the join use the same snapshot, that of the statement.
        return f"""
            SELECT here.horizon, change.{self.id_column} AS id, change.version
            FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon) AS here
            LEFT JOIN {self.table} AS change ON change.changed_in >= $1
        """  # noqa: S608 - a constant


class ChangeListener:
    """Reports the changes of a topic by all processes through callbacks.

    `on_change` receives each changed guild (or EVERY_GUILD) and its version. `on_reconnect` is called after every new
    connection, before its first sweep, as then anything may have changed: the database may have been restored to an
    older state.
    """

    def __init__(
        self,
        url: str,
        topic: ChangeTopic,
        *,
        on_change: Callable[[int, int], None],
        on_reconnect: Callable[[], None],
        connection_class: type[asyncpg.Connection] = asyncpg.Connection,
    ) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._topic = topic
        self._on_change = on_change
        self._on_reconnect = on_reconnect
        self._connection_class = connection_class
        self._horizon: int | None = None
        self._known_changes: set[Change] = set()
        self._notified_changes: set[Change] = set()
        self._swept_at: float | None = None
        self._backoff = Backoff(RECONNECTION)

    @property
    def sweep_age(self) -> float | None:
        """Seconds since the start of the last sweep; None before the first sweep of a connection."""
        return None if self._swept_at is None else time.monotonic() - self._swept_at

    async def run(self) -> None:
        """Listen and sweep until cancelled.

        Reconnects after every error; of consecutive errors only the first is logged.
        """
        while True:
            try:
                async with self._open_connection() as connection:
                    await self._run_sweeps(connection)
            except Exception as error:  # noqa: BLE001 - after any error, no change is received until we reconnect
                delay = self._backoff.record_failure()
                if self._backoff.failures == 1:
                    log.warning("change listener disconnected", topic=self._topic.name, error=format_reason(error))
                await asyncio.sleep(delay)

    @asynccontextmanager
    async def _open_connection(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(
            self._url,
            timeout=CONNECTION_TIMEOUT_SECONDS,
            command_timeout=CONNECTION_TIMEOUT_SECONDS,
            connection_class=self._connection_class,
            server_settings={"application_name": f"herwa {self._topic.name}"},
        )
        try:
            await connection.add_listener(self._topic.channel, self._on_notify)
            yield connection
        finally:
            connection.terminate()

    async def _run_sweeps(self, connection: asyncpg.Connection) -> None:
        """Sweep at a fixed interval until the connection is lost."""
        self._horizon = 0 if self._topic.loads_all else None
        self._known_changes, self._swept_at = set(), None
        self._on_reconnect()
        await self._sweep(connection)
        if self._backoff.reset():
            log.info("change listener reconnected", topic=self._topic.name)
        next_sweep_at = time.monotonic()
        while True:
            next_sweep_at = max(next_sweep_at + SWEEP_INTERVAL_SECONDS, time.monotonic())
            await asyncio.sleep(next_sweep_at - time.monotonic())
            await self._sweep(connection)

    async def _sweep(self, connection: asyncpg.Connection) -> None:
        self._notified_changes = set()
        started_at = time.monotonic()
        rows = await connection.fetch(self._topic.sweep_query, self._horizon)
        self._horizon = rows[0]["horizon"]
        swept = {(row["id"], row["version"]) for row in rows if row["id"] is not None}
        for change in swept - self._known_changes - self._notified_changes:
            self._on_change(*change)
        self._known_changes = swept | self._notified_changes
        self._swept_at = started_at

    def _on_notify(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        try:
            numbers = [int(part) for part in str(payload).split()]
            changes = list(zip(numbers[::2], numbers[1::2], strict=True))
        except ValueError:
            log.warning("invalid notification", topic=self._topic.name, payload=str(payload)[:100])
            return
        self._notified_changes.update(changes)
        self._known_changes.update(changes)
        for change in changes:
            self._on_change(*change)
