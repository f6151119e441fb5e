"""Transfer events from the buffer to ClickHouse exactly once, even if a process crashes.

A batch is first planned in PostgreSQL under a random token, then inserted into ClickHouse under that token, and then
acknowledged in PostgreSQL, which stores the first hours of its guilds and raises their data versions. A batch that is
still planned after a crash is sent again unchanged; ClickHouse deduplicates inserts by the token and stores it once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.first_recorded_hour import FIRST_RECORDED_HOURS_SQL
from herwa_shared.analytics.table_selection import fetch_rows
from herwa_shared.changes.data_versions import RAISE_EVERY_GUILD_SQL, RAISE_SQL
from herwa_shared.errors import format_reason

MAX_BATCH_ROWS = 200_000
# ClickHouse rejects an insert into more than 100 partitions (weeks); a batch ends before its 90th week.
MAX_BATCH_WEEKS = 90
MAX_UNKNOWN_GUILDS = 100
"""The most guilds of a batch whose first hour is read from ClickHouse. After an upgrade that of no guild is known."""

# Only rows of transactions that are older than every running transaction are planned: no further rows can appear there.
PLAN_BATCH_SQL = """
WITH waiting AS MATERIALIZED (
    SELECT txid, seq, (at_ms + 259200000) / 604800000 AS week
    FROM event_buffer
    WHERE (txid, seq) > ($1, $2) AND txid < (SELECT txid_snapshot_xmin(txid_current_snapshot()))
    ORDER BY txid, seq
    LIMIT $3
), numbered AS MATERIALIZED (
    SELECT txid, seq, week, row_number() OVER (ORDER BY txid, seq) AS n FROM waiting
), cut AS (
    SELECT min(n) AS n FROM numbered GROUP BY week ORDER BY 1 OFFSET $4 - 1 LIMIT 1
), kept AS (
    SELECT coalesce((SELECT n FROM cut), (SELECT count(*) + 1 FROM numbered)) - 1 AS n
), batch AS (
    SELECT numbered.txid, numbered.seq, numbered.n FROM numbered JOIN kept USING (n)
)
UPDATE ingest_state
SET batch = gen_random_uuid(), hi_txid = b.txid, hi_seq = b.seq, rows = b.n, planned_at = now()
FROM batch AS b
WHERE id = 0
RETURNING batch, wm_txid, wm_seq, hi_txid, hi_seq, rows
"""
# Force reading in index order, for any number of rows: without table statistics the planner sorts the table per batch.
FORCE_INDEX_ORDER_SQL = "SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off; SET LOCAL work_mem = '64MB'"
LOCK_STATE_SQL = "SELECT batch, wm_txid, wm_seq, hi_txid, hi_seq, rows FROM ingest_state WHERE id = 0 FOR UPDATE"
READ_BATCH_SQL = """
SELECT guild_id, kind, at_ms, channel_id, thread_id, user_id, reply::int, value, attachments,
    coalesce(command, ''), coalesce(command_surface, ''), coalesce(command_outcome, '')
FROM event_buffer
WHERE (txid, seq) > ($1, $2) AND (txid, seq) <= ($3, $4)
ORDER BY txid, seq
"""
ACKNOWLEDGE_BATCH_SQL = """
UPDATE ingest_state
SET wm_txid = hi_txid, wm_seq = hi_seq, moved = moved + rows, moved_at = now(),
    batch = NULL, failures = 0, last_error = NULL
