"""Members before the first sample are estimated from the days on which those who are still here joined, and marked."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.compared_series import query_compared_series
from herwa_shared.analytics.kpis import query_kpis
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval, PointStatus, TimeSeries
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.models import CollectionGap
from herwa_shared.services.growth_estimates import list_guilds_without_growth, save_growth
from herwa_shared.stores import Stores
from tests.support.row_factories import EventRow, add_gateway_session, add_guild, insert_events, make_utc

FIRST_SAMPLE = make_utc(2024, 3, 5, 10)
NOW = make_utc(2024, 3, 7, 12)
MARCH = ActivityQuery(0, make_utc(2024, 3, 1), make_utc(2024, 3, 9), metric=Metric.MEMBERS)
JOINED = {date(2024, 2, 1): 10, date(2024, 3, 2): 3, date(2024, 3, 4): 1, date(2024, 3, 6): 50}
ESTIMATED, NO_DATA = PointStatus.ESTIMATED, PointStatus.NO_DATA


async def add_growth(stores: Stores, guild_id: int, joined: dict[date, int] = JOINED, *, now: datetime = NOW) -> None:
    async with stores.database.transaction() as session:
        await save_growth(session, guild_id=guild_id, joined_by_day=joined, listed_at=now)


async def add_grown_guild(stores: Stores, *, has_sample: bool = True) -> int:
    """Add a guild that the bot joined on March 5, where it found 20 members."""
    guild_id = await add_guild(stores, joined_at=FIRST_SAMPLE - timedelta(minutes=1))
    await add_growth(stores, guild_id)
    await add_gateway_session(stores, guild_id, FIRST_SAMPLE - timedelta(hours=5), NOW)
    if has_sample:
        await insert_events(stores, guild_id, [EventRow(FIRST_SAMPLE, 0, 0, "member_count", 20)])
    return guild_id


async def query_series(stores: Stores, query: ActivityQuery, *, now: datetime = NOW) -> TimeSeries:
    return await query_timeseries(stores.database, stores.clickhouse, query, now=now)


def list_values(series: TimeSeries) -> list[object]:
    """Return the values; an estimate is a text with a tilde."""
    return [f"~{point.value}" if point.status is ESTIMATED else point.value for point in series.points]


async def test_days_before_the_first_sample_are_estimated(stores: Stores):
    query = replace(MARCH, guild_id=await add_grown_guild(stores))

    series = await query_series(stores, query)

    assert list_values(series) == ["~10", "~13", "~13", "~14", 20, 20, 20, None]
    assert (series.total, series.is_estimated, series.has_estimates) == (20, False, True)
    (kpi,) = await query_kpis(
        stores.database, stores.clickhouse, query, comparison=None, metrics=[Metric.MEMBERS], now=NOW
    )
    assert (kpi.total, kpi.is_estimated, kpi.values) == (20, False, (*[None] * 4, 20, 20, 20, None))


async def test_window_before_the_first_sample_has_an_estimated_total_and_no_change(stores: Stores):
    query = replace(MARCH, guild_id=await add_grown_guild(stores), end=make_utc(2024, 3, 4))
    base = query.shift_back()

    for compared_query, comparison in ((query, base), (replace(query, start=FIRST_SAMPLE, end=NOW), query)):
        compared = await query_compared_series(stores.database, stores.clickhouse, compared_query, comparison, now=NOW)
        (kpi,) = await query_kpis(
            stores.database,
            stores.clickhouse,
            compared_query,
            comparison=comparison,
            metrics=[Metric.MEMBERS],
            now=NOW,
        )
        is_estimated = compared_query is query
        assert (compared.series.total, compared.series.is_estimated) == (13 if is_estimated else 20, is_estimated)
        assert (kpi.total, kpi.is_estimated) == (compared.series.total, is_estimated)
        assert compared.comparison is not None
        assert compared.comparison.is_estimated
        assert (compared.change, kpi.change) == (None, None)


async def test_gap_after_the_first_sample_is_not_estimated(stores: Stores):
    query = replace(MARCH, guild_id=await add_grown_guild(stores))
    async with stores.database.transaction() as session:
        session.add(CollectionGap(guild_id=query.guild_id, channel_id=0, from_at=make_utc(2024, 3, 5, 12), to_at=None))

    assert list_values(await query_series(stores, query)) == ["~10", "~13", "~13", "~14", 20, None, None, None]
    window = replace(query, start=make_utc(2024, 3, 6))
    assert [point.status for point in (await query_series(stores, window)).points[:2]] == [NO_DATA] * 2


async def test_estimate_reaches_to_the_listing_while_there_is_no_sample(stores: Stores):
    query = replace(MARCH, guild_id=await add_grown_guild(stores, has_sample=False))

    series = await query_series(stores, query)

    assert list_values(series) == ["~10", "~13", "~13", "~14", "~14", "~64", "~64", None]
    assert (series.total, series.is_estimated) == (64, True)


async def test_nothing_is_estimated_before_the_first_join_or_without_a_listing(stores: Stores):
    query = replace(
        MARCH, guild_id=await add_grown_guild(stores), start=make_utc(2024, 1, 30), end=make_utc(2024, 2, 4)
    )
    assert list_values(await query_series(stores, query)) == [None, None, "~10", "~10", "~10"]
    unlisted_query = replace(query, guild_id=await add_guild(stores))
    assert list_values(await query_series(stores, unlisted_query)) == [None] * 5


@pytest.mark.parametrize(
    ("interval", "zone", "expected"),
    [
        (Interval.WEEK, "UTC", ["~13", 20]),
        (Interval.MONTH, "UTC", [20]),
        # Midnight in Tokyo is 15:00 UTC: joins count from the midnight (UTC) after them.
        (Interval.DAY, "Asia/Tokyo", ["~10", "~10", "~13", "~13", 20, 20, 20, None]),
        (Interval.DAY, "Asia/Kolkata", ["~10", "~10", "~13", "~13", 20, 20, 20, None]),
    ],
)
async def test_estimate_in_every_interval_and_zone(stores: Stores, interval, zone, expected):
    query = replace(MARCH, guild_id=await add_grown_guild(stores), interval=interval, zone=ZoneInfo(zone))
    shift = query.start.astimezone(query.zone).utcoffset()
    query = replace(query, start=query.start - shift, end=query.end - shift)

    assert list_values(await query_series(stores, query)) == expected


async def test_hours_of_the_first_day_are_estimated_until_the_first_sample(stores: Stores):
    query = replace(MARCH, guild_id=await add_grown_guild(stores), start=make_utc(2024, 3, 4, 22))
    query = replace(query, end=make_utc(2024, 3, 5, 12), interval=Interval.HOUR)

    assert list_values(await query_series(stores, query)) == ["~13", *["~14"] * 11, 20, 20]


async def test_other_metrics_are_not_estimated(stores: Stores):
    query = replace(MARCH, guild_id=await add_grown_guild(stores), metric=Metric.MESSAGES)

    assert list_values(await query_series(stores, query))[:4] == [None] * 4


async def test_only_guilds_without_a_listing_are_listed_and_the_first_listing_is_kept(stores: Stores):
    new, listed, left = (
        await add_guild(stores),
        await add_guild(stores),
        await add_guild(stores, left_at=make_utc(2024, 1, 1)),
    )
    await add_growth(stores, listed)
    await add_growth(stores, listed, {date(2024, 3, 1): 1})
    await add_growth(stores, 5)  # an unknown guild

    async with stores.database.transaction() as session:
        guild_ids = await list_guilds_without_growth(session)

    assert {new, listed, left, 5} & set(guild_ids) == {new}
    query = replace(MARCH, guild_id=listed, end=make_utc(2024, 3, 2))
    assert list_values(await query_series(stores, query)) == ["~10"]
