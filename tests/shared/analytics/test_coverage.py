"""A silent interval is 0 only where somebody counted; what is half counted says so; the future is nobody's."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from herwa_shared.analytics.coverage import Coverage, Covered
from herwa_shared.analytics.messages import message_counts
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval
from herwa_shared.models import GuildStay
from herwa_shared.services.guilds import GuildSeen, mark_left, save_guilds
from herwa_shared.stores import Stores
from tests.activity import Wrote, add_guild, add_history, add_run, record, utc

NOW = utc(2024, 3, 4, 12)


async def days(stores: Stores, guild_id: int, *, now: datetime = NOW, until: str = "2024-03-05"):
    """The value of each day from the first of March, and a star where it is partial."""
    query = ActivityQuery.between("2024-03-01", until, guild_id=guild_id)
    series = await message_counts(stores.database, stores.clickhouse, query, now=now)
    return [f"{point.value}*" if point.partial else point.value for point in series.points]


async def test_where_no_collector_ran_silence_is_a_gap(stores: Stores):
    assert await days(stores, await add_guild(stores)) == [None] * 4


async def test_what_is_stored_is_shown_as_partial_where_nobody_is_known_to_have_counted(stores: Stores):
    guild_id = await add_guild(stores)
    await record(stores, guild_id, [Wrote(utc(2024, 3, 2, 5))])

    assert await days(stores, guild_id) == [None, "1*", None, None]


async def test_a_collector_makes_silence_0_while_it_runs(stores: Stores):
    guild_id = await add_guild(stores)
    await add_run(stores, guild_id, utc(2024, 3, 1, 12), utc(2024, 3, 3))

    assert await days(stores, guild_id) == ["0*", 0, None, None]


async def test_a_collector_seen_half_a_minute_ago_is_still_there(stores: Stores):
    alive, dead = await add_guild(stores), await add_guild(stores)
    await add_run(stores, alive, utc(2024, 3, 4), NOW - timedelta(seconds=29))
    await add_run(stores, dead, utc(2024, 3, 4), NOW - timedelta(seconds=31))

    assert await days(stores, alive) == [None, None, None, 0]
    assert await days(stores, dead) == [None, None, None, "0*"]


async def test_today_is_judged_up_to_now_and_tomorrow_not_at_all(stores: Stores):
    guild_id = await add_guild(stores)
    await add_run(stores, guild_id, utc(2024, 2, 1), NOW)

    assert await days(stores, guild_id, until="2024-03-07") == [0, 0, 0, 0, None, None]


async def test_a_moment_between_two_runs_makes_the_day_partial_and_overlapping_runs_do_not(stores: Stores):
    apart, overlapping = await add_guild(stores), await add_guild(stores)
    await add_run(stores, apart, utc(2024, 3, 1), utc(2024, 3, 2, 10))
    await add_run(stores, apart, utc(2024, 3, 2, 10, 0, 1), NOW)
    await add_run(stores, overlapping, utc(2024, 3, 1), utc(2024, 3, 2, 10))
    await add_run(stores, overlapping, utc(2024, 3, 2, 9), NOW)

    assert await days(stores, apart) == [0, "0*", 0, 0]
    assert await days(stores, overlapping) == [0, 0, 0, 0]


async def test_a_collector_counts_for_a_guild_only_while_the_bot_is_in_it(stores: Stores):
    guild_id = await add_guild(stores, joined_at=utc(2024, 3, 2), left_at=utc(2024, 3, 3, 12))
    await add_run(stores, guild_id, utc(2024, 3, 1), NOW)

    assert await days(stores, guild_id) == [None, 0, "0*", None]


async def test_a_bot_that_left_and_came_back_keeps_what_it_had_counted_before(stores: Stores):
    guild_id = await add_guild(stores, joined_at=utc(2024, 3, 1), left_at=utc(2024, 3, 2))
    await add_run(stores, guild_id, utc(2024, 3, 1), NOW)
    again = GuildSeen(guild_id, "Tea", 42, None, 5, joined_at=utc(2024, 3, 4))
    for _ in range(2):
        async with stores.database.transaction() as session:
            await save_guilds(session, [again])

    assert await days(stores, guild_id) == [0, None, None, 0]


async def test_a_leaving_that_nobody_noticed_ends_a_stay_at_the_next_joining(stores: Stores):
    guild_id = await add_guild(stores, joined_at=utc(2024, 3, 1))
    async with stores.database.transaction() as session:
        await save_guilds(session, [GuildSeen(guild_id, "Tea", 42, None, 5, joined_at=utc(2024, 3, 3))])
        await mark_left(session, [guild_id])
        stays = await session.execute(
            select(GuildStay).where(GuildStay.guild_id == guild_id).order_by(GuildStay.joined_at)
        )
        first, second = stays.scalars()

    assert first.left_at == second.joined_at == utc(2024, 3, 3)
    assert second.left_at is not None


async def test_history_that_was_brought_in_counts_even_from_before_the_bot_joined(stores: Stores):
    guild_id = await add_guild(stores, joined_at=utc(2024, 3, 3))
    await add_history(stores, guild_id, utc(2024, 3, 1), utc(2024, 3, 3))
    await add_run(stores, guild_id, utc(2024, 3, 1), NOW)

    assert await days(stores, guild_id) == [0, 0, 0, 0]


async def test_a_clipped_interval_is_judged_by_the_part_in_the_window(stores: Stores):
    guild_id = await add_guild(stores)
    await add_history(stores, guild_id, utc(2024, 3, 2), utc(2024, 3, 10))
    query = ActivityQuery.between("2024-03-02", "2024-03-04", guild_id=guild_id)

    series = await message_counts(
        stores.database, stores.clickhouse, replace(query, interval=Interval.MONTH), now=utc(2024, 4, 1)
    )

    assert [(point.start, point.value, point.partial) for point in series.points] == [(utc(2024, 3, 1), 0, False)]


@pytest.mark.parametrize(
    ("start", "end", "covered"),
    [
        (1, 2, Covered.NOT),
        (2, 3, Covered.WHOLLY),
        (2, 4, Covered.WHOLLY),
        (1, 3, Covered.PARTLY),
        (3, 5, Covered.PARTLY),
        (4, 6, Covered.NOT),
        (3, 7, Covered.PARTLY),
        (6, 8, Covered.WHOLLY),
        (8, 9, Covered.NOT),
        (3, 3, Covered.NOT),
    ],
)
def test_coverage_of_a_stretch(start, end, covered):
    coverage = Coverage.of([(utc(2024, 3, b), utc(2024, 3, e)) for b, e in [(6, 8), (2, 3), (3, 4), (5, 5), (7, 6)]])

    assert coverage.over(utc(2024, 3, start), utc(2024, 3, end)) is covered


@pytest.mark.parametrize(("start", "end", "share"), [(1, 2, 0), (2, 4, 1), (1, 5, 0.5), (3, 7, 0.5), (4, 4, 0)])
def test_which_part_of_a_stretch_was_counted(start, end, share):
    coverage = Coverage.of([(utc(2024, 3, b), utc(2024, 3, e)) for b, e in [(6, 8), (2, 4)]])

    assert coverage.share(utc(2024, 3, start), utc(2024, 3, end)) == share
