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

BATCH_ROWS = 200_000
PARTITIONS = 90  # ClickHouse refuses an insert that touches more than 100; a batch ends before its 90th week

# Rows of transactions older than every running one can neither change nor grow in number: only those are planned.
PLAN = """
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
IN_ORDER = "SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off; SET LOCAL work_mem = '64MB'"
PENDING = "SELECT batch, wm_txid, wm_seq, hi_txid, hi_seq, rows FROM ingest_state WHERE id = 0 FOR UPDATE"
READ = """
SELECT guild_id, kind, at_ms, channel_id, thread_id, user_id, reply::int, value, attachments
FROM event_buffer
WHERE (txid, seq) > ($1, $2) AND (txid, seq) <= ($3, $4)
ORDER BY txid, seq
"""
ACKNOWLEDGE = """
UPDATE ingest_state
SET wm_txid = hi_txid, wm_seq = hi_seq, moved = moved + rows, moved_at = now(),
    batch = NULL, failures = 0, last_error = NULL
WHERE id = 0 AND batch = $1
"""
FAILED = "UPDATE ingest_state SET failures = failures + 1, last_error = $1 WHERE id = 0"
RESTAMP = """
WITH restored AS (
    UPDATE ingest_state SET wm_txid = 0, wm_seq = 0, batch = NULL WHERE id = 0 AND wm_txid > txid_current() RETURNING 1
)
UPDATE event_buffer SET txid = txid_current() WHERE EXISTS (SELECT FROM restored)
"""
COLUMNS = ("guild_id", "kind", "at", "channel_id", "thread_id", "user_id", "reply", "value", "attachments")


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of the buffer after `low` up to and with `high`, each a (txid, seq), under one token."""

    token: UUID
    low: tuple[int, int]
    high: tuple[int, int]
    rows: int


async def move_once(connection: asyncpg.Connection, clickhouse: AsyncClient, *, batch_rows: int = BATCH_ROWS) -> int:
    """Move one batch and return its rows, 0 when nothing waits. When this raises, the batch stays planned."""
    batch = await plan(connection, batch_rows=batch_rows)
    if batch is None:
        return 0
    try:
        await transfer(connection, clickhouse, batch)
    except Exception as error:
        await connection.execute(FAILED, str(error)[:2000])
        raise
    await connection.execute(ACKNOWLEDGE, batch.token)
    return batch.rows


async def plan(connection: asyncpg.Connection, *, batch_rows: int = BATCH_ROWS) -> Batch | None:
    """The batch that is on its way, else a new one, durable before anything is sent; None when nothing waits."""
    async with connection.transaction():
        await connection.execute(IN_ORDER)
        state = await connection.fetchrow(PENDING)
        assert state is not None
        if state["batch"] is None:
            state = await connection.fetchrow(PLAN, state["wm_txid"], state["wm_seq"], batch_rows, PARTITIONS)
    if state is None:
        return None
    low, high = (state["wm_txid"], state["wm_seq"]), (state["hi_txid"], state["hi_seq"])
    return Batch(UUID(str(state["batch"])), low, high, state["rows"])


async def transfer(connection: asyncpg.Connection, clickhouse: AsyncClient, batch: Batch) -> None:
    """Pipe the batch from PostgreSQL into ClickHouse unparsed. Raises when either side fails or a row is missing."""
    await clickhouse.raw_insert(
        "activity_events",
        column_names=COLUMNS,
        insert_block=_rows(connection, batch),
        fmt="TabSeparated",
        settings={
            "insert_deduplication_token": str(batch.token),
            "deduplicate_blocks_in_dependent_materialized_views": 1,
            "async_insert": 0,
            "wait_end_of_query": 1,
        },
    )


async def _rows(connection: asyncpg.Connection, batch: Batch) -> AsyncIterator[bytes]:
    """The batch as COPY writes it. An error in here breaks the body off, which ClickHouse takes as no insert at all."""
    chunks: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=16)

    async def read() -> str:
        try:
            async with connection.transaction():
                await connection.execute(IN_ORDER)
                return str(await connection.copy_from_query(READ, *batch.low, *batch.high, output=chunks.put))
        finally:
            await chunks.put(None)

    reading = asyncio.create_task(read())
    try:
        while (chunk := await chunks.get()) is not None:
            yield chunk
        status = await reading
        if status != f"COPY {batch.rows}":
            message = f"the buffer gave {status!r} for a batch of {batch.rows} rows"
            raise RuntimeError(message)
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


async def restamp_after_restore(connection: asyncpg.Connection) -> None:
    """After a restore into a new cluster transaction ids begin anew: make what waits movable again."""
    await connection.execute(RESTAMP)
