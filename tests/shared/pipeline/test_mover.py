"""What was put into the buffer is in ClickHouse once, whatever failed in between."""

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.buffer import SLOTS, append, trim
from herwa_shared.pipeline.events import EventKind
from herwa_shared.pipeline.mover import PARTITIONS, move_once, plan, transfer
from herwa_shared.pipeline.status import pipeline_state
from tests.events import message, snowflake

HOURLY = "SELECT kind, sum(events) FROM activity_hourly WHERE guild_id = {guild:UInt64} GROUP BY kind ORDER BY kind"
RAW = "SELECT count() FROM activity_events WHERE guild_id = {guild:UInt64}"
DAY = 86_400_000


@pytest.fixture
async def connection(stores):
    """A connection to a buffer that other tests have left nothing in, and that is left empty."""
    async with stores.database.raw() as connection:
        await move_all(connection, stores)
        yield connection
        await move_all(connection, stores)


async def move_all(connection, stores) -> None:
    while await move_once(connection, stores.clickhouse):
        pass


def history(guild_id: int, count: int, *, step_ms: int = 1000) -> list:
    start = int(utc_now().timestamp() * 1000) - count * step_ms
    return [message(guild_id, snowflake(start + i * step_ms), user=i % 9, since_ms=start) for i in range(count)]


async def hourly(stores, guild_id: int) -> dict[str, int]:
    result = await stores.clickhouse.query(HOURLY, parameters={"guild": guild_id})
    return dict(result.result_rows)


async def raw(stores, guild_id: int) -> int:
    return (await stores.clickhouse.query(RAW, parameters={"guild": guild_id})).result_rows[0][0]


async def test_every_field_arrives_as_it_was(stores, connection, guild_id):
    now = int(utc_now().timestamp() * 1000)
    event = message(guild_id, snowflake(now), channel=5, thread=6, user=2**63 - 1)
    await append(
        connection,
        [
            event._replace(reply=True, value=140, attachments=2),
            event._replace(kind=EventKind.MESSAGE_EDIT, message_id=0),
        ],
    )
    assert await move_once(connection, stores.clickhouse) == 2
    rows = await stores.clickhouse.query(
        "SELECT kind, toUnixTimestamp64Milli(at), channel_id, thread_id, user_id, reply, value, attachments"
        " FROM activity_events WHERE guild_id = {guild:UInt64} ORDER BY kind",
        parameters={"guild": guild_id},
    )
    assert rows.result_rows == [
        ("message", now, 5, 6, 2**63 - 1, True, 140, 2),
        ("message_edit", now, 5, 6, 2**63 - 1, False, None, None),
    ]


async def test_a_batch_sent_twice_is_stored_once(stores, connection, guild_id):
    await append(connection, history(guild_id, 500))
    batch = await plan(connection)
    await transfer(connection, stores.clickhouse, batch)
    assert await plan(connection) == batch, "not acknowledged, so it is still the batch on its way"
    assert await move_once(connection, stores.clickhouse) == 500
    assert await raw(stores, guild_id) == 500
    assert await hourly(stores, guild_id) == {"message": 500}


async def test_two_batches_of_equal_events_are_both_stored(stores, connection, guild_id):
    """Equal rows are not duplicates: two deletions in the same millisecond look alike."""
    event = history(guild_id, 1)[0]._replace(kind=EventKind.MESSAGE_DELETE, message_id=0)
    for _ in range(2):
        await append(connection, [event])
        assert await move_once(connection, stores.clickhouse) == 1
    assert await hourly(stores, guild_id) == {"message_delete": 2}


async def test_an_insert_that_fails_in_the_engine_leaves_its_batch_pending_and_loud(stores, connection, guild_id):
    await append(connection, history(guild_id, 30))
    await stores.clickhouse.command(
        "CREATE MATERIALIZED VIEW broken ENGINE = MergeTree ORDER BY x AS"
        " SELECT throwIf(guild_id > 0, 'no room') AS x FROM activity_events"
    )
    try:
        for _ in range(2):
            with pytest.raises(Exception, match="no room"):
                await move_once(connection, stores.clickhouse)
        state = await pipeline_state(connection)
        assert (state.pending_rows, state.buffer_rows, state.failures) == (30, 30, 2)
        assert "no room" in (state.last_error or "")
    finally:
        await stores.clickhouse.command("DROP TABLE broken")
    assert await move_once(connection, stores.clickhouse) == 30
    assert await hourly(stores, guild_id) == {"message": 30}
    state = await pipeline_state(connection)
    assert (state.pending_rows, state.buffer_rows, state.failures, state.last_error) == (0, 0, 0, None)


async def test_five_years_of_backlog_move_in_batches_that_clickhouse_takes(stores, connection, guild_id):
    events = history(guild_id, 5 * 366, step_ms=DAY)
    await append(connection, events[::2] + events[1::2])
    moved = []
    while rows := await move_once(connection, stores.clickhouse):
        moved.append(rows)
    assert sum(moved) == len(events)
    assert len(moved) > 1, f"one insert would have touched more than {PARTITIONS} weeks"
    assert await hourly(stores, guild_id) == {"message": len(events)}


async def test_a_batch_that_lost_rows_is_not_sent_at_all(stores, connection, guild_id):
    await append(connection, history(guild_id, 50))
    batch = await plan(connection)
    broken = type(batch)(batch.token, batch.low, batch.high, batch.rows + 1)
    with pytest.raises(Exception, match="for a batch of 51 rows"):
        await transfer(connection, stores.clickhouse, broken)
    assert await raw(stores, guild_id) == 0
    assert await move_once(connection, stores.clickhouse) == 50


async def test_events_of_a_transaction_that_commits_late_are_not_passed_over(stores, connection, guild_id):
    first, second = history(guild_id, 2)
    async with stores.database.raw() as slow, slow.transaction():
        await slow.execute("SELECT txid_current()")
        await append(connection, [first])
        assert await move_once(connection, stores.clickhouse) == 0, "an older transaction is still writing"
        await slow.execute("UPDATE ingest_state SET moved = moved WHERE id = 1")
    assert await move_once(connection, stores.clickhouse) == 1
    await append(connection, [second])
    assert await move_once(connection, stores.clickhouse) == 1
    assert await raw(stores, guild_id) == 2


async def test_trim_empties_old_slots_that_are_moved_and_no_others(stores, connection, guild_id):
    await append(connection, history(guild_id, 10))
    slot = await connection.fetchval("SELECT slot FROM event_buffer WHERE guild_id = $1 LIMIT 1", guild_id)
    old = (slot + SLOTS // 2) % SLOTS
    await connection.execute("UPDATE event_buffer SET slot = $2 WHERE guild_id = $1", guild_id, old)
    assert old not in await trim(connection), "its events still wait"
    await move_all(connection, stores)
    assert old in await trim(connection)
    assert await raw(stores, guild_id) == 10