WHERE id = 0 AND batch = $1
"""
# The guilds of a batch. Where the first hour of a guild is known, and the batch has an earlier one, it is replaced.
LIST_BATCH_GUILDS_SQL = """
WITH moved AS MATERIALIZED (
    SELECT guild_id, to_timestamp(min(at_ms) / 3600000 * 3600) AS hour
    FROM event_buffer
    WHERE (txid, seq) > ($1, $2) AND (txid, seq) <= ($3, $4)
    GROUP BY guild_id
), earlier AS (
    UPDATE first_recorded_hour AS known SET hour = moved.hour
    FROM moved WHERE known.guild_id = moved.guild_id AND moved.hour < known.hour
)
SELECT guild_id, known.hour IS NOT NULL AS is_known FROM moved LEFT JOIN first_recorded_hour AS known USING (guild_id)
"""
ADD_FIRST_HOURS_SQL = """
INSERT INTO first_recorded_hour (guild_id, hour)
SELECT guild_id, to_timestamp(second) FROM unnest($1::bigint[], $2::bigint[]) AS known (guild_id, second)
"""
RECORD_FAILURE_SQL = "UPDATE ingest_state SET failures = failures + 1, last_error = $1 WHERE id = 0"
RESTAMP_SQL = """
WITH restored AS MATERIALIZED (
    SELECT wm_txid, wm_seq FROM ingest_state WHERE id = 0 AND wm_txid > txid_current()
), moved AS (
    DELETE FROM event_buffer AS b USING restored AS r WHERE (b.txid, b.seq) <= (r.wm_txid, r.wm_seq)
), unmoved AS (
    UPDATE event_buffer AS b SET txid = txid_current() FROM restored AS r WHERE (b.txid, b.seq) > (r.wm_txid, r.wm_seq)
)
UPDATE ingest_state SET wm_txid = 0, wm_seq = 0, batch = NULL WHERE id = 0 AND EXISTS (SELECT FROM restored)
"""
EVENT_COLUMNS = (
    *("guild_id", "kind", "at", "channel_id", "thread_id", "user_id", "reply", "value", "attachments"),
    *("command", "command_surface", "command_outcome"),
)


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of the buffer in `(low, high]`, and the deduplication token of their insert.

    `low` and `high` are pairs (txid, seq).
    """

    token: UUID
    low: tuple[int, int]
    high: tuple[int, int]
    rows: int


async def move_batch(
    connection: asyncpg.Connection, clickhouse: AsyncClient, *, batch_rows: int = MAX_BATCH_ROWS
) -> int:
    """Move one batch to ClickHouse; return its number of rows, 0 if there are none to move.

    If the transfer fails, the failure is recorded, the exception is raised and the batch remains planned.
    """
    batch = await plan_batch(connection, batch_rows=batch_rows)
    if batch is None:
        return 0
    try:
        await transfer_batch(connection, clickhouse, batch)
    except Exception as error:
        await connection.execute(RECORD_FAILURE_SQL, format_reason(error))
        raise
    async with connection.transaction():
        await connection.execute(RAISE_SQL, await _acknowledge_batch(connection, clickhouse, batch))
    return batch.rows


async def finish_planned_batch(connection: asyncpg.Connection, clickhouse: AsyncClient) -> set[int]:
    """Move the planned batch, if there is one, and plan no other until the end of the current transaction.

    Until then no mover can plan one. A mover that is moving the same batch does no harm: its insert has the same token.
    Returns the guilds of the batch, whose data versions the caller raises at the end of the transaction: that locks
    them until the commit.
    """
    ingest_state = await connection.fetchrow(LOCK_STATE_SQL)
    assert ingest_state is not None
    if ingest_state["batch"] is None:
        return set()
    batch = _read_batch(ingest_state)
    await transfer_batch(connection, clickhouse, batch)
    return set(await _acknowledge_batch(connection, clickhouse, batch))


