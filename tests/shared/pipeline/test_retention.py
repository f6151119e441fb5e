"""Retention: raw rows are deleted after three months, hourly rows are kept."""

from datetime import timedelta

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.buffer import append_events
from herwa_shared.pipeline.mover import move_batch
from tests.support.event_factories import build_message_event, build_snowflake

RAW_COUNT_SQL = "SELECT count() FROM activity_events WHERE guild_id = {guild:UInt64}"
HOURLY_SUM_SQL = "SELECT sum(events) FROM activity_hourly WHERE guild_id = {guild:UInt64}"


async def test_old_raw_rows_are_deleted_and_hourly_rows_are_kept(stores, guild_id):
    now = utc_now()
    times = [now - timedelta(days=days) for days in (1, 80, 110, 400, 2000)]
    events = [build_message_event(guild_id, build_snowflake(int(time.timestamp() * 1000))) for time in times]
    async with stores.database.acquire_connection() as connection:
        await append_events(connection, events)
        while await move_batch(connection, stores.clickhouse_writer):
            pass
    await stores.clickhouse_writer.command("OPTIMIZE TABLE activity_events FINAL")

    parameters = {"guild": guild_id}
    assert (await stores.clickhouse.query(RAW_COUNT_SQL, parameters=parameters)).result_rows == [(2,)]
    assert (await stores.clickhouse.query(HOURLY_SUM_SQL, parameters=parameters)).result_rows == [(5,)]
