"""KPIs: their totals, points and changes match the full time series of each metric."""

import random
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.comparison import Change, align_windows
from herwa_shared.analytics.coverage import MEMBERS_INTENT
from herwa_shared.analytics.kpis import Kpi, query_kpis
from herwa_shared.analytics.metric_definitions import CHANNEL_METRICS, Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest
from herwa_shared.stores import Stores
from tests.support.row_factories import (
    EventRow,
    add_gateway_session,
    add_guild,
    add_imported_period,
    add_ticket,
    insert_events,
    make_utc,
)

EVENT_KINDS = ["message", "voice", "join", "leave", "reaction", "thread", "member_count", "message_bot", "voice_muted"]
ALL_METRICS = tuple(Metric)


async def load_kpis_by_metric(
    stores: Stores, query: ActivityQuery, *, metrics=ALL_METRICS, comparison=None, now=None
) -> dict[Metric, Kpi]:
    kpi_results = await query_kpis(
        stores.database, stores.clickhouse, query, comparison=comparison, metrics=metrics, now=now
    )
    assert [kpi.metric for kpi in kpi_results] == list(metrics)
    return {kpi.metric: kpi for kpi in kpi_results}


async def record_random_activity(stores: Stores, query: ActivityQuery, *, seed: object, now=None) -> None:
    """Insert random events before `now` in the window and the one before, and gateway sessions and imports that cover parts of both."""
    rng = random.Random(repr(seed))
    window_start, length = query.start - (query.end - query.start), 2 * (query.end - query.start)

    def pick_moment():
        return window_start + timedelta(seconds=rng.randrange(int(length.total_seconds())))

    events = [
        EventRow(pick_moment(), rng.randint(1, 9), rng.randint(1, 4), rng.choice(EVENT_KINDS), rng.randint(1, 4000))
        for _ in range(250)
    ]
    events = [replace(event, at=event.at.replace(microsecond=0)) for event in events]
    await insert_events(stores, query.guild_id, [event for event in events if now is None or event.at < now])
    for _ in range(20):
        await add_ticket(stores, query.guild_id, pick_moment(), seconds=rng.choice([None, rng.randint(0, 90_000)]))
    for _ in range(3):
        start, end = sorted((pick_moment(), pick_moment()))
        await add_gateway_session(stores, query.guild_id, start, end, intents=rng.choice([0, MEMBERS_INTENT]))
    await add_imported_period(stores, query.guild_id, *sorted((pick_moment(), pick_moment())))


