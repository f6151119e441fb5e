"""Move events from the buffer to ClickHouse, each exactly once, whatever dies in between.

A batch is planned in PostgreSQL under a random token before ClickHouse sees any of it, sent under that token, and
acknowledged. A batch that is found planned is sent again as it was: ClickHouse knows the token and stores it once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient

MAX_BATCH_ROWS = 200_000
MAX_BATCH_WEEKS = 90  # ClickHouse refuses an insert that touches more than 100; a batch ends before its 90th week

# Rows of transactions older than every running one can neither change nor grow in number: only those are planned.
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
# Rows come in the order of the index, however many wait: a table without statistics would be sorted for every batch.
FORCE_INDEX_ORDER_SQL = "SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off; SET LOCAL work_mem = '64MB'"
LOCK_STATE_SQL = "SELECT batch, wm_txid, wm_seq, hi_txid, hi_seq, rows FROM ingest_state WHERE id = 0 FOR UPDATE"
READ_BATCH_SQL = """
SELECT guild_id, kind, at_ms, channel_id, thread_id, user_id, reply::int, value, attachments
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
RECORD_FAILURE_SQL = "UPDATE ingest_state SET failures = failures + 1, last_error = $1 WHERE id = 0"
RESTAMP_SQL = """
WITH restored AS (
    UPDATE ingest_state SET wm_txid = 0, wm_seq = 0, batch = NULL WHERE id = 0 AND wm_txid > txid_current() RETURNING 1
)
UPDATE event_buffer SET txid = txid_current() WHERE EXISTS (SELECT FROM restored)
"""
EVENT_COLUMNS = ("guild_id", "kind", "at", "channel_id", "thread_id", "user_id", "reply", "value", "attachments")


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of the buffer after `low` up to and with `high`, each a (txid, seq), under one token."""

    token: UUID
    low: tuple[int, int]
    high: tuple[int, int]
    rows: int


async def move_batch(
    connection: asyncpg.Connection, clickhouse: AsyncClient, *, batch_rows: int = MAX_BATCH_ROWS
) -> int:
    """Move one batch and return its rows, 0 when nothing waits. When this raises, the batch stays planned."""
    batch = await plan_batch(connection, batch_rows=batch_rows)
    if batch is None:
        return 0
    try:
        await transfer_batch(connection, clickhouse, batch)
    except Exception as error:
        await connection.execute(RECORD_FAILURE_SQL, str(error)[:2000])
        raise
    await connection.execute(ACKNOWLEDGE_BATCH_SQL, batch.token)
    return batch.rows


async def plan_batch(connection: asyncpg.Connection, *, batch_rows: int = MAX_BATCH_ROWS) -> Batch | None:
    """The batch that is on its way, else a new one, durable before anything is sent; None when nothing waits."""
    async with connection.transaction():
        await connection.execute(FORCE_INDEX_ORDER_SQL)
        ingest_state = await connection.fetchrow(LOCK_STATE_SQL)
        assert ingest_state is not None
        if ingest_state["batch"] is None:
            ingest_state = await connection.fetchrow(
                PLAN_BATCH_SQL, ingest_state["wm_txid"], ingest_state["wm_seq"], batch_rows, MAX_BATCH_WEEKS
            )
    if ingest_state is None:
        return None
    low, high = (ingest_state["wm_txid"], ingest_state["wm_seq"]), (ingest_state["hi_txid"], ingest_state["hi_seq"])
    return Batch(UUID(str(ingest_state["batch"])), low, high, ingest_state["rows"])


async def transfer_batch(connection: asyncpg.Connection, clickhouse: AsyncClient, batch: Batch) -> None:
    """Pipe the batch from PostgreSQL into ClickHouse unparsed. Raises when either side fails or a row is missing."""
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
    """The batch as COPY writes it. An error in here breaks the body off, which ClickHouse takes as no insert at all."""
    chunks: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=16)

    async def read() -> str:
        try:
            async with connection.transaction():
                await connection.execute(FORCE_INDEX_ORDER_SQL)
                return str(await connection.copy_from_query(READ_BATCH_SQL, *batch.low, *batch.high, output=chunks.put))
        finally:
            await chunks.put(None)

    read_task = asyncio.create_task(read())
    try:
        while (chunk := await chunks.get()) is not None:
            yield chunk
        status = await read_task
        if status != f"COPY {batch.rows}":
            message = f"the buffer gave {status!r} for a batch of {batch.rows} rows"
            raise RuntimeError(message)
    finally:
        read_task.cancel()
        with suppress(asyncio.CancelledError):
            await read_task


async def restamp_after_restore(connection: asyncpg.Connection) -> None:
    """After a restore into a new cluster transaction ids begin anew: make what waits movable again."""
    await connection.execute(RESTAMP_SQL)
