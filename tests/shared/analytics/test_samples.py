"""Counts of members hold from one sample to the next while the guild is covered, in every window, interval and zone."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.comparison import Change, align_windows
from herwa_shared.analytics.kpis import query_kpis
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval, PointStatus
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.clock import utc_now
from herwa_shared.models import CollectionGap, ImportedPeriod
from herwa_shared.stores import Stores
from tests.support.row_factories import EventRow, add_gateway_session, add_guild, insert_events, make_utc

NOW = make_utc(2024, 3, 6, 9, 30)
MARCH = ActivityQuery(0, make_utc(2024, 3, 1), make_utc(2024, 3, 8), metric=Metric.MEMBERS)
DELETE_EVENTS_SQL = "ALTER TABLE activity_events DELETE WHERE guild_id = {guild:UInt64}"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Period = tuple[datetime, datetime]
Samples = Sequence[tuple[datetime, int]]


async def add_samples(stores: Stores, guild_id: int, samples: Samples) -> None:
    """Insert each sample by a statement of its own, as the mover may, with other counts around it."""
    for at, count in samples:
        other_events = [EventRow(at, kind="online_count", value=7), EventRow(at, kind="message")]
        await insert_events(stores, guild_id, [EventRow(at, 0, 0, "member_count", count), *other_events])


async def query_days(stores: Stores, query: ActivityQuery, *, now: datetime = NOW) -> tuple[list[int | None], int]:
    """Query the value of each interval and the total."""
    series = await query_timeseries(stores.database, stores.clickhouse, query, now=now)
    return [point.value for point in series.points], series.total


async def test_count_holds_until_the_next_sample_and_until_now(stores: Stores):
    query = replace(MARCH, guild_id=await add_guild(stores))
    await add_gateway_session(stores, query.guild_id, make_utc(2024, 2, 20), NOW)
    await add_samples(stores, query.guild_id, [(make_utc(2024, 3, 2, 5), 40), (make_utc(2024, 3, 4, 23, 59), 42)])

    series = await query_timeseries(stores.database, stores.clickhouse, query, now=NOW)

    assert [point.value for point in series.points] == [None, 40, 40, 42, 42, 42, None]
    assert [point.status for point in series.points] == [
        PointStatus.NO_DATA,
        *[PointStatus.COMPLETE] * 4,
        PointStatus.CURRENT,
        PointStatus.FUTURE,
    ]
    assert series.total == 42


async def test_newest_sample_of_an_interval_is_its_value(stores: Stores):
    query = replace(MARCH, guild_id=await add_guild(stores))
    samples = [((1, 5), 900), ((1, 7, 10), 10), ((1, 7, 50), 13), ((3, 2), 40), ((3, 1), 99)]
    await add_samples(stores, query.guild_id, [(make_utc(2024, 3, *at), count) for at, count in samples])

    assert await query_days(stores, query) == ([13, None, 40, None, None, None, None], 40)
    hours, total = await query_days(stores, replace(query, interval=Interval.HOUR))
    assert {hour: value for hour, value in enumerate(hours) if value} == {5: 900, 7: 13, 49: 99, 50: 40}
    assert total == 40


@pytest.mark.parametrize("age_days", [0.01, 3, 500])
async def test_last_sample_before_the_window_holds_at_its_start(stores: Stores, age_days):
    query = replace(MARCH, guild_id=await add_guild(stores))
    sampled_at = query.start - timedelta(days=age_days)
    await add_gateway_session(stores, query.guild_id, sampled_at - HOUR, NOW)
    await add_samples(stores, query.guild_id, [(sampled_at - timedelta(minutes=30), 30), (sampled_at, 31)])

    assert await query_days(stores, query) == ([31] * 6 + [None], 31)


async def test_no_count_holds_across_a_break_in_the_coverage(stores: Stores):
    query = replace(MARCH, guild_id=await add_guild(stores))
    await add_gateway_session(stores, query.guild_id, make_utc(2024, 2, 28), make_utc(2024, 3, 2, 12))
    await add_gateway_session(stores, query.guild_id, make_utc(2024, 3, 4), NOW)
    await add_samples(stores, query.guild_id, [(make_utc(2024, 2, 28, 1), 40), (make_utc(2024, 3, 5, 1), 50)])

    assert await query_days(stores, query) == ([40, 40, None, None, 50, 50, None], 50)
    first_days = replace(query, end=make_utc(2024, 3, 5))
    assert await query_days(stores, first_days) == ([40, 40, None, None], 40)


async def test_gap_before_the_window_ends_a_count(stores: Stores):
    query = replace(MARCH, guild_id=await add_guild(stores))
    await add_gateway_session(stores, query.guild_id, make_utc(2024, 2, 1), NOW)
    await add_samples(stores, query.guild_id, [(make_utc(2024, 2, 1, 1), 40), (make_utc(2024, 3, 3), 41)])
    async with stores.database.transaction() as session:
        gap_start, gap_end = make_utc(2024, 2, 10), make_utc(2024, 2, 10, 0, 1)
        session.add(CollectionGap(guild_id=query.guild_id, channel_id=0, from_at=gap_start, to_at=gap_end))
        session.add(CollectionGap(guild_id=query.guild_id, channel_id=5, from_at=make_utc(2024, 3, 4), to_at=None))

    assert await query_days(stores, query) == ([None, None, 41, 41, 41, 41, None], 41)


async def test_count_holds_within_an_import_that_contains_counts(stores: Stores):
    query = replace(MARCH, guild_id=await add_guild(stores))
    periods = [(1, 3, ["message", "member_count"]), (3, 4, ["message"]), (4, 5, None)]
    async with stores.database.transaction() as session:
        for first_day, last_day, kinds in periods:
            start, end = make_utc(2024, 3, first_day), make_utc(2024, 3, last_day)
            session.add(ImportedPeriod(guild_id=query.guild_id, from_at=start, to_at=end, source="import", kinds=kinds))
    await add_samples(stores, query.guild_id, [(make_utc(2024, 3, 1, 4), 20), (make_utc(2024, 3, 4, 4), 22)])

    assert await query_days(stores, query) == ([20, 20, None, 22, None, None, None], 22)


async def test_counts_are_summarized_in_one_table_alone(stores: Stores):
    guild_id = await add_guild(stores)
    await add_samples(stores, guild_id, [(make_utc(2024, 3, 2, 5), 40)])
    summaries = []
    for table in ("activity_hourly", "sample_hourly"):
        query = f"SELECT DISTINCT toString(kind) AS name FROM {table} WHERE guild_id = {{guild:UInt64}} ORDER BY name"
        result = await stores.clickhouse.query(query, parameters={"guild": guild_id})
        summaries.append([row[0] for row in result.result_rows])
    assert summaries == [["message"], ["member_count", "online_count"]]


async def test_count_is_known_without_the_members_intent(stores: Stores):
    query = replace(MARCH, guild_id=await add_guild(stores))
    await add_gateway_session(stores, query.guild_id, make_utc(2024, 3, 1), NOW, intents=0)
    await add_samples(stores, query.guild_id, [(make_utc(2024, 3, 1), 20)])

    assert await query_days(stores, query) == ([20] * 6 + [None], 20)


async def test_sample_whose_event_has_expired_still_holds(stores: Stores):
    now = utc_now().replace(minute=0, second=0, microsecond=0)
    query = ActivityQuery(await add_guild(stores), now - 3 * DAY, now, metric=Metric.MEMBERS)
    sampled_at = now - 200 * DAY
    await add_gateway_session(stores, query.guild_id, sampled_at, now)
    await add_samples(stores, query.guild_id, [(sampled_at, 20)])
    parameters, settings = {"guild": query.guild_id}, {"mutations_sync": 2}
    await stores.clickhouse_writer.command(DELETE_EVENTS_SQL, parameters=parameters, settings=settings)

    assert await query_days(stores, query, now=now) == ([20] * len((await query_days(stores, query))[0]), 20)


async def test_long_window_by_the_hour_is_read_in_parts(stores: Stores):
    query = replace(MARCH, guild_id=await add_guild(stores), start=make_utc(2023, 7, 1), interval=Interval.HOUR)
    await add_gateway_session(stores, query.guild_id, make_utc(2023, 6, 1), NOW)
    samples = [(make_utc(2023, 6, 2), 1), (make_utc(2023, 9, 1, 5, 1), 2), (make_utc(2024, 2, 1, 5, 1), 3)]
    await add_samples(stores, query.guild_id, samples)

    values, total = await query_days(stores, query)

    elapsed = (NOW - query.start) // HOUR + 1
    expected = [max(count for at, count in samples if at < query.start + (hour + 1) * HOUR) for hour in range(elapsed)]
    assert elapsed > 4_000
    assert values == [*expected, *[None] * (len(values) - elapsed)]
    assert total == 3


def find_known_count(samples: Samples, periods: Sequence[Period], start: datetime, end: datetime) -> int | None:
    """Walk through everything that happened until `end`: the count that was last known in `[start, end)`."""
    happenings = [(at, 1, count) for at, count in samples]
    happenings += [(period_end, 0, None) for _, period_end in periods]
    known, last = None, None
    for at, _, count in sorted(happenings, key=lambda happening: happening[:2]):
        if at >= end:
            break
        if last is None and at > start:
            last = known
        known = count
        last = known if at >= start and known is not None else last
        is_covered = any(period_start <= at < period_end for period_start, period_end in periods)
        known = known if is_covered else None
    return known if known is not None else last


def draw_history(rng: random.Random, start: datetime, end: datetime) -> tuple[Samples, Sequence[Period]]:
    """Draw samples and the periods in which a collector ran, in whole seconds."""
    seconds = int((end - start).total_seconds())
    edges = sorted(rng.sample(range(seconds), 8))
    periods = [
        (start + timedelta(seconds=first), start + timedelta(seconds=last))
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    ]
    moments = [start + timedelta(seconds=rng.randrange(seconds)) for _ in range(40)]
    moments += [rng.choice(moments).replace(minute=rng.randrange(60), second=5) for _ in range(20)]
    return sorted({moment: rng.randint(20, 90) for moment in moments}.items()), periods


@pytest.mark.parametrize(
    ("zone", "interval"), product(["UTC", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu"], Interval)
)
async def test_counts_equal_an_independent_walk_through_the_history(stores: Stores, zone, interval):
    rng = random.Random(f"{zone} {interval}")
    now = utc_now().replace(microsecond=0) - timedelta(hours=2)
    query = ActivityQuery.from_last_days(9, guild_id=await add_guild(stores), zone=ZoneInfo(zone), now=now)
    query = replace(query, metric=Metric.MEMBERS, interval=interval)
    samples, periods = draw_history(rng, now - 24 * DAY, now)
    await insert_events(stores, query.guild_id, [EventRow(at, 0, 0, "member_count", count) for at, count in samples])
    for start, end in periods:
        await add_gateway_session(stores, query.guild_id, start, end)
    base = query.shift_back()

    series = await query_timeseries(stores.database, stores.clickhouse, query, now=now)
    (kpi,) = await query_kpis(
        stores.database, stores.clickhouse, query, comparison=base, metrics=[Metric.MEMBERS], now=now
    )

    expected = [
        find_known_count(samples, periods, max(point.start, query.start), min(point.end, query.end, now))
        for point in series.points
    ]
    assert [point.value for point in series.points] == list(kpi.values) == expected
    total = find_known_count(samples, periods, query.start, now)
    assert (series.total, kpi.total) == (total or 0, total)
    windows = align_windows(query, base, now)
    base_total = find_known_count(samples, periods, windows.base.start, windows.base.end)
    assert kpi.change == (Change(total, base_total) if total is not None and base_total is not None else None)


async def test_zone_off_the_full_hour_gives_one_number(stores: Stores):
    midnight = (utc_now() - 5 * DAY).replace(hour=18, minute=30, second=0, microsecond=0)
    zone = ZoneInfo("Asia/Kolkata")
    query = ActivityQuery(await add_guild(stores), midnight - DAY, midnight, metric=Metric.MEMBERS, zone=zone)
    await add_gateway_session(stores, query.guild_id, midnight - 9 * DAY, utc_now())
    minutes = [(-700, 60), (-10, 61), (10, 62), (20, 63)]
    await add_samples(stores, query.guild_id, [(midnight + timedelta(minutes=at), count) for at, count in minutes])

    for interval in Interval:
        series = await query_timeseries(stores.database, stores.clickhouse, replace(query, interval=interval))
        (kpi,) = await query_kpis(
            stores.database,
            stores.clickhouse,
            replace(query, interval=interval),
            comparison=None,
            metrics=[Metric.MEMBERS],
        )
        assert (series.points[-1].value, series.total, kpi.total, kpi.values[-1]) == (61, 61, 61, 61)
        assert not series.approximate


async def test_old_counts_in_a_zone_off_the_full_hour_use_the_newest_of_each_hour(stores: Stores):
    query = replace(MARCH, guild_id=await add_guild(stores), zone=ZoneInfo("Asia/Kolkata"))
    query = replace(query, start=make_utc(2024, 2, 29, 18, 30), end=make_utc(2024, 3, 1, 18, 30))
    await add_gateway_session(stores, query.guild_id, make_utc(2024, 2, 20), make_utc(2024, 3, 5))
    minutes = [((1, 3), 60), ((1, 18, 20), 61), ((1, 18, 40), 62)]
    await add_samples(stores, query.guild_id, [(make_utc(2024, 3, *at), count) for at, count in minutes])

    series = await query_timeseries(stores.database, stores.clickhouse, query, now=datetime(2026, 1, 1, tzinfo=UTC))

    assert (series.total, series.approximate) == (60, True)
