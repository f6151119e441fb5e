"""The mover: every buffered event reaches ClickHouse exactly once, also after failures and retries."""

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.buffer import SLOT_COUNT, append_events, truncate_moved_slots
from herwa_shared.pipeline.events import EventKind
from herwa_shared.pipeline.mover import (
    MAX_BATCH_WEEKS,
    move_batch,
    plan_batch,
    restamp_after_restore,
    transfer_batch,
)
from herwa_shared.pipeline.status import load_pipeline_status
from tests.support.event_factories import build_message_event, build_snowflake

HOURLY_COUNTS_SQL = (
    "SELECT kind, sum(events) FROM activity_hourly WHERE guild_id = {guild:UInt64} GROUP BY kind ORDER BY kind"
)
RAW_COUNT_SQL = "SELECT count() FROM activity_events WHERE guild_id = {guild:UInt64}"
DAY_MS = 86_400_000


@pytest.fixture
async def connection(stores):
    """A connection to PostgreSQL; the buffer is emptied before and after the test."""
    async with stores.database.acquire_connection() as connection:
        await move_all(connection, stores)
        yield connection
        await move_all(connection, stores)


async def move_all(connection, stores) -> None:
    while await move_batch(connection, stores.clickhouse_writer):
        pass


def build_history(guild_id: int, count: int, *, step_ms: int = 1000) -> list:
    start_ms = int(utc_now().timestamp() * 1000) - count * step_ms
    return [
        build_message_event(guild_id, build_snowflake(start_ms + index * step_ms), user=index % 9, since_ms=start_ms)
        for index in range(count)
    ]


async def count_hourly(stores, guild_id: int) -> dict[str, int]:
    result = await stores.clickhouse.query(HOURLY_COUNTS_SQL, parameters={"guild": guild_id})
    return dict(result.result_rows)


async def count_raw(stores, guild_id: int) -> int:
    return (await stores.clickhouse.query(RAW_COUNT_SQL, parameters={"guild": guild_id})).result_rows[0][0]


async def test_every_field_is_moved_unchanged(stores, connection, guild_id):
    now = int(utc_now().timestamp() * 1000)
    event = build_message_event(guild_id, build_snowflake(now), channel=5, thread=6, user=2**63 - 1)
    await append_events(
        connection,
        [
            event._replace(reply=True, value=140, attachments=2),
            event._replace(kind=EventKind.MESSAGE_EDIT, message_id=0),
        ],
    )
    assert await move_batch(connection, stores.clickhouse_writer) == 2
    result = await stores.clickhouse.query(
        "SELECT kind, toUnixTimestamp64Milli(at), channel_id, thread_id, user_id, reply, value, attachments"
        " FROM activity_events WHERE guild_id = {guild:UInt64} ORDER BY kind",
        parameters={"guild": guild_id},
    )
    assert result.result_rows == [
        ("message", now, 5, 6, 2**63 - 1, True, 140, 2),
        ("message_edit", now, 5, 6, 2**63 - 1, False, None, None),
    ]


async def test_batch_sent_twice_is_stored_once(stores, connection, guild_id):
    await append_events(connection, build_history(guild_id, 500))
    batch = await plan_batch(connection)
    await transfer_batch(connection, stores.clickhouse_writer, batch)
    assert await plan_batch(connection) == batch, "a batch without acknowledgement must stay pending"
    assert await move_batch(connection, stores.clickhouse_writer) == 500
    assert await count_raw(stores, guild_id) == 500
    assert await count_hourly(stores, guild_id) == {"message": 500}


async def test_two_batches_with_equal_events_are_both_stored(stores, connection, guild_id):
    """Equal rows are not duplicates: two deletions in the same millisecond look alike."""
    event = build_history(guild_id, 1)[0]._replace(kind=EventKind.MESSAGE_DELETE, message_id=0)
    for _ in range(2):
        await append_events(connection, [event])
        assert await move_batch(connection, stores.clickhouse_writer) == 1
    assert await count_hourly(stores, guild_id) == {"message_delete": 2}


