"""Precise rows live three months, the summary for ever."""

from datetime import timedelta

from herwa_shared.clock import utc_now
from herwa_shared.pipeline.buffer import append
from herwa_shared.pipeline.mover import move_once
from tests.events import message, snowflake

PRECISE = "SELECT count() FROM activity_events WHERE guild_id = {guild:UInt64}"
HOURLY = "SELECT sum(events) FROM activity_hourly WHERE guild_id = {guild:UInt64}"


async def test_old_precise_rows_go_and_their_hours_stay(stores, guild_id):
    now = utc_now()
    moments = [now - timedelta(days=days) for days in (1, 80, 110, 400, 2000)]
    events = [message(guild_id, snowflake(int(at.timestamp() * 1000))) for at in moments]
    async with stores.database.raw() as connection:
        await append(connection, events)
        while await move_once(connection, stores.clickhouse):
            pass
    await stores.clickhouse.command("OPTIMIZE TABLE activity_events FINAL")

    about = {"guild": guild_id}
    assert (await stores.clickhouse.query(PRECISE, parameters=about)).result_rows == [(2,)]
    assert (await stores.clickhouse.query(HOURLY, parameters=about)).result_rows == [(5,)]
