"""Drain: wait until all events that are in the pipeline now have reached ClickHouse.

Events that arrive while it waits are not waited for.
"""

import asyncio
from datetime import datetime, timedelta

import asyncpg

from herwa_shared.errors import HerwaError
from herwa_shared.services.processes import LIVENESS_TIMEOUT

POLL_INTERVAL_SECONDS = 0.05

CREATE_REQUEST_SQL = "INSERT INTO drain_request DEFAULT VALUES RETURNING id"
COUNT_PENDING_COLLECTORS_SQL = """
SELECT count(*) FROM process
WHERE name = 'bot' AND stopped_at IS NULL AND seen_at > now() - $2::interval
  AND coalesce(drained, 0) < $1
"""
CURRENT_TXID_SQL = "SELECT txid_snapshot_xmax(txid_current_snapshot())"
COUNT_PENDING_EVENTS_SQL = """
SELECT count(*) FROM event_buffer AS b, ingest_state AS s
WHERE s.id = 0 AND (b.txid, b.seq) > (s.wm_txid, s.wm_seq) AND b.txid < $1
"""

REQUEST_RETENTION = timedelta(days=1)
PURGE_REQUESTS_SQL = """
DELETE FROM drain_request WHERE at < $1 AND id < (SELECT max(id) FROM drain_request)
"""


class DrainTimeout(HerwaError):
    """The pipeline was not drained within the timeout."""

    code = "drain_timed_out"
    status = 504


async def drain(connection: asyncpg.Connection, *, timeout_seconds: float) -> None:
    """Wait until all events that collectors and the buffer hold now are in ClickHouse.

    Raises DrainTimeout after `timeout_seconds`; its message names what is missing.
    """
    deadline = asyncio.get_running_loop().time() + timeout_seconds
    request_id = await connection.fetchval(CREATE_REQUEST_SQL)
    await _wait_until_none(
        connection,
        COUNT_PENDING_COLLECTORS_SQL,
        request_id,
        LIVENESS_TIMEOUT,
        deadline=deadline,
        missing="the bot still holds events",
    )
    txid_horizon = await connection.fetchval(CURRENT_TXID_SQL)
    await _wait_until_none(
        connection, COUNT_PENDING_EVENTS_SQL, txid_horizon, deadline=deadline, missing="events are still waiting"
    )


async def _wait_until_none(
    connection: asyncpg.Connection, query: str, *arguments: object, deadline: float, missing: str
) -> None:
    while remaining := await connection.fetchval(query, *arguments):
        if asyncio.get_running_loop().time() > deadline:
            raise DrainTimeout(f"Not all events were moved in time: {missing} ({remaining:,}). See `herwa status`.")
        await asyncio.sleep(POLL_INTERVAL_SECONDS)


async def load_latest_drain_request(connection: asyncpg.Connection) -> int:
    """Return the id of the latest drain request, 0 if there is none.

    A collector must read it before it takes the events that it flushes, and acknowledge it with `ack_drain` afterwards.
    """
    return int(await connection.fetchval("SELECT coalesce(max(id), 0) FROM drain_request"))


async def purge_drain_requests(connection: asyncpg.Connection, *, now: datetime) -> None:
    """Delete old requests except the newest, whose id collectors acknowledge again after a restart."""
    await connection.execute(PURGE_REQUESTS_SQL, now - REQUEST_RETENTION)


async def ack_drain(connection: asyncpg.Connection, *, process_id: int, request_id: int) -> None:
    """Record that a collector has stored all events that it held when it read `request_id`."""
    await connection.execute("UPDATE process SET drained = $2 WHERE id = $1", process_id, request_id)
