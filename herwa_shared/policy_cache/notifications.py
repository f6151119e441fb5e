"""Publish policy changes to all processes, and listen for them.

`publish_policy_change` runs in the transaction that changes a policy, so that change and notification commit together.
It sends a PostgreSQL NOTIFY, which may get lost, and writes a row to `policy_change`, which may not. `changed_in` is
the id of the transaction that wrote the row, so that transactions that commit out of order are found.

`PolicyChangeListener` listens on a connection of its own, and once a second a sweep reads the changes whose
notification it missed. The sweep is exact: it reads the rows of all transactions that the previous sweep could not see,
in any commit order. For that, each sweep stores the xmin of its snapshot, below which no transaction was in progress.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.errors import format_reason
from herwa_shared.log import get_logger
from herwa_shared.retry import Backoff, RetryPolicy

log = get_logger(__name__)

NOTIFY_CHANNEL = "herwa_policy"
EVERY_GUILD = 0
"""Guild id of a change by the operator (tiers, kill switches), which concerns every guild."""

SWEEP_INTERVAL_SECONDS = 1.0
CONNECTION_TIMEOUT_SECONDS = 2.0
"""A connection that does not respond within this time is considered dead."""
RECONNECTION = RetryPolicy(first_delay_seconds=0.25, max_delay_seconds=0.25)
"""The delay does not grow: until it is connected, this process may decide by an outdated policy."""

PolicyChange = tuple[int, int]
"""A guild id and the new version of its policy."""

# On conflict, both values are computed again instead of taken from EXCLUDED: EXCLUDED was computed before the statement
# waited for the transaction that held the row lock.
PUBLISH_QUERY = text("""
WITH touched AS (
    INSERT INTO policy_change (guild_id, version, changed_in)
    VALUES (:guild_id, nextval('policy_version'), pg_current_xact_id())
    ON CONFLICT (guild_id) DO UPDATE SET version = nextval('policy_version'), changed_in = pg_current_xact_id()
    RETURNING guild_id, version
)
SELECT pg_notify(:channel, guild_id || ' ' || version) FROM touched
""")

# The function and the join use the same snapshot, that of the statement. With a null horizon no row matches.
SWEEP_QUERY = """
SELECT here.horizon, change.guild_id, change.version
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon) AS here
LEFT JOIN policy_change AS change ON change.changed_in >= $1
"""


async def publish_policy_change(session: AsyncSession, *, guild_id: int | None) -> None:
    """Announce a policy change of this guild to all processes when the transaction commits.

    `guild_id` None is a change by the operator, for every guild. Locks the guild's `policy_change` row until the
    commit, so concurrent changes of one guild are serialized. A caller that changes several guilds must call this in
    the order of their ids, to avoid deadlocks.
    """
    await session.execute(
        PUBLISH_QUERY, {"guild_id": EVERY_GUILD if guild_id is None else guild_id, "channel": NOTIFY_CHANNEL}
    )


class PolicyChangeListener:
    """Reports policy changes of all processes through callbacks.

    `on_change` receives the id of each changed guild (or EVERY_GUILD). `on_reconnect` is called after every new
    connection, as then anything may have changed: the database may have been restored to an older state.
    """

    def __init__(
        self,
        url: str,
        *,
        on_change: Callable[[int], None],
        on_reconnect: Callable[[], None],
        connection_class: type[asyncpg.Connection],
    ) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._on_change = on_change
        self._on_reconnect = on_reconnect
        self._connection_class = connection_class
        self._horizon: int | None = None
        self._known_changes: set[PolicyChange] = set()
        self._notified_changes: set[PolicyChange] = set()
        self._swept_at: float | None = None
        self._backoff = Backoff(RECONNECTION)

    @property
    def sweep_age(self) -> float | None:
        """Seconds since the last sweep; None before the first sweep."""
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
                    log.warning("policy change listener disconnected", error=format_reason(error))
                await asyncio.sleep(delay)

    @asynccontextmanager
    async def _open_connection(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(
            self._url,
            timeout=CONNECTION_TIMEOUT_SECONDS,
            command_timeout=CONNECTION_TIMEOUT_SECONDS,
            connection_class=self._connection_class,
            server_settings={"application_name": "herwa policies"},
        )
        try:
            await connection.add_listener(NOTIFY_CHANNEL, self._on_notify)
            yield connection
        finally:
            connection.terminate()

    async def _run_sweeps(self, connection: asyncpg.Connection) -> None:
        """Sweep at a fixed interval until the connection is lost."""
        self._horizon = None
        await self._sweep(connection)
        self._on_reconnect()
        if self._backoff.reset():
            log.info("policy change listener reconnected")
        next_sweep_at = time.monotonic()
        while True:
            next_sweep_at = max(next_sweep_at + SWEEP_INTERVAL_SECONDS, time.monotonic())
            await asyncio.sleep(next_sweep_at - time.monotonic())
            await self._sweep(connection)

    async def _sweep(self, connection: asyncpg.Connection) -> None:
        self._notified_changes = set()
        rows = await connection.fetch(SWEEP_QUERY, self._horizon)
        self._horizon = rows[0]["horizon"]
        swept = {(row["guild_id"], row["version"]) for row in rows if row["guild_id"] is not None}
        for guild_id, _ in swept - self._known_changes - self._notified_changes:
            self._on_change(guild_id)
        self._known_changes = swept | self._notified_changes
        self._swept_at = time.monotonic()

    def _on_notify(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        try:
            guild_id, version = (int(part) for part in str(payload).split())
        except ValueError:
            log.warning("invalid policy notification", payload=str(payload)[:100])
            return
        self._notified_changes.add((guild_id, version))
        self._known_changes.add((guild_id, version))
        self._on_change(guild_id)
