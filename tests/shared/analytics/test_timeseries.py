"""Time series of every metric: counted event kinds, rounding, coverage gaps, and metrics without channels."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.coverage import MEMBERS_INTENT
from herwa_shared.analytics.metric_definitions import Metric, describe_metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest
from herwa_shared.models import CollectionGap, JoinMessagePeriod
from herwa_shared.stores import Stores
from tests.support.row_factories import (
    EventRow,
    add_gateway_session,
    add_guild,
    add_imported_period,
    insert_events,
    make_utc,
)

EVENT_KIND_BY_METRIC = {
    Metric.MESSAGES: "message",
    Metric.ACTIVE_MEMBERS: "message",
    Metric.VOICE_MINUTES: "voice",
    Metric.VOICE_MEMBERS: "voice",
    Metric.JOINS: "join",
    Metric.LEAVES: "leave",
    Metric.MEMBERS: "member_count",
    Metric.REACTIONS: "reaction",
    Metric.THREADS: "thread",
    Metric.COMMANDS: "command",
    Metric.COMMANDS_DENIED: "command_denied",
}
NOW = make_utc(2024, 3, 4)
MARCH_QUERY = ActivityQuery(0, make_utc(2024, 3, 1), NOW)


async def query_day_values(stores: Stores, query: ActivityQuery, metric: Metric, *, now=NOW):
    """Query the value of each day, with a star when it is partial, and the total."""
    timeseries = await query_timeseries(stores.database, stores.clickhouse, replace(query, metric=metric), now=now)
    return [f"{point.value}*" if point.is_partial else point.value for point in timeseries.points], timeseries.total


def test_every_metric_that_is_counted_from_events_has_a_kind():
    assert set(Metric) - set(EVENT_KIND_BY_METRIC) == {Metric.FIRST_RESPONSE_SECONDS}


@pytest.mark.parametrize("metric", EVENT_KIND_BY_METRIC)
async def test_metric_counts_only_its_kind_of_event(stores: Stores, metric):
    query = replace(MARCH_QUERY, guild_id=await add_guild(stores))
    await add_gateway_session(stores, query.guild_id, make_utc(2024, 2, 1), NOW, intents=MEMBERS_INTENT)
    kinds = sorted(
        {*EVENT_KIND_BY_METRIC.values(), "voice_muted", "voice_stream", "voice_video", "online_count", "message_bot"}
    )
    await insert_events(
        stores,
        query.guild_id,
        [
            EventRow(make_utc(2024, 3, 2), kind=kind, value=120)
            for kind in kinds
            if kind != EVENT_KIND_BY_METRIC[metric]
        ],
    )
    other_values, other_total = await query_day_values(stores, query, metric)
    await insert_events(
        stores, query.guild_id, [EventRow(make_utc(2024, 3, 2, 5), kind=EVENT_KIND_BY_METRIC[metric], value=60)]
    )

    is_sampled = metric is Metric.MEMBERS
    assert (other_values, other_total) == ([None if is_sampled else 0] * 3, 0)
    expected = ([None, 60, 60], 60) if is_sampled else ([0, 1, 0], 1)
    assert await query_day_values(stores, query, metric) == expected


async def test_voice_minutes_are_rounded_per_point_and_for_the_total(stores: Stores):
    query = replace(MARCH_QUERY, guild_id=await add_guild(stores))
    await add_gateway_session(stores, query.guild_id, make_utc(2024, 2, 1), NOW)
    voice_events = [(1, 29), (2, 30), (2, 59), (3, 30)]
    await insert_events(
        stores,
        query.guild_id,
        [EventRow(make_utc(2024, 3, day, 3), kind="voice", value=seconds) for day, seconds in voice_events],
    )

    assert await query_day_values(stores, query, Metric.VOICE_MINUTES) == ([0, 1, 1], 2)


async def test_voice_members_are_distinct_over_the_window(stores: Stores):
    query = replace(MARCH_QUERY, guild_id=await add_guild(stores))
    voice_events = [(1, 7), (1, 7), (1, 8), (2, 8)]
    await insert_events(
        stores,
        query.guild_id,
        [EventRow(make_utc(2024, 3, day), user, kind="voice", value=1) for day, user in voice_events],
    )

    assert await query_day_values(stores, query, Metric.VOICE_MEMBERS) == (["2*", "1*", None], 2)


async def test_half_hour_zone_uses_raw_events_for_minutes_and_samples(stores: Stores):
    now = utc_now()
    at = (now - timedelta(days=5)).replace(hour=18, minute=0, second=0, microsecond=0)
    midnight, day = at + timedelta(minutes=30), timedelta(days=1)
    query = ActivityQuery(await add_guild(stores), midnight - day, midnight + day, zone=ZoneInfo("Asia/Kolkata"))
    events = [
        EventRow(at + timedelta(minutes=20), 1, 1, "voice", 600),
        EventRow(at + timedelta(minutes=40), 1, 1, "voice", 60),
    ]
    events += [EventRow(event.at, 0, 0, "member_count", event.value) for event in events]
    await insert_events(stores, query.guild_id, events)

    assert await query_day_values(stores, query, Metric.VOICE_MINUTES, now=now) == (["10*", "1*"], 11)
    assert await query_day_values(stores, query, Metric.MEMBERS, now=now) == ([600, 60], 60)


async def test_joins_are_covered_while_a_collector_reads_join_messages(stores: Stores):
    query = replace(MARCH_QUERY, guild_id=await add_guild(stores))
    await add_gateway_session(stores, query.guild_id, make_utc(2024, 3, 1, 12), make_utc(2024, 3, 3), intents=1 << 9)
    await add_gateway_session(stores, query.guild_id, make_utc(2024, 3, 3), NOW, intents=1 << 9)
    gap_start, gap_end = make_utc(2024, 3, 2), make_utc(2024, 3, 3)
    async with stores.database.transaction() as session:
        for start, end in ((make_utc(2024, 2, 1), gap_start), (make_utc(2024, 3, 2, 12), None)):
            session.add(JoinMessagePeriod(guild_id=query.guild_id, from_at=start, to_at=end))
        session.add(CollectionGap(guild_id=query.guild_id, channel_id=0, from_at=gap_start, to_at=gap_end))
    await insert_events(stores, query.guild_id, [EventRow(make_utc(2024, 3, 1, 20), kind="join")])

    assert await query_day_values(stores, query, Metric.JOINS) == (["1*", None, 0], 1)
    assert await query_day_values(stores, query, Metric.LEAVES) == ([None, None, None], 0)


@pytest.mark.parametrize("metric", [Metric.JOINS, Metric.LEAVES])
async def test_joins_and_leaves_are_covered_only_with_the_members_intent(stores: Stores, metric):
    query = replace(MARCH_QUERY, guild_id=await add_guild(stores))
    await add_gateway_session(stores, query.guild_id, make_utc(2024, 3, 1), make_utc(2024, 3, 3), intents=1 << 9)
    await add_gateway_session(stores, query.guild_id, make_utc(2024, 3, 3), NOW, intents=1 << 9 | MEMBERS_INTENT)

    assert await query_day_values(stores, query, metric) == ([None, None, 0], 0)
    assert await query_day_values(stores, query, Metric.REACTIONS) == ([0, 0, 0], 0)


@pytest.mark.parametrize(
    "metric", [m for m, kind in EVENT_KIND_BY_METRIC.items() if kind not in ("message", "member_count")]
)
async def test_import_covers_only_event_kinds_that_it_contains(stores: Stores, metric):
    query = replace(MARCH_QUERY, guild_id=await add_guild(stores))
    await add_imported_period(stores, query.guild_id, make_utc(2024, 2, 1), make_utc(2024, 3, 3))
    await insert_events(stores, query.guild_id, [EventRow(make_utc(2024, 3, 1))])

    assert await query_day_values(stores, query, Metric.MESSAGES) == ([1, 0, None], 1)
    assert await query_day_values(stores, query, metric) == ([None] * 3, 0)


@pytest.mark.parametrize(
    "metric", [m for m, kind in EVENT_KIND_BY_METRIC.items() if kind not in ("message", "member_count")]
)
async def test_import_covers_a_kind_from_its_first_event_of_that_kind(stores: Stores, metric):
    query = replace(MARCH_QUERY, guild_id=await add_guild(stores), end=make_utc(2024, 3, 6))
    await add_imported_period(stores, query.guild_id, make_utc(2024, 3, 1), make_utc(2024, 3, 5))
    await add_imported_period(stores, query.guild_id, make_utc(2023, 3, 1), make_utc(2023, 3, 5))
    await insert_events(
        stores, query.guild_id, [EventRow(make_utc(2024, 3, 2), kind=EVENT_KIND_BY_METRIC[metric], value=60)]
    )
    await insert_events(
        stores, query.guild_id, [EventRow(make_utc(2023, 3, 1), kind=EVENT_KIND_BY_METRIC[metric], value=60)]
    )

    assert await query_day_values(stores, query, metric, now=make_utc(2024, 3, 9)) == ([None, 1, 0, 0, None], 1)


@pytest.mark.parametrize("metric", [Metric.JOINS, Metric.LEAVES, Metric.MEMBERS, Metric.FIRST_RESPONSE_SECONDS])
async def test_channel_query_refuses_a_metric_without_channels(stores: Stores, metric):
    query = replace(MARCH_QUERY, channel_id=5, metric=metric)

    with pytest.raises(BadRequest, match=r"must be messages, .* or commands_denied with a channel, not"):
        await query_timeseries(stores.database, stores.clickhouse, query)


async def test_channel_query_counts_voice_and_reactions_of_the_channel(stores: Stores):
    query = replace(MARCH_QUERY, guild_id=await add_guild(stores))
    for kind in ("voice", "reaction"):
        await insert_events(
            stores,
            query.guild_id,
            [EventRow(make_utc(2024, 3, 1), 7, channel_id, kind, 60) for channel_id in (5, 5, 6)],
        )

    channel_query = replace(query, channel_id=5)
    assert [
        (await query_day_values(stores, channel_query, metric))[1] for metric in ("voice_minutes", "reactions")
    ] == [2, 2]


@pytest.mark.parametrize("metric", Metric)
def test_metric_definition_is_a_sentence(metric):
    assert describe_metric(metric).endswith(".")
