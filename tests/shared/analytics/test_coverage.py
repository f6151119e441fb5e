"""Coverage: an interval without events is 0 only while a collector ran, partial otherwise, and None in the future."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from herwa_shared.analytics.coverage import (
    MEMBERS_INTENT,
    Coverage,
    CoverageLevel,
    load_collection_record,
)
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval, PointStatus
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.models import CollectionGap, GuildMembership
from herwa_shared.services.guilds import GuildData, mark_guilds_left, save_guilds
from herwa_shared.stores import Stores
from tests.support.row_factories import (
    EventRow,
    add_gateway_session,
    add_guild,
    add_imported_period,
    insert_events,
    make_utc,
)

NOW = make_utc(2024, 3, 4, 12)


async def list_day_values(stores: Stores, guild_id: int, *, now: datetime = NOW, until: str = "2024-03-05"):
    """List the value of each day from March 1, with a star when it is partial."""
    query = ActivityQuery.parse("2024-03-01", until, guild_id=guild_id)
    timeseries = await query_timeseries(stores.database, stores.clickhouse, query, now=now)
    return [f"{point.value}*" if point.is_partial else point.value for point in timeseries.points]


async def test_days_without_a_collector_are_gaps(stores: Stores):
    assert await list_day_values(stores, await add_guild(stores)) == [None] * 4


async def test_stored_events_without_a_collector_are_partial(stores: Stores):
    guild_id = await add_guild(stores)
    await insert_events(stores, guild_id, [EventRow(make_utc(2024, 3, 2, 5))])

    assert await list_day_values(stores, guild_id) == [None, "1*", None, None]


async def test_day_without_events_is_zero_while_a_collector_runs(stores: Stores):
    guild_id = await add_guild(stores)
    await add_gateway_session(stores, guild_id, make_utc(2024, 3, 1, 12), make_utc(2024, 3, 3))

    assert await list_day_values(stores, guild_id) == ["0*", 0, None, None]


async def test_collector_seen_within_30_seconds_is_running(stores: Stores):
    live_guild_id, dead_guild_id = await add_guild(stores), await add_guild(stores)
    await add_gateway_session(stores, live_guild_id, make_utc(2024, 3, 4), NOW - timedelta(seconds=29))
    await add_gateway_session(stores, dead_guild_id, make_utc(2024, 3, 4), NOW - timedelta(seconds=31))

    assert await list_day_values(stores, live_guild_id) == [None, None, None, 0]
    assert await list_day_values(stores, dead_guild_id) == [None, None, None, "0*"]


async def test_session_that_was_replaced_ends_at_its_last_heartbeat(stores: Stores):
    """The members intent was revoked: joins are not 0 for the half minute in which the session would count as running."""
    guild_id, second = await add_guild(stores), timedelta(seconds=1)

    async def list_ends() -> list[datetime]:
        record = await load_collection_record(stores.database, guild_id, make_utc(2024, 3, 4), NOW, now=NOW)
        return sorted(end for _, end in record.member_event_periods)

    await add_gateway_session(stores, guild_id, make_utc(2024, 3, 4), NOW - 20 * second, intents=MEMBERS_INTENT)
    assert await list_ends() == [NOW]
    await add_gateway_session(stores, guild_id, NOW - 15 * second, NOW - second)
    assert await list_ends() == [NOW - 20 * second]
    # A collector goes on while another takes over from it: it was heard after the other began.
    await add_gateway_session(stores, guild_id, make_utc(2024, 3, 4), NOW - 5 * second, intents=MEMBERS_INTENT)
    assert await list_ends() == [NOW - 20 * second, NOW]


async def test_current_future_and_unrecorded_days_have_different_statuses(stores: Stores):
    guild_id = await add_guild(stores)
    await add_gateway_session(stores, guild_id, make_utc(2024, 3, 2), NOW)
    query = ActivityQuery.parse("2024-03-01", "2024-03-07", guild_id=guild_id)

    timeseries = await query_timeseries(stores.database, stores.clickhouse, query, now=NOW)

    assert [(point.value, point.status.name) for point in timeseries.points] == [
        (None, "NO_DATA"),
        (0, "COMPLETE"),
        (0, "COMPLETE"),
        (0, "CURRENT"),
        (None, "FUTURE"),
        (None, "FUTURE"),
    ]


async def test_gap_between_sessions_makes_the_day_partial_and_overlap_does_not(stores: Stores):
    gap_guild_id, overlap_guild_id = await add_guild(stores), await add_guild(stores)
    await add_gateway_session(stores, gap_guild_id, make_utc(2024, 3, 1), make_utc(2024, 3, 2, 10))
    await add_gateway_session(stores, gap_guild_id, make_utc(2024, 3, 2, 10, 0, 1), NOW)
    await add_gateway_session(stores, overlap_guild_id, make_utc(2024, 3, 1), make_utc(2024, 3, 2, 10))
    await add_gateway_session(stores, overlap_guild_id, make_utc(2024, 3, 2, 9), NOW)

    assert await list_day_values(stores, gap_guild_id) == [0, "0*", 0, 0]
    assert await list_day_values(stores, overlap_guild_id) == [0, 0, 0, 0]


async def test_collector_covers_a_guild_only_during_its_membership(stores: Stores):
    guild_id = await add_guild(stores, joined_at=make_utc(2024, 3, 2), left_at=make_utc(2024, 3, 3, 12))
    await add_gateway_session(stores, guild_id, make_utc(2024, 3, 1), NOW)

    assert await list_day_values(stores, guild_id) == [None, 0, "0*", None]


async def test_rejoining_keeps_earlier_coverage(stores: Stores):
    guild_id = await add_guild(stores, joined_at=make_utc(2024, 3, 1), left_at=make_utc(2024, 3, 2))
    await add_gateway_session(stores, guild_id, make_utc(2024, 3, 1), NOW)
    guild_data = GuildData(guild_id, "Tea", 42, None, 5, joined_at=make_utc(2024, 3, 4))
    for _ in range(2):
        async with stores.database.transaction() as session:
            await save_guilds(session, [guild_data])

    assert await list_day_values(stores, guild_id) == [0, None, None, 0]


async def test_missed_leave_ends_the_membership_at_the_next_join(stores: Stores):
    guild_id = await add_guild(stores, joined_at=make_utc(2024, 3, 1))
    async with stores.database.transaction() as session:
        await save_guilds(session, [GuildData(guild_id, "Tea", 42, None, 5, joined_at=make_utc(2024, 3, 3))])
        await mark_guilds_left(session, [guild_id])
        result = await session.execute(
            select(GuildMembership).where(GuildMembership.guild_id == guild_id).order_by(GuildMembership.joined_at)
        )
        first, second = result.scalars()

    assert first.left_at == second.joined_at == make_utc(2024, 3, 3)
    assert second.left_at is not None


async def test_import_covers_time_before_the_bot_joined(stores: Stores):
    guild_id = await add_guild(stores, joined_at=make_utc(2024, 3, 3))
    await add_imported_period(stores, guild_id, make_utc(2024, 3, 1), make_utc(2024, 3, 3))
    await add_gateway_session(stores, guild_id, make_utc(2024, 3, 1), NOW)

    assert await list_day_values(stores, guild_id) == [0, 0, 0, 0]


async def test_coverage_of_a_clipped_interval_considers_only_the_window(stores: Stores):
    guild_id = await add_guild(stores)
    await add_imported_period(stores, guild_id, make_utc(2024, 3, 2), make_utc(2024, 3, 10))
    query = ActivityQuery.parse("2024-03-02", "2024-03-04", guild_id=guild_id)

    timeseries = await query_timeseries(
        stores.database, stores.clickhouse, replace(query, interval=Interval.MONTH), now=make_utc(2024, 4, 1)
    )

    (month,) = timeseries.points
    assert (month.start, month.value, month.covered_share, month.is_cut) == (make_utc(2024, 3, 1), 0, 1, True)
    assert month.status is PointStatus.PARTIAL


async def test_gap_of_the_guild_has_no_data_and_one_of_a_channel_only_there(stores: Stores):
    guild_id = await add_guild(stores)
    await add_gateway_session(stores, guild_id, make_utc(2024, 3, 1), NOW)
    async with stores.database.transaction() as session:
        session.add(
            CollectionGap(guild_id=guild_id, channel_id=0, from_at=make_utc(2024, 3, 2), to_at=make_utc(2024, 3, 3))
        )
        session.add(CollectionGap(guild_id=guild_id, channel_id=5, from_at=make_utc(2024, 3, 3, 12), to_at=None))
    query = ActivityQuery.parse("2024-03-01", "2024-03-05", guild_id=guild_id)

    async def list_values(channel_id: int | None) -> list[int | str | None]:
        timeseries = await query_timeseries(
            stores.database, stores.clickhouse, replace(query, channel_id=channel_id), now=NOW
        )
        return [f"{point.value}*" if point.is_partial else point.value for point in timeseries.points]

    assert await list_values(None) == [0, None, 0, 0]
    assert await list_values(5) == [0, None, "0*", None]
    assert await list_values(6) == [0, None, 0, 0]


def test_subtracted_periods_are_not_covered():
    days = [(make_utc(2024, 3, start), make_utc(2024, 3, end)) for start, end in [(1, 5), (7, 9)]]
    gaps = [(make_utc(2024, 3, start), make_utc(2024, 3, end)) for start, end in [(2, 3), (4, 8), (8, 8), (9, 10)]]

    assert Coverage.from_periods(days).subtract(gaps).periods == (
        (make_utc(2024, 3, 1), make_utc(2024, 3, 2)),
        (make_utc(2024, 3, 3), make_utc(2024, 3, 4)),
        (make_utc(2024, 3, 8), make_utc(2024, 3, 9)),
    )


def test_intersection_covers_what_both_cover():
    days = [(make_utc(2024, 3, start), make_utc(2024, 3, end)) for start, end in [(1, 5), (7, 9)]]
    others = [(make_utc(2024, 3, start), make_utc(2024, 3, end)) for start, end in [(2, 3), (4, 8), (8, 8), (9, 10)]]

    assert Coverage.from_periods(days).intersect(others).periods == (
        (make_utc(2024, 3, 2), make_utc(2024, 3, 3)),
        (make_utc(2024, 3, 4), make_utc(2024, 3, 5)),
        (make_utc(2024, 3, 7), make_utc(2024, 3, 8)),
    )


@pytest.mark.parametrize(
    ("start", "end", "level"),
    [
        (1, 2, CoverageLevel.NONE),
        (2, 3, CoverageLevel.FULL),
        (2, 4, CoverageLevel.FULL),
        (1, 3, CoverageLevel.PARTIAL),
        (3, 5, CoverageLevel.PARTIAL),
        (4, 6, CoverageLevel.NONE),
        (3, 7, CoverageLevel.PARTIAL),
        (6, 8, CoverageLevel.FULL),
        (8, 9, CoverageLevel.NONE),
        (3, 3, CoverageLevel.NONE),
    ],
)
def test_coverage_level_of_a_period(start, end, level):
    coverage = Coverage.from_periods(
        [
            (make_utc(2024, 3, start_day), make_utc(2024, 3, end_day))
            for start_day, end_day in [(6, 8), (2, 3), (3, 4), (5, 5), (7, 6)]
        ]
    )

    assert coverage.get_level(make_utc(2024, 3, start), make_utc(2024, 3, end)) is level


@pytest.mark.parametrize(("start", "end", "share"), [(1, 2, 0), (2, 4, 1), (1, 5, 0.5), (3, 7, 0.5), (4, 4, 0)])
def test_coverage_share_of_a_period(start, end, share):
    coverage = Coverage.from_periods(
        [(make_utc(2024, 3, start_day), make_utc(2024, 3, end_day)) for start_day, end_day in [(6, 8), (2, 4)]]
    )

    assert coverage.get_share(make_utc(2024, 3, start), make_utc(2024, 3, end)) == share
