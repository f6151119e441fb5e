"""A change is put down to a channel only where that channel makes up most of it."""

import pytest

from herwa_shared.analytics.kpis import channel_behind, kpis
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Metric
from herwa_shared.stores import Stores
from tests.activity import Wrote, add_channel, add_guild, add_history, record, utc

NOW = utc(2024, 3, 14, 12)


async def behind(stores: Stores, before: dict[str, int], after: dict[str, int]):
    """The name of the channel, and its difference, for so many messages in the week before and in this one."""
    guild_id = await add_guild(stores)
    await add_history(stores, guild_id, utc(2024, 3, 1), NOW)
    channels = {name: await add_channel(stores, guild_id, name) for name in before | after}
    for month_day, counts in ((2, before), (9, after)):
        at = utc(2024, 3, month_day)
        await record(
            stores, guild_id, [Wrote(at, 1, channels[one]) for one, count in counts.items() for _ in range(count)]
        )
    query = ActivityQuery.between("2024-03-08", "2024-03-15", guild_id=guild_id)
    (kpi,) = await kpis(
        stores.database, stores.clickhouse, query, compare=query.previous(), metrics=[Metric.MESSAGES], now=NOW
    )
    found = await channel_behind(stores.database, stores.clickhouse, query, query.previous(), kpi=kpi, now=NOW)
    return (found.name, found.value) if found else None


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"tea": 5, "events": 2}, {"tea": 6, "events": 9}, ("events", 7)),
        ({"tea": 5, "events": 9}, {"tea": 6, "events": 2}, ("events", -7)),
        ({"tea": 5}, {"tea": 5, "new": 3}, ("new", 3)),
        ({"tea": 5, "old": 3}, {"tea": 5}, ("old", -3)),
        ({"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 2, "c": 2}, None),
        ({"tea": 5}, {"tea": 5}, None),
        ({}, {"tea": 5}, None),
    ],
)
async def test_the_channel_that_makes_up_most_of_a_change_is_found(stores: Stores, before, after, found):
    assert await behind(stores, before, after) == found
