"""Rows a second of the mover, from the buffer in PostgreSQL to ClickHouse, views included.

Floor: a bare insert of the same batches, ready in memory, into the same tables of the same ClickHouse, in turns with
the mover. Goal: at least 0.3 times the floor.
"""

import asyncio
import random
import time
from collections.abc import Iterator

import asyncpg
from clickhouse_connect.driver.asyncclient import AsyncClient

from benchmarks.report import remark, result
from benchmarks.stage import stage
from herwa_shared.clickhouse.client import open_clickhouse
from herwa_shared.clock import utc_now
from herwa_shared.migrate import migrate
from herwa_shared.pipeline.events import BUFFER_COLUMNS, EventKind
from herwa_shared.pipeline.mover import BATCH_ROWS, COLUMNS, READ, move_once, plan

BATCHES = 5
GOAL = 0.3


def main() -> None:
    """Measure and print."""
    with stage() as here:
        urls = here.lease.urls
        asyncio.run(migrate(database_url=urls.database, clickhouse_url=urls.clickhouse))
        moving, inserting = asyncio.run(measure(urls.database, urls.clickhouse))
    rows = BATCHES * BATCH_ROWS
    remark(f"mover {rows / moving:,.0f} rows/s, bare insert {rows / inserting:,.0f} rows/s")
    result("mover", value=inserting / moving, goal=GOAL)


async def measure(database_url: str, clickhouse_url: str) -> tuple[float, float]:
    """Seconds for all batches: the mover's, and the bare inserts'."""
    connection = await asyncpg.connect(database_url)
    moving = inserting = 0.0
    async with open_clickhouse(clickhouse_url) as clickhouse:
        for number in range(-1, BATCHES):  # the first is to warm up
            await fill(connection, seed=number)
            body = await body_of_the_next_batch(connection)
            began = time.perf_counter()
            assert await move_once(connection, clickhouse) == BATCH_ROWS
            moved = time.perf_counter()
            await insert(clickhouse, body)
            inserted = time.perf_counter()
            if number >= 0:
                moving += moved - began
                inserting += inserted - moved
                remark(f"batch {number + 1}: mover {moved - began:.2f} s, bare insert {inserted - moved:.2f} s")
    await connection.close()
    return moving, inserting


async def fill(connection: asyncpg.Connection, *, seed: int) -> None:
    """One batch of events into the buffer: some hundred guilds, loud and quiet members, the last days."""
    await connection.copy_records_to_table("event_buffer", records=events(seed), columns=BUFFER_COLUMNS)


def events(seed: int) -> Iterator[tuple[object, ...]]:
    chance = random.Random(seed)
    now_ms = int(utc_now().timestamp() * 1000)
    for _ in range(BATCH_ROWS):
        guild = int(chance.paretovariate(0.8)) % 500
        channel, user = guild * 1000 + int(chance.paretovariate(1)) % 25, int(chance.paretovariate(0.7)) % 5000
        at_ms = now_ms - chance.randrange(10 * 86_400_000)
        yield guild << 40, EventKind.MESSAGE.value, at_ms, channel << 30, 0, user << 30, False, None, None


async def body_of_the_next_batch(connection: asyncpg.Connection) -> bytes:
    """The rows that the mover will send next, as it will send them."""
    async with connection.transaction():
        batch = await plan(connection)
        assert batch is not None
        parts: list[bytes] = []

        async def keep(part: bytes) -> None:
            parts.append(part)

        await connection.copy_from_query(READ, *batch.low, *batch.high, output=keep)
        # Planned only to look: the mover plans it again, as part of what is measured.
        await connection.execute("UPDATE ingest_state SET batch = NULL WHERE id = 0")
    return b"".join(parts)


async def insert(clickhouse: AsyncClient, body: bytes) -> None:
    """The floor: the same rows, nothing else."""
    settings = {"async_insert": 0, "wait_end_of_query": 1}
    await clickhouse.raw_insert(
        "activity_events", column_names=COLUMNS, insert_block=body, fmt="TabSeparated", settings=settings
    )


if __name__ == "__main__":
    main()
