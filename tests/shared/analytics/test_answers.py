"""Every answer equals the naive count, in any zone, at any interval, whichever rows gave it."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.heatmap import hours_of_week
from herwa_shared.analytics.messages import message_counts
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.rankings import top_channels, top_members
from herwa_shared.analytics.results import Interval, Metric
from herwa_shared.analytics.timeseries import series_of
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest
from herwa_shared.stores import Stores
from tests.activity import Wrote, add_guild, add_history, record, utc
from tests.shared.analytics.oracle import counts, labelled, labels, to_the_hour

PAST = [
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
RECENT = ["UTC", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"]


def some_messages(query: ActivityQuery, *, seed: object, amount: int = 400) -> list[Wrote]:
    """Messages in the window and a day around it; half of them lie at whole and half hours, where mistakes show."""
    dice = random.Random(repr(seed))
    first, seconds = query.start - timedelta(days=1), int((query.end - query.start).total_seconds()) + 2 * 86_400
    kinds = ["message"] * 8 + ["message_bot", "message_webhook"]
    found = []
    for _ in range(amount):
        at = first + timedelta(seconds=dice.randrange(seconds), milliseconds=dice.choice([0, 999]))
        if dice.random() < 0.5:
            at = datetime.fromtimestamp(int(at.timestamp()) // 1800 * 1800, UTC) - dice.choice([0, 1]) * timedelta(
                milliseconds=1
            )
        found.append(Wrote(at, dice.randint(1, 30), dice.randint(1, 12), dice.choice(kinds)))
    return found


async def assert_equal_to_the_naive_count(stores: Stores, query: ActivityQuery, messages: list[Wrote]) -> None:
    for interval in Interval:
        asked = replace(query, interval=interval)
        expected = counts(asked, messages)
        written = await message_counts(stores.database, stores.clickhouse, asked)
        assert labelled(written, asked) == {key: len(expected[key]) for key in labels(asked)}
        assert written.total == sum(map(len, expected.values()))
        active = await series_of(stores.database, stores.clickhouse, replace(asked, metric=Metric.ACTIVE_MEMBERS))
        assert labelled(active, asked) == {key: len(set(expected[key])) for key in labels(asked)}
        assert active.total == len({user for users in expected.values() for user in users})


@pytest.mark.parametrize(("zone", "since", "until", "approximate"), PAST)
async def test_the_past_is_counted_as_the_clocks_of_the_zone_showed_it(stores: Stores, zone, since, until, approximate):
    query = ActivityQuery.between(since, until, guild_id=await add_guild(stores), zone=ZoneInfo(zone))
    messages = some_messages(query, seed=(zone, since))
    await record(stores, query.guild_id, messages)
    await add_history(stores, query.guild_id, query.start, query.end)

    await assert_equal_to_the_naive_count(stores, query, to_the_hour(messages) if approximate else messages)
    assert (await message_counts(stores.database, stores.clickhouse, query)).approximate is approximate


@pytest.mark.parametrize("zone", RECENT)
async def test_the_last_weeks_are_exact_in_every_zone_even_off_the_whole_hour(stores: Stores, zone):
    end = utc_now().replace(microsecond=0) - timedelta(days=2)
    query = ActivityQuery(await add_guild(stores), end - timedelta(days=20), end, zone=ZoneInfo(zone))
    messages = some_messages(query, seed=zone)
    await record(stores, query.guild_id, messages)
    await add_history(stores, query.guild_id, query.start, query.end)

    await assert_equal_to_the_naive_count(stores, query, messages)


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Apia", "Asia/Tokyo", "Asia/Kolkata"])
async def test_heatmap_shows_every_hour_of_the_week_on_the_clocks_of_the_zone(stores: Stores, zone):
    query = ActivityQuery.between("2023-10-01", "2024-04-10", guild_id=await add_guild(stores), zone=ZoneInfo(zone))
    messages = some_messages(query, seed=zone, amount=1000)
    await record(stores, query.guild_id, messages)

    found = await hours_of_week(stores.clickhouse, query)

    assert found.approximate is (zone == "Asia/Kolkata")
    counted = to_the_hour(messages) if found.approximate else messages
    local = [m.at.astimezone(query.zone) for m in counted if m.kind == "message" and query.start <= m.at < query.end]
    expected = Counter((at.isoweekday(), at.hour) for at in local)
    assert [(c.weekday, c.hour) for c in found.cells] == [(d, h) for d in range(1, 8) for h in range(24)]
    assert {(c.weekday, c.hour): c.value for c in found.cells if c.value} == expected


async def test_heatmap_of_the_last_weeks_is_exact_off_the_whole_hour(stores: Stores):
    kolkata = ZoneInfo("Asia/Kolkata")
    query = ActivityQuery.last(30, guild_id=await add_guild(stores), zone=kolkata)
    at = (utc_now() - timedelta(days=3)).replace(minute=45, second=0, microsecond=0)
    await record(stores, query.guild_id, [Wrote(at)])

    found = await hours_of_week(stores.clickhouse, query)

    local = at.astimezone(kolkata)
    assert [(c.weekday, c.hour, c.value) for c in found.cells if c.value] == [(local.isoweekday(), local.hour, 1)]


async def test_one_channel_is_counted_alone(stores: Stores):
    query = ActivityQuery.between("2024-03-01", "2024-03-03", guild_id=await add_guild(stores))
    at = utc(2024, 3, 1, 12)
    await record(stores, query.guild_id, [Wrote(at, 1, 10), Wrote(at, 2, 10), Wrote(at, 3, 11)])

    here = replace(query, channel_id=10)

    assert (await message_counts(stores.database, stores.clickhouse, here)).total == 2
    assert (await series_of(stores.database, stores.clickhouse, replace(here, metric=Metric.ACTIVE_MEMBERS))).total == 2


async def test_a_guild_is_counted_apart_from_every_other(stores: Stores):
    at = utc(2024, 3, 1, 12)
    mine, other = await add_guild(stores), await add_guild(stores)
    await record(stores, mine, [Wrote(at)])
    await record(stores, other, [Wrote(at), Wrote(at)])
    query = ActivityQuery.between("2024-03-01", "2024-03-02", guild_id=mine)

    assert (await message_counts(stores.database, stores.clickhouse, query)).total == 1
    assert (await top_members(stores.database, stores.clickhouse, query)).items[0].value == 1


async def test_tops_are_ordered_by_value_then_by_id_and_bots_are_not_in_them(stores: Stores):
    query = ActivityQuery.between("2024-03-01", "2024-03-02", guild_id=await add_guild(stores))
    wrote = [(5, 30), (5, 30), (4, 20), (3, 20), (9, 10), (9, 10)]
    messages = [Wrote(utc(2024, 3, 1, hour), user, channel) for hour, (user, channel) in enumerate(wrote)]
    robots = [Wrote(utc(2024, 3, 1), 99, 40, "message_bot"), Wrote(utc(2024, 3, 1), 98, 40, "message_webhook")]
    await record(stores, query.guild_id, messages + robots)

    async def ranked(answer, metric, limit=10):
        found = await answer(stores.database, stores.clickhouse, replace(query, metric=metric), limit=limit)
        return [(item.id, item.value) for item in found.items]

    assert await ranked(top_channels, "messages") == [(10, 2), (20, 2), (30, 2)]
    assert await ranked(top_channels, "active_members") == [(20, 2), (10, 1), (30, 1)]
    assert await ranked(top_members, "messages") == [(5, 2), (9, 2), (3, 1), (4, 1)]
    assert await ranked(top_members, "messages", limit=1) == [(5, 2)]


async def test_five_years_by_the_hour_are_one_answer(stores: Stores):
    query = ActivityQuery.between(
        "2019-01-01", "2023-12-30", guild_id=await add_guild(stores), zone=ZoneInfo("Europe/Berlin")
    )
    hours = [0, 3_999, 4_000, 4_001, 20_000, 43_000]
    for hour in hours:
        await record(stores, query.guild_id, [Wrote(query.start + timedelta(hours=hour))])

    series = await message_counts(stores.database, stores.clickhouse, replace(query, interval=Interval.HOUR))

    assert len(series.points) == (query.end - query.start) // timedelta(hours=1) == 43_776
    assert [number for number, point in enumerate(series.points) if point.value] == hours


async def test_tops_and_hours_of_voice_are_in_minutes_and_reactions_in_reactions(stores: Stores):
    query = ActivityQuery.between("2024-03-01", "2024-03-08", guild_id=await add_guild(stores))
    at = utc(2024, 3, 1, 20, 10)
    stays = [(1, 5, 50), (1, 5, 50), (2, 6, 60), (3, 5, 10)]
    await record(stores, query.guild_id, [Wrote(at, user, channel, "voice", value) for user, channel, value in stays])
    await record(stores, query.guild_id, [Wrote(at, 3, 6, "reaction"), Wrote(at, 3, 6, "reaction"), Wrote(at, 1, 5)])

    async def ranked(answer, metric):
        found = await answer(stores.database, stores.clickhouse, replace(query, metric=metric))
        return [(item.id, item.value) for item in found.items]

    async def lively(metric):
        found = await hours_of_week(stores.clickhouse, replace(query, metric=metric))
        return [(cell.weekday, cell.hour, cell.value) for cell in found.cells if cell.value]

    assert await ranked(top_channels, Metric.VOICE_MINUTES) == [(5, 2), (6, 1)]
    assert await ranked(top_channels, Metric.VOICE_MEMBERS) == [(5, 2), (6, 1)]
    assert await ranked(top_members, Metric.VOICE_MINUTES) == [(1, 2), (2, 1)], "less than half a minute is none"
    assert await ranked(top_members, Metric.REACTIONS) == [(3, 2)]
    assert await lively(Metric.VOICE_MINUTES) == [(5, 20, 3)]
    assert await lively(Metric.VOICE_MEMBERS) == [(5, 20, 3)]
    assert await lively(Metric.REACTIONS) == [(5, 20, 2)]


@pytest.mark.parametrize(
    ("answer", "metric"),
    [(top_channels, Metric.JOINS), (top_members, Metric.ACTIVE_MEMBERS), (top_members, Metric.MEMBERS)],
)
async def test_what_has_no_ranking_is_refused_with_what_has_one(stores: Stores, answer, metric):
    query = replace(ActivityQuery.last(7, guild_id=1), metric=metric)

    with pytest.raises(BadRequest, match=r"must be messages, .* or threads for (channels|members), not"):
        await answer(stores.database, stores.clickhouse, query)