async def _acknowledge_batch(connection: asyncpg.Connection, clickhouse: AsyncClient, batch: Batch) -> list[int]:
    """Acknowledge a batch; return the ids of its guilds, none if another mover has acknowledged it.

    Its rows cannot be truncated before the commit, and no other batch can be planned: ClickHouse has all events up to
    this batch, and none after it, when first hours are read there.
    """
    if await connection.execute(ACKNOWLEDGE_BATCH_SQL, batch.token) == "UPDATE 0":
        return []
    await connection.execute(FORCE_INDEX_ORDER_SQL)
    guilds = await connection.fetch(LIST_BATCH_GUILDS_SQL, *batch.low, *batch.high)
    unknown_ids = [guild["guild_id"] for guild in guilds if not guild["is_known"]][:MAX_UNKNOWN_GUILDS]
    if unknown_ids:
        hours = await fetch_rows(clickhouse, FIRST_RECORDED_HOURS_SQL, {"guilds": unknown_ids})
        await connection.execute(ADD_FIRST_HOURS_SQL, [row[0] for row in hours], [row[1] for row in hours])
    return [guild["guild_id"] for guild in guilds]


async def plan_batch(connection: asyncpg.Connection, *, batch_rows: int = MAX_BATCH_ROWS) -> Batch | None:
    """Return the planned batch, else plan a new one; None if the buffer has no rows to move.

    The plan is committed before any row is sent.
    """
    async with connection.transaction():
        await connection.execute(FORCE_INDEX_ORDER_SQL)
        ingest_state = await connection.fetchrow(LOCK_STATE_SQL)
        assert ingest_state is not None
        if ingest_state["batch"] is None:
            ingest_state = await connection.fetchrow(
                PLAN_BATCH_SQL, ingest_state["wm_txid"], ingest_state["wm_seq"], batch_rows, MAX_BATCH_WEEKS
            )
    return None if ingest_state is None else _read_batch(ingest_state)


def _read_batch(ingest_state: asyncpg.Record) -> Batch:
    low, high = (ingest_state["wm_txid"], ingest_state["wm_seq"]), (ingest_state["hi_txid"], ingest_state["hi_seq"])
    return Batch(UUID(str(ingest_state["batch"])), low, high, ingest_state["rows"])


async def transfer_batch(connection: asyncpg.Connection, clickhouse: AsyncClient, batch: Batch) -> None:
    """Stream the batch from PostgreSQL to ClickHouse without parsing it.

    Raises if either side fails or the number of rows differs from the plan.
    """
    await clickhouse.raw_insert(
        "activity_events",
        column_names=EVENT_COLUMNS,
        insert_block=_stream_rows(connection, batch),
        fmt="TabSeparated",
        settings={
            "insert_deduplication_token": str(batch.token),
            "deduplicate_blocks_in_dependent_materialized_views": 1,
            "async_insert": 0,
            "wait_end_of_query": 1,
        },
    )


async def _stream_rows(connection: asyncpg.Connection, batch: Batch) -> AsyncIterator[bytes]:
    """Yield the batch as COPY writes it (tab-separated).

    An error in here aborts the request body, and ClickHouse then inserts nothing.
    """
    chunks: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=16)

    async def copy_rows() -> str:
        try:
            async with connection.transaction():
                await connection.execute(FORCE_INDEX_ORDER_SQL)
                return str(await connection.copy_from_query(READ_BATCH_SQL, *batch.low, *batch.high, output=chunks.put))
        finally:
            await chunks.put(None)

    read_task = asyncio.create_task(copy_rows())
    try:
        while (chunk := await chunks.get()) is not None:
            yield chunk
        status = await read_task
        if status != f"COPY {batch.rows}":
            message = f"the buffer returned {status!r} for a batch of {batch.rows} rows"
            raise RuntimeError(message)
    finally:
        read_task.cancel()
        with suppress(asyncio.CancelledError):
            await read_task


async def restamp_after_restore(connection: asyncpg.Connection) -> None:
    """Make unmoved rows movable again after a restore into a new PostgreSQL cluster.

    Transaction ids restart there at low values, so that the stored watermark would lie above all of them. Does nothing
    if the watermark is not ahead of the current transaction id.
    """
    if await connection.execute(RESTAMP_SQL) != "UPDATE 0":
        await connection.execute(RAISE_EVERY_GUILD_SQL)