@pytest.mark.parametrize(
    "zone",
    [
        pytest.param("UTC", marks=pytest.mark.slow),
        "America/New_York",
        pytest.param("Asia/Kolkata", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("interval", Interval)
@pytest.mark.parametrize("elapsed", [1.0, 0.4])
async def test_each_kpi_matches_the_timeseries_of_its_metric(stores: Stores, zone, interval, elapsed):
    anchor = utc_now() - timedelta(days=10)
    query = ActivityQuery.from_last_days(21, guild_id=await add_guild(stores), zone=ZoneInfo(zone), now=anchor)
    query = replace(query, interval=interval)
    now = query.start + elapsed * (query.end - query.start)
    await record_random_activity(stores, query, seed=(zone, interval), now=now)

    kpi_by_metric = await load_kpis_by_metric(stores, query, comparison=query.shift_back(), now=now)

    aligned = align_windows(query, query.shift_back(), now)
    for metric, kpi in kpi_by_metric.items():
        timeseries = await query_timeseries(stores.database, stores.clickhouse, replace(query, metric=metric), now=now)
        assert kpi.values == tuple(point.value for point in timeseries.points)
        assert kpi.total == (timeseries.total if timeseries.recorded_points else None)
        if kpi.change is not None:
            totals = [
                (
                    await query_timeseries(
                        stores.database, stores.clickhouse, replace(window, metric=metric, interval="month"), now=now
                    )
                ).total
                for window in (aligned.current, aligned.base)
            ]
            assert [kpi.change.value, kpi.change.base] == totals


async def test_channel_query_has_values_only_for_metrics_with_channels(stores: Stores):
    query = ActivityQuery.parse("2024-02-20", "2024-03-12", guild_id=await add_guild(stores))
    await record_random_activity(stores, query, seed="channel")
    channel_query = replace(query, channel_id=2)

    kpi_by_metric = await load_kpis_by_metric(stores, channel_query, comparison=query.shift_back())

    for metric, kpi in kpi_by_metric.items():
        if metric in CHANNEL_METRICS:
            timeseries = await query_timeseries(
                stores.database, stores.clickhouse, replace(channel_query, metric=metric)
            )
            assert kpi.total == timeseries.total
        else:
            assert (kpi.total, kpi.change, kpi.values) == (None, None, ())


async def test_uncounted_metric_is_none_and_not_zero(stores: Stores):
    query = ActivityQuery.parse("2024-02-20", "2024-03-12", guild_id=await add_guild(stores))
    await add_imported_period(stores, query.guild_id, query.start, query.end)

    kpi_by_metric = await load_kpis_by_metric(stores, query, comparison=query.shift_back())

    assert {metric: kpi.total for metric, kpi in kpi_by_metric.items() if kpi.total is not None} == {
        Metric.MESSAGES: 0,
        Metric.ACTIVE_MEMBERS: 0,
    }
    assert all(kpi.change is None for kpi in kpi_by_metric.values())


async def test_running_day_is_compared_with_the_day_before_to_the_second(stores: Stores):
    guild_id = await add_guild(stores)
    today = utc_now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    yesterday = today - timedelta(days=1)
    query = ActivityQuery(guild_id, today, today + timedelta(days=1), interval=Interval.HOUR)
    await add_imported_period(stores, guild_id, yesterday, query.end)
    base_hours = [8, 9, 10, 10.65, 10.7, 23]
    current_hours = [0, 9, 10.5]
    await insert_events(
        stores,
        guild_id,
        [EventRow(yesterday + timedelta(hours=hour)) for hour in base_hours]
        + [EventRow(today + timedelta(hours=hour)) for hour in current_hours],
    )

    async def load_kpi(hour: float) -> Kpi:
        now = today + timedelta(hours=hour)
        kpis = await load_kpis_by_metric(stores, query, comparison=query.shift_back(), metrics=["messages"], now=now)
        return kpis[Metric.MESSAGES]

    assert ((await load_kpi(10.66)).total, (await load_kpi(10.66)).change) == (3, Change(3, 4))
    assert (await load_kpi(0.01)).change == Change(1, 0)
    assert (await load_kpi(0)).change is None


async def test_short_gap_keeps_the_change_and_a_lost_day_hides_it(stores: Stores):
    query = ActivityQuery.parse("2024-03-08", "2024-03-15", guild_id=await add_guild(stores))
    await insert_events(stores, query.guild_id, [EventRow(make_utc(2024, 3, day)) for day in (3, 9, 9, 10)])
    await add_gateway_session(stores, query.guild_id, make_utc(2024, 3, 1), make_utc(2024, 3, 5))
    await add_gateway_session(stores, query.guild_id, make_utc(2024, 3, 5, 0, 30), make_utc(2024, 3, 15))
    lossy_query = ActivityQuery.parse("2024-03-07", "2024-03-14", guild_id=query.guild_id)

    complete_kpis = await load_kpis_by_metric(stores, query, comparison=query.shift_back(), metrics=["messages"])
    incomplete_kpis = await load_kpis_by_metric(
        stores, lossy_query, comparison=lossy_query.shift_back(), metrics=["messages"]
    )

    assert complete_kpis[Metric.MESSAGES].change == Change(3, 1)
    assert incomplete_kpis[Metric.MESSAGES].change is None


async def test_only_rising_leaves_refusals_and_waiting_times_are_bad(stores: Stores):
    kpi_by_metric = await load_kpis_by_metric(stores, ActivityQuery.from_last_days(7, guild_id=await add_guild(stores)))

    assert [metric for metric, kpi in kpi_by_metric.items() if not kpi.rising_is_good] == [
        Metric.LEAVES,
        Metric.COMMANDS_DENIED,
        Metric.FIRST_RESPONSE_SECONDS,
    ]


async def test_too_many_points_are_refused(stores: Stores):
    query = ActivityQuery.parse("2019-01-01", "2023-12-30", guild_id=await add_guild(stores))

    with pytest.raises(BadRequest, match="wider interval"):
        await load_kpis_by_metric(stores, replace(query, interval=Interval.HOUR), now=utc_now())
