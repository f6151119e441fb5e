"""Tell every process that a policy has changed: in the transaction that changes it, so that commit and message are one.

The message is PostgreSQL's NOTIFY, which may get lost; the row beside it may not, and is what the sweep reads. Its
`changed_in` is the transaction that wrote it, by which a commit out of order is found.

Hear of every change: a connection of its own listens, and once a second asks for what it did not hear.

The sweep is exact. It reads what was written by transactions that the sweep before could not yet see, in whatever
order they commit: each sweep remembers its snapshot's horizon, below which nothing was still under way.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncSession

from herwa_shared.log import get_logger

NOTIFY_CHANNEL = "herwa_policy"
EVERY_GUILD = 0
"""The row and the message of what the operator changed: tiers and kill switches concern every guild."""

# Both values are set anew, not taken from EXCLUDED, which was computed before waiting for whoever held the row.
PUBLISH_QUERY = text("""
WITH touched AS (
    INSERT INTO policy_change (guild_id, version, changed_in)
    VALUES (:guild_id, nextval('policy_version'), pg_current_xact_id())
    ON CONFLICT (guild_id) DO UPDATE SET version = nextval('policy_version'), changed_in = pg_current_xact_id()
    RETURNING guild_id, version
)
SELECT pg_notify(:channel, guild_id || ' ' || version) FROM touched
""")


async def publish_policy_change(session: AsyncSession, *, guild_id: int | None) -> None:
    """What this transaction changes is in force everywhere once it commits. None: the operator's, for every guild.

    It holds the guild's row until the commit, so parallel changes of one guild queue; who touches several does so in
    the order of their ids.
    """
    await session.execute(
        PUBLISH_QUERY, {"guild_id": EVERY_GUILD if guild_id is None else guild_id, "channel": NOTIFY_CHANNEL}
    )


log = get_logger(__name__)

SWEEP_INTERVAL_SECONDS = 1.0
CONNECTION_TIMEOUT_SECONDS = 2.0
"""A connection that does not answer for so long is taken for dead."""
RECONNECT_DELAY_SECONDS = 0.25

# The function and the rows see one snapshot, that of the statement. Without a horizon no row is read.
SWEEP_QUERY = """
SELECT here.horizon, change.guild_id, change.version
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon) AS here
LEFT JOIN policy_change AS change ON change.changed_in >= $1
"""

PolicyChange = tuple[int, int]
"""A guild's id, and the version that it came to."""


class PolicyChangeListener:
    """Calls `changed` with the id of each guild that has changed, and `doubt` when anything may have changed.

    That is with every new connection: a database that was away may have come back as an older one.
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
        self._is_disconnected = False

    @property
    def sweep_age(self) -> float | None:
        """Seconds since the last sweep; None before the first."""
        return None if self._swept_at is None else time.monotonic() - self._swept_at

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with self._open_connection() as connection:
                    await self._run_sweeps(connection)
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing is heard until it is tried again
                if not self._is_disconnected:
                    log.warning("changes of policies cannot be heard", error=repr(error)[:200])
                self._is_disconnected = True
            await asyncio.sleep(RECONNECT_DELAY_SECONDS)

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
        """Sweeps on time until the connection is lost."""
        self._horizon = None
        await self._sweep(connection)
        self._on_reconnect()
        if self._is_disconnected:
            log.info("changes of policies are heard again")
        self._is_disconnected = False
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
            log.warning("a message about policies that says nothing", message=str(payload)[:100])
            return
        self._notified_changes.add((guild_id, version))
        self._known_changes.add((guild_id, version))
        self._on_change(guild_id)
