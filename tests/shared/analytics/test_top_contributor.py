"""The top contributor of a change: the channel that accounts for most of it, if there is one."""

import pytest

from herwa_shared.analytics.compared_rankings import compare_channels_and_members
from herwa_shared.analytics.comparison import align_windows
from herwa_shared.analytics.kpis import find_top_contributor, query_kpis
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.ranked_lists import RankedMetrics
from herwa_shared.stores import Stores
from tests.support.row_factories import EventRow, add_channel, add_guild, add_imported_period, insert_events, make_utc

NOW = make_utc(2024, 3, 14, 12)


async def find_contributor(stores: Stores, counts_before: dict[str, int], counts_after: dict[str, int]):
    """Find the top contributor's name and difference, for message counts by channel in the previous and this week."""
    guild_id = await add_guild(stores)
    await add_imported_period(stores, guild_id, make_utc(2024, 3, 1), NOW)
    channels = {name: await add_channel(stores, guild_id, name) for name in counts_before | counts_after}
    for day, counts in ((2, counts_before), (9, counts_after)):
        at = make_utc(2024, 3, day)
        await insert_events(
            stores,
            guild_id,
            [EventRow(at, 1, channels[channel_name]) for channel_name, count in counts.items() for _ in range(count)],
        )
    query = ActivityQuery.parse("2024-03-08", "2024-03-15", guild_id=guild_id)
    (kpi,) = await query_kpis(
        stores.database, stores.clickhouse, query, comparison=query.shift_back(), metrics=[Metric.MESSAGES], now=NOW
    )
    windows = align_windows(query, query.shift_back(), NOW)
    channels, _ = await compare_channels_and_members(
        stores.database,
        stores.clickhouse,
        query,
        windows,
        ranked=RankedMetrics(Metric.MESSAGES, Metric.MESSAGES, max_members=9),
        now=NOW,
    )
    contributor = find_top_contributor(kpi, channels.items)
    return (contributor.name, contributor.value) if contributor else None


@pytest.mark.parametrize(
    ("counts_before", "counts_after", "expected"),
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
async def test_top_contributor_accounts_for_most_of_the_change(stores: Stores, counts_before, counts_after, expected):
    assert await find_contributor(stores, counts_before, counts_after) == expected
