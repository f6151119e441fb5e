"""Analytics match reference counts in all time zones and intervals, from raw and from hourly rows."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.heatmap import query_weekly_heatmap
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import rank_channels, rank_members
from herwa_shared.analytics.results import Interval
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest
from herwa_shared.stores import Stores
from tests.shared.analytics.reference_message_counts import label_values, list_authors, list_labels, truncate_to_hour
from tests.support.row_factories import EventRow, add_guild, add_imported_period, insert_events, make_utc

PAST_WINDOWS = [
    ("UTC", "2024-02-20", "2024-03-20", False),
    ("Asia/Tokyo", "2024-02-20", "2024-03-05", False),
    ("America/New_York", "2024-02-26", "2024-04-02", False),
    ("America/New_York", "2023-10-20", "2023-11-20", False),
    ("America/New_York", "2024-03-06T07:00", "2024-03-12T19:00", False),
    ("America/Sao_Paulo", "2018-10-30", "2018-11-10", False),
    ("America/Sao_Paulo", "2019-02-10", "2019-02-20", False),
    ("America/Havana", "2023-10-30", "2023-11-08", False),
    ("Pacific/Apia", "2011-12-20", "2012-01-05", False),
    ("Asia/Kolkata", "2024-02-20", "2024-03-05", True),
    ("Asia/Kathmandu", "2024-02-20", "2024-03-05", True),
    ("Australia/Lord_Howe", "2024-04-01", "2024-04-14", True),
    ("Australia/Lord_Howe", "2023-09-25", "2023-10-08", True),
    ("UTC", "2024-02-20T10:07:13", "2024-02-22T10:00:01", True),
]
RECENT_ZONES = ["UTC", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"]


def build_random_messages(query: ActivityQuery, *, seed: object, count: int = 400) -> list[EventRow]:
    """Build random messages in the window and a day around it.

    Half of them lie at full and half hours or one millisecond before, where errors at interval edges show.
    """
    rng = random.Random(repr(seed))
    first_moment, span_seconds = (
        query.start - timedelta(days=1),
        int((query.end - query.start).total_seconds()) + 2 * 86_400,
    )
    kinds = ["message"] * 8 + ["message_bot", "message_webhook"]
    messages = []
    for _ in range(count):
        at = first_moment + timedelta(seconds=rng.randrange(span_seconds), milliseconds=rng.choice([0, 999]))
        if rng.random() < 0.5:
            at = datetime.fromtimestamp(int(at.timestamp()) // 1800 * 1800, UTC) - rng.choice([0, 1]) * timedelta(
                milliseconds=1
            )
        messages.append(EventRow(at, rng.randint(1, 30), rng.randint(1, 12), rng.choice(kinds)))
    return messages


async def assert_matches_reference(stores: Stores, query: ActivityQuery, messages: list[EventRow]) -> None:
    for interval in Interval:
        interval_query = replace(query, interval=interval)
        authors_by_label = list_authors(interval_query, messages)
        message_series = await query_timeseries(stores.database, stores.clickhouse, interval_query)
        assert label_values(message_series, interval_query) == {
            label: len(authors_by_label[label]) for label in list_labels(interval_query)
        }
        assert message_series.total == sum(map(len, authors_by_label.values()))
        active_series = await query_timeseries(
            stores.database, stores.clickhouse, replace(interval_query, metric=Metric.ACTIVE_MEMBERS)
        )
        assert label_values(active_series, interval_query) == {
            label: len(set(authors_by_label[label])) for label in list_labels(interval_query)
        }
        assert active_series.total == len({user for users in authors_by_label.values() for user in users})


@pytest.mark.parametrize(("zone", "since", "until", "approximate"), PAST_WINDOWS)
async def test_past_counts_match_the_reference_in_local_time(stores: Stores, zone, since, until, approximate):
    query = ActivityQuery.parse(since, until, guild_id=await add_guild(stores), zone=ZoneInfo(zone))
    messages = build_random_messages(query, seed=(zone, since))
    await insert_events(stores, query.guild_id, messages)
    await add_imported_period(stores, query.guild_id, query.start, query.end)

    await assert_matches_reference(stores, query, truncate_to_hour(messages) if approximate else messages)
    assert (await query_timeseries(stores.database, stores.clickhouse, query)).approximate is approximate


@pytest.mark.parametrize("zone", RECENT_ZONES)
async def test_recent_counts_are_exact_in_every_zone(stores: Stores, zone):
    end = utc_now().replace(microsecond=0) - timedelta(days=2)
    query = ActivityQuery(await add_guild(stores), end - timedelta(days=20), end, zone=ZoneInfo(zone))
    messages = build_random_messages(query, seed=zone)
    await insert_events(stores, query.guild_id, messages)
    await add_imported_period(stores, query.guild_id, query.start, query.end)

    await assert_matches_reference(stores, query, messages)


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Apia", "Asia/Tokyo", "Asia/Kolkata"])
async def test_heatmap_counts_every_local_hour_of_the_week(stores: Stores, zone):
    query = ActivityQuery.parse("2023-10-01", "2024-04-10", guild_id=await add_guild(stores), zone=ZoneInfo(zone))
    messages = build_random_messages(query, seed=zone, count=1000)
    await insert_events(stores, query.guild_id, messages)

    heatmap = await query_weekly_heatmap(stores.database, stores.clickhouse, query)

    assert heatmap.approximate is (zone == "Asia/Kolkata")
    counted_messages = truncate_to_hour(messages) if heatmap.approximate else messages
    local_times = [
        message.at.astimezone(query.zone)
        for message in counted_messages
        if message.kind == "message" and query.start <= message.at < query.end
    ]
    expected = Counter((at.isoweekday(), at.hour) for at in local_times)
    assert [(cell.weekday, cell.hour) for cell in heatmap.cells] == [
        (weekday, hour) for weekday in range(1, 8) for hour in range(24)
    ]
    assert {(cell.weekday, cell.hour): cell.value for cell in heatmap.cells if cell.value} == expected


async def test_recent_heatmap_is_exact_in_a_half_hour_zone(stores: Stores):
    kolkata = ZoneInfo("Asia/Kolkata")
    query = ActivityQuery.from_last_days(30, guild_id=await add_guild(stores), zone=kolkata)
    at = (utc_now() - timedelta(days=3)).replace(minute=45, second=0, microsecond=0)
    await insert_events(stores, query.guild_id, [EventRow(at)])

    heatmap = await query_weekly_heatmap(stores.database, stores.clickhouse, query)

    local = at.astimezone(kolkata)
    assert [(cell.weekday, cell.hour, cell.value) for cell in heatmap.cells if cell.value] == [
        (local.isoweekday(), local.hour, 1)
    ]


async def test_channel_query_counts_only_that_channel(stores: Stores):
    query = ActivityQuery.parse("2024-03-01", "2024-03-03", guild_id=await add_guild(stores))
    at = make_utc(2024, 3, 1, 12)
    await insert_events(stores, query.guild_id, [EventRow(at, 1, 10), EventRow(at, 2, 10), EventRow(at, 3, 11)])

    channel_query = replace(query, channel_id=10)

    assert (await query_timeseries(stores.database, stores.clickhouse, channel_query)).total == 2
    assert (
        await query_timeseries(stores.database, stores.clickhouse, replace(channel_query, metric=Metric.ACTIVE_MEMBERS))
    ).total == 2


async def test_query_counts_only_its_guild(stores: Stores):
    at = make_utc(2024, 3, 1, 12)
    own_guild_id, other_guild_id = await add_guild(stores), await add_guild(stores)
    await insert_events(stores, own_guild_id, [EventRow(at)])
    await insert_events(stores, other_guild_id, [EventRow(at), EventRow(at)])
    query = ActivityQuery.parse("2024-03-01", "2024-03-02", guild_id=own_guild_id)

    assert (await query_timeseries(stores.database, stores.clickhouse, query)).total == 1
    assert (await rank_members(stores.database, stores.clickhouse, query)).items[0].value == 1


async def test_rankings_are_ordered_by_value_and_id_and_exclude_bots(stores: Stores):
    query = ActivityQuery.parse("2024-03-01", "2024-03-02", guild_id=await add_guild(stores))
    authors_and_channels = [(5, 30), (5, 30), (4, 20), (3, 20), (9, 10), (9, 10)]
    messages = [
        EventRow(make_utc(2024, 3, 1, hour), user, channel) for hour, (user, channel) in enumerate(authors_and_channels)
    ]
    bot_messages = [
        EventRow(make_utc(2024, 3, 1), 99, 40, "message_bot"),
        EventRow(make_utc(2024, 3, 1), 98, 40, "message_webhook"),
    ]
    await insert_events(stores, query.guild_id, messages + bot_messages)

    async def list_ranks(rank_function, metric, limit=10):
        ranking = await rank_function(stores.database, stores.clickhouse, replace(query, metric=metric), limit=limit)
        return [(item.id, item.value) for item in ranking.items]

    assert await list_ranks(rank_channels, "messages") == [(10, 2), (20, 2), (30, 2)]
    assert await list_ranks(rank_channels, "active_members") == [(20, 2), (10, 1), (30, 1)]
    assert await list_ranks(rank_members, "messages") == [(5, 2), (9, 2), (3, 1), (4, 1)]
    assert await list_ranks(rank_members, "messages", limit=1) == [(5, 2)]


@pytest.mark.slow
async def test_ranking_can_have_more_rows_than_postgresql_has_parameters(stores: Stores):
    query = ActivityQuery.parse("2024-03-01", "2024-03-02", guild_id=await add_guild(stores))
    await insert_events(stores, query.guild_id, [EventRow(query.start, user) for user in range(1, 33_001)])

    ranking = await rank_members(stores.database, stores.clickhouse, query, limit=50_001)

    assert len(ranking.items) == 33_000


async def test_five_years_by_hour_are_one_timeseries(stores: Stores):
    query = ActivityQuery.parse(
        "2019-01-01", "2023-12-30", guild_id=await add_guild(stores), zone=ZoneInfo("Europe/Berlin")
    )
    hours = [0, 3_999, 4_000, 4_001, 20_000, 43_000]
    for hour in hours:
        await insert_events(stores, query.guild_id, [EventRow(query.start + timedelta(hours=hour))])

    timeseries = await query_timeseries(stores.database, stores.clickhouse, replace(query, interval=Interval.HOUR))

    assert len(timeseries.points) == (query.end - query.start) // timedelta(hours=1) == 43_776
    assert [index for index, point in enumerate(timeseries.points) if point.value] == hours


async def test_rankings_and_heatmap_of_voice_and_reactions_use_their_units(stores: Stores):
    query = ActivityQuery.parse("2024-03-01", "2024-03-08", guild_id=await add_guild(stores))
    at = make_utc(2024, 3, 1, 20, 10)
    voice_events = [(1, 5, 50), (1, 5, 50), (2, 6, 60), (3, 5, 10)]
    await insert_events(
        stores, query.guild_id, [EventRow(at, user, channel, "voice", value) for user, channel, value in voice_events]
    )
    await insert_events(
        stores, query.guild_id, [EventRow(at, 3, 6, "reaction"), EventRow(at, 3, 6, "reaction"), EventRow(at, 1, 5)]
    )

    async def list_ranks(rank_function, metric):
        ranking = await rank_function(stores.database, stores.clickhouse, replace(query, metric=metric))
        return [(item.id, item.value) for item in ranking.items]

    async def list_active_cells(metric):
        heatmap = await query_weekly_heatmap(stores.database, stores.clickhouse, replace(query, metric=metric))
        return [(cell.weekday, cell.hour, cell.value) for cell in heatmap.cells if cell.value]

    assert await list_ranks(rank_channels, Metric.VOICE_MINUTES) == [(5, 2), (6, 1)]
    assert await list_ranks(rank_channels, Metric.VOICE_MEMBERS) == [(5, 2), (6, 1)]
    assert await list_ranks(rank_members, Metric.VOICE_MINUTES) == [(1, 2), (2, 1)], (
        "less than half a minute must round to 0 and be left out"
    )
    assert await list_ranks(rank_members, Metric.REACTIONS) == [(3, 2)]
    assert await list_active_cells(Metric.VOICE_MINUTES) == [(5, 20, 3)]
    assert await list_active_cells(Metric.VOICE_MEMBERS) == [(5, 20, 3)]
    assert await list_active_cells(Metric.REACTIONS) == [(5, 20, 2)]


@pytest.mark.parametrize(
    ("rank_function", "metric"),
    [(rank_channels, Metric.JOINS), (rank_members, Metric.ACTIVE_MEMBERS), (rank_members, Metric.MEMBERS)],
)
async def test_metric_without_ranking_is_refused(stores: Stores, rank_function, metric):
    query = replace(ActivityQuery.from_last_days(7, guild_id=1), metric=metric)

    with pytest.raises(BadRequest, match=r"must be messages, .* or commands_denied for (channels|members), not"):
        await rank_function(stores.database, stores.clickhouse, query)
