"""The last day of all one's servers, in one question."""

from datetime import datetime, timedelta

import pytest

from herwa_shared.analytics.sparklines import Spark, sparklines
from herwa_shared.analytics.timeseries import first_hour
from herwa_shared.stores import Stores
from tests.activity import Wrote, add_guild, add_history, add_run, record, utc

NOW = utc(2024, 3, 2, 10, 40)


async def test_each_guild_has_its_people_and_its_24_hours(stores: Stores):
    lively, silent, unasked = [await add_guild(stores) for _ in range(3)]
    before = [Wrote(utc(2024, 3, 1, 10, 59)), Wrote(utc(2024, 3, 2, 11), 6)]
    within = [Wrote(utc(2024, 3, 1, 11)), Wrote(utc(2024, 3, 2, 10, 39)), Wrote(utc(2024, 3, 2, 10, 1), 8)]
    robots = [Wrote(NOW - timedelta(hours=1), 9, kind="message_bot"), Wrote(NOW - timedelta(hours=1), 9, kind="voice")]
    await record(stores, lively, before + within + robots)
    await record(stores, unasked, within)

    found = await sparklines(stores.database, stores.clickhouse, [lively, silent], now=NOW)

    assert found == {lively: Spark(lively, 2, (1, *[0] * 22, 2)), silent: Spark(silent, 0, (0,) * 24)}
    assert await sparklines(stores.database, stores.clickhouse, [], now=NOW) == {}


async def change_of(stores: Stores, guild_id: int) -> float | None:
    return (await sparklines(stores.database, stores.clickhouse, [guild_id], now=NOW))[guild_id].change


def talk(users: int, at: datetime) -> list[Wrote]:
    return [Wrote(at, user) for user in range(1, users + 1)]


async def test_people_are_compared_with_the_same_hours_of_the_day_before(stores: Stores):
    guild_id = await add_guild(stores)
    await add_run(stores, guild_id, NOW - timedelta(days=3), NOW)
    of_no_account = talk(9, utc(2024, 2, 29, 10, 59)) + talk(9, utc(2024, 3, 1, 10)) + talk(9, utc(2024, 3, 2, 10))
    await record(stores, guild_id, of_no_account)
    await record(stores, guild_id, talk(4, utc(2024, 2, 29, 11)) + talk(3, utc(2024, 3, 1, 9, 59)))
    await record(stores, guild_id, talk(5, utc(2024, 3, 1, 11)) + talk(2, utc(2024, 3, 2, 9, 59)))

    assert await change_of(stores, guild_id) == 0.25


@pytest.mark.parametrize("since", [timedelta(hours=47), timedelta(hours=30), timedelta(hours=20)])
async def test_nothing_is_compared_with_hours_that_nobody_counted(stores: Stores, since: timedelta):
    guild_id = await add_guild(stores)
    await record(stores, guild_id, talk(4, NOW - timedelta(hours=26)) + talk(5, NOW - timedelta(hours=2)))
    await add_run(stores, guild_id, NOW - since, NOW)
    assert await change_of(stores, guild_id) is None

    await add_history(stores, guild_id, NOW - timedelta(days=3), NOW - since + timedelta(minutes=1))
    assert await change_of(stores, guild_id) == 0.25


async def test_while_the_bot_was_not_in_the_guild_nobody_counted(stores: Stores):
    guild_id = await add_guild(stores, joined_at=NOW - timedelta(hours=40))
    await add_run(stores, guild_id, NOW - timedelta(days=3), NOW)
    await record(stores, guild_id, talk(4, NOW - timedelta(hours=26)) + talk(5, NOW - timedelta(hours=2)))

    assert await change_of(stores, guild_id) is None


async def test_all_time_begins_with_the_first_hour_that_is_stored(stores: Stores):
    guild_id = await add_guild(stores)
    assert await first_hour(stores.clickhouse, guild_id) is None

    await record(stores, guild_id, [Wrote(utc(2024, 3, 2, 5, 20)), Wrote(utc(2023, 7, 1, 9, 50), kind="join")])

    assert await first_hour(stores.clickhouse, guild_id) == utc(2023, 7, 1, 9)
