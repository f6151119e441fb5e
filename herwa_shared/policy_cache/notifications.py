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

CHANNEL = "herwa_policy"
EVERY_GUILD = 0
"""The row and the message of what the operator changed: tiers and kill switches concern every guild."""

# Both values are set anew, not taken from EXCLUDED, which was computed before waiting for whoever held the row.
TOUCH = text("""
WITH touched AS (
    INSERT INTO policy_change (guild_id, version, changed_in)
    VALUES (:guild_id, nextval('policy_version'), pg_current_xact_id())
    ON CONFLICT (guild_id) DO UPDATE SET version = nextval('policy_version'), changed_in = pg_current_xact_id()
    RETURNING guild_id, version
)
SELECT pg_notify(:channel, guild_id || ' ' || version) FROM touched
""")


async def touch(session: AsyncSession, *, guild_id: int | None) -> None:
    """What this transaction changes is in force everywhere once it commits. None: the operator's, for every guild.

    It holds the guild's row until the commit, so parallel changes of one guild queue; who touches several does so in
    the order of their ids.
    """
    await session.execute(TOUCH, {"guild_id": EVERY_GUILD if guild_id is None else guild_id, "channel": CHANNEL})


log = get_logger(__name__)

PERIOD_SECONDS = 1.0
ANSWER_SECONDS = 2.0
"""A connection that does not answer for so long is taken for dead."""
RECONNECT_SECONDS = 0.25

# The function and the rows see one snapshot, that of the statement. Without a horizon no row is read.
SWEEP = """
SELECT here.horizon, change.guild_id, change.version
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon) AS here
LEFT JOIN policy_change AS change ON change.changed_in >= $1
"""

Change = tuple[int, int]
"""A guild's id, and the version that it came to."""


class Watch:
    """Calls `changed` with the id of each guild that has changed, and `doubt` when anything may have changed.

    That is with every new connection: a database that was away may have come back as an older one.
    """

    def __init__(
        self,
        url: str,
        *,
        changed: Callable[[int], None],
        doubt: Callable[[], None],
        connection_class: type[asyncpg.Connection],
    ) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._changed = changed
        self._doubt = doubt
        self._connection_class = connection_class
        self._horizon: int | None = None
        self._known: set[Change] = set()
        self._heard: set[Change] = set()
        self._swept_at: float | None = None
        self._is_away = False

    @property
    def age(self) -> float | None:
        """Seconds since the last sweep; None before the first."""
        return None if self._swept_at is None else time.monotonic() - self._swept_at

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with self._listening() as connection:
                    await self._sweep_on(connection)
            except Exception as error:  # noqa: BLE001 - whatever it is, nothing is heard until it is tried again
                if not self._is_away:
                    log.warning("changes of policies cannot be heard", error=repr(error)[:200])
                self._is_away = True
            await asyncio.sleep(RECONNECT_SECONDS)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(
            self._url,
            timeout=ANSWER_SECONDS,
            command_timeout=ANSWER_SECONDS,
            connection_class=self._connection_class,
            server_settings={"application_name": "herwa policies"},
        )
        try:
            await connection.add_listener(CHANNEL, self._hear)
            yield connection
        finally:
            connection.terminate()

    async def _sweep_on(self, connection: asyncpg.Connection) -> None:
        """Sweeps on time until the connection is lost."""
        self._horizon = None
        await self._sweep(connection)
        self._doubt()
        if self._is_away:
            log.info("changes of policies are heard again")
        self._is_away = False
        due = time.monotonic()
        while True:
            due = max(due + PERIOD_SECONDS, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            await self._sweep(connection)

    async def _sweep(self, connection: asyncpg.Connection) -> None:
        self._heard = set()
        rows = await connection.fetch(SWEEP, self._horizon)
        self._horizon = rows[0]["horizon"]
        swept = {(row["guild_id"], row["version"]) for row in rows if row["guild_id"] is not None}
        for guild_id, _ in swept - self._known - self._heard:
            self._changed(guild_id)
        self._known = swept | self._heard
        self._swept_at = time.monotonic()

    def _hear(self, _connection: Any, _process: int, _channel: str, message: object) -> None:
        try:
            guild_id, version = (int(part) for part in str(message).split())
        except ValueError:
            log.warning("a message about policies that says nothing", message=str(message)[:100])
            return
        self._heard.add((guild_id, version))
        self._known.add((guild_id, version))
        self._changed(guild_id)
