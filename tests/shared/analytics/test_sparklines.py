"""The last day of all one's servers, in one question."""

from datetime import timedelta

from herwa_shared.analytics.beginning import first_hour
from herwa_shared.analytics.sparklines import Spark, sparklines
from herwa_shared.stores import Stores
from tests.activity import Wrote, add_guild, record, utc

NOW = utc(2024, 3, 2, 10, 40)


async def test_each_guild_has_its_people_and_its_24_hours(stores: Stores):
    lively, silent, unasked = [await add_guild(stores) for _ in range(3)]
    before = [Wrote(utc(2024, 3, 1, 10, 59)), Wrote(utc(2024, 3, 2, 11), 6)]
    within = [Wrote(utc(2024, 3, 1, 11)), Wrote(utc(2024, 3, 2, 10, 39)), Wrote(utc(2024, 3, 2, 10, 1), 8)]
    robots = [Wrote(NOW - timedelta(hours=1), 9, kind="message_bot"), Wrote(NOW - timedelta(hours=1), 9, kind="voice")]
    await record(stores, lively, before + within + robots)
    await record(stores, unasked, within)

    found = await sparklines(stores.clickhouse, [lively, silent], now=NOW)

    assert found == {lively: Spark(lively, 2, (1, *[0] * 22, 2)), silent: Spark(silent, 0, (0,) * 24)}
    assert await sparklines(stores.clickhouse, [], now=NOW) == {}


async def test_all_time_begins_with_the_first_hour_that_is_stored(stores: Stores):
    guild_id = await add_guild(stores)
    assert await first_hour(stores.clickhouse, guild_id) is None

    await record(stores, guild_id, [Wrote(utc(2024, 3, 2, 5, 20)), Wrote(utc(2023, 7, 1, 9, 50), kind="join")])

    assert await first_hour(stores.clickhouse, guild_id) == utc(2023, 7, 1, 9)