async def test_failed_insert_keeps_the_batch_pending_and_is_reported(stores, connection, guild_id):
    await append_events(connection, build_history(guild_id, 30))
    await stores.clickhouse_writer.command(
        "CREATE MATERIALIZED VIEW broken ENGINE = MergeTree ORDER BY x AS"
        " SELECT throwIf(guild_id > 0, 'disk full') AS x FROM activity_events"
    )
    try:
        for _ in range(2):
            with pytest.raises(Exception, match="disk full"):
                await move_batch(connection, stores.clickhouse_writer)
        status = await load_pipeline_status(connection)
        assert (status.pending_rows, status.buffer_rows, status.failures) == (30, 30, 2)
        assert "disk full" in (status.last_error or "")
    finally:
        await stores.clickhouse_writer.command("DROP TABLE broken")
    assert await move_batch(connection, stores.clickhouse_writer) == 30
    assert await count_hourly(stores, guild_id) == {"message": 30}
    status = await load_pipeline_status(connection)
    assert (status.pending_rows, status.buffer_rows, status.failures, status.last_error) == (0, 0, 0, None)


@pytest.mark.slow
async def test_backlog_of_five_years_is_split_into_batches_by_week(stores, connection, guild_id):
    events = build_history(guild_id, 5 * 366, step_ms=DAY_MS)
    await append_events(connection, events[::2] + events[1::2])
    batch_sizes = []
    while row_count := await move_batch(connection, stores.clickhouse_writer):
        batch_sizes.append(row_count)
    assert sum(batch_sizes) == len(events)
    assert len(batch_sizes) > 1, f"one insert would have touched more than {MAX_BATCH_WEEKS} weeks"
    assert await count_hourly(stores, guild_id) == {"message": len(events)}


async def test_batch_with_missing_rows_is_not_sent(stores, connection, guild_id):
    await append_events(connection, build_history(guild_id, 50))
    batch = await plan_batch(connection)
    invalid_batch = type(batch)(batch.token, batch.low, batch.high, batch.rows + 1)
    with pytest.raises(Exception, match="for a batch of 51 rows"):
        await transfer_batch(connection, stores.clickhouse_writer, invalid_batch)
    assert await count_raw(stores, guild_id) == 0
    assert await move_batch(connection, stores.clickhouse_writer) == 50


async def test_events_of_a_late_commit_are_moved(stores, connection, guild_id):
    first, second = build_history(guild_id, 2)
    async with stores.database.acquire_connection() as slow_connection, slow_connection.transaction():
        await slow_connection.execute("SELECT txid_current()")
        await append_events(connection, [first])
        assert await move_batch(connection, stores.clickhouse_writer) == 0, "an older transaction is still writing"
        await slow_connection.execute("UPDATE ingest_state SET moved = moved WHERE id = 1")
    assert await move_batch(connection, stores.clickhouse_writer) == 1
    await append_events(connection, [second])
    assert await move_batch(connection, stores.clickhouse_writer) == 1
    assert await count_raw(stores, guild_id) == 2


async def test_only_moved_old_slots_are_truncated(stores, connection, guild_id):
    await append_events(connection, build_history(guild_id, 10))
    slot = await connection.fetchval("SELECT slot FROM event_buffer WHERE guild_id = $1 LIMIT 1", guild_id)
    old_slot = (slot + SLOT_COUNT // 2) % SLOT_COUNT
    await connection.execute("UPDATE event_buffer SET slot = $2 WHERE guild_id = $1", guild_id, old_slot)
    assert old_slot not in await truncate_moved_slots(connection), "a slot with events that are not moved must be kept"
    await move_all(connection, stores)
    assert old_slot in await truncate_moved_slots(connection)
    assert await count_raw(stores, guild_id) == 10


async def test_restore_into_a_new_cluster_moves_only_what_was_not_moved(stores, connection, guild_id):
    """There, transaction ids are lower than those of the restored rows."""
    history = build_history(guild_id, 30)
    await append_events(connection, history[:20])
    assert await move_batch(connection, stores.clickhouse_writer) == 20
    await append_events(connection, history[20:])
    await connection.execute("UPDATE event_buffer SET txid = txid + 1000000000")
    await connection.execute("UPDATE ingest_state SET wm_txid = wm_txid + 1000000000")
    assert await move_batch(connection, stores.clickhouse_writer) == 0

    await restamp_after_restore(connection)
    await restamp_after_restore(connection)
    assert await move_batch(connection, stores.clickhouse_writer) == 10
    assert await count_raw(stores, guild_id) == 30
