"""Rows per second of the mover, from the buffer in PostgreSQL to ClickHouse, including its materialized views.

Floor: a bare insert of the same batches, already in memory, into the same tables of the same ClickHouse, alternating
with the mover. Goal: at least 0.3 times the rate of the floor.
"""

import asyncio
import random
import time
from collections.abc import Iterator

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient

from benchmarks.environment import open_environment
from benchmarks.report import print_progress, print_result
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.clock import utc_now
from herwa_shared.migrate import migrate
from herwa_shared.pipeline.buffer import copy_events
from herwa_shared.pipeline.events import ActivityEvent, EventKind
from herwa_shared.pipeline.mover import EVENT_COLUMNS, MAX_BATCH_ROWS, READ_BATCH_SQL, move_batch, plan_batch

BATCH_COUNT = 5
MIN_INSERT_RATIO = 0.3


def main() -> None:
    """Run the benchmark and print its result."""
    with open_environment() as env:
        urls = env.lease.urls
        asyncio.run(migrate(urls))
        mover_seconds, insert_seconds = asyncio.run(measure(urls.database, urls.clickhouse_writer))
    rows = BATCH_COUNT * MAX_BATCH_ROWS
    print_progress(f"mover {rows / mover_seconds:,.0f} rows/s, bare insert {rows / insert_seconds:,.0f} rows/s")
    print_result("mover", value=insert_seconds / mover_seconds, goal=MIN_INSERT_RATIO)


async def measure(database_url: str, clickhouse_url: str) -> tuple[float, float]:
    """Return the seconds for all batches: those of the mover and those of the bare inserts."""
    connection = await asyncpg.connect(database_url)
    mover_seconds = insert_seconds = 0.0
    async with open_clickhouse(clickhouse_url) as clickhouse:
        for batch_number in range(-1, BATCH_COUNT):  # the batch with number -1 is a warm-up
            await fill_buffer(connection, seed=batch_number)
            body = await read_next_batch(connection)
            started_at = time.perf_counter()
            assert await move_batch(connection, clickhouse) == MAX_BATCH_ROWS
            moved_at = time.perf_counter()
            await insert(clickhouse, body)
            inserted_at = time.perf_counter()
            if batch_number >= 0:
                mover_seconds += moved_at - started_at
                insert_seconds += inserted_at - moved_at
                print_progress(
                    f"batch {batch_number + 1}: mover {moved_at - started_at:.2f} s, "
                    f"bare insert {inserted_at - moved_at:.2f} s"
                )
    await connection.close()
    return mover_seconds, insert_seconds


async def fill_buffer(connection: asyncpg.Connection, *, seed: int) -> None:
    """Fill the buffer with one batch of generated events."""
    await copy_events(connection, list(generate_events(seed)))


def generate_events(seed: int) -> Iterator[ActivityEvent]:
    """Generate messages of the last ten days in 500 guilds; guilds, channels and members are Pareto-distributed."""
    rng = random.Random(seed)
    now_ms = int(utc_now().timestamp() * 1000)
    for _ in range(MAX_BATCH_ROWS):
        guild = int(rng.paretovariate(0.8)) % 500
        channel, user = guild * 1000 + int(rng.paretovariate(1)) % 25, int(rng.paretovariate(0.7)) % 5000
        at_ms = now_ms - rng.randrange(10 * 86_400_000)
        yield ActivityEvent(
            guild_id=guild << 40,
            kind=EventKind.MESSAGE,
            at_ms=at_ms,
            channel_id=channel << 30,
            thread_id=0,
            user_id=user << 30,
            reply=False,
            value=None,
            attachments=None,
            message_id=0,
            live_since_ms=0,
        )


async def read_next_batch(connection: asyncpg.Connection) -> bytes:
    """Read the next batch in the format in which the mover will send it, without moving it."""
    async with connection.transaction():
        batch = await plan_batch(connection)
        assert batch is not None
        parts: list[bytes] = []

        async def collect(part: bytes) -> None:
            parts.append(part)

        await connection.copy_from_query(READ_BATCH_SQL, *batch.low, *batch.high, output=collect)
        # The plan is undone, because planning the batch is part of what is measured.
        await connection.execute("UPDATE ingest_state SET batch = NULL WHERE id = 0")
    return b"".join(parts)


async def insert(clickhouse: AsyncClient, body: bytes) -> None:
    """Insert the rows of the batch and do nothing else; this is the floor."""
    settings = {"async_insert": 0, "wait_end_of_query": 1}
    await clickhouse.raw_insert(
        "activity_events", column_names=EVENT_COLUMNS, insert_block=body, fmt="TabSeparated", settings=settings
    )


if __name__ == "__main__":
    main()
