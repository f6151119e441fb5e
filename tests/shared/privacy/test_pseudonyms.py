"""Pseudonyms of members who left 90 days ago: counts stay, and so do distinct members over any window."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.clickhouse.pseudonyms import FIRST_PSEUDONYM
from herwa_shared.models import Member, MembershipPeriod
from herwa_shared.privacy import pseudonyms
from herwa_shared.privacy.pseudonyms import replace_departed_members
from tests.shared.privacy.activity_counts import load_numbers
from tests.support.db_assertions import fetch_rows
from tests.support.row_factories import EventRow, add_guild, insert_events

# Tests share the databases: these times are so long ago that no other test has rows there.
NOW = datetime(1985, 6, 15, 12, 20, tzinfo=UTC)
LEAVER, STAYER, RETURNER = 1_000_000_000_000_000_011, 1_000_000_000_000_000_022, 1_000_000_000_000_000_033
DISTINCT_SQL = """
SELECT toStartOfMonth(hour) AS month, uniqExact(user_id) FROM activity_hourly
WHERE guild_id = {guild:UInt64} AND user_id != 0 GROUP BY month ORDER BY month
"""


async def count_distinct(stores, guild_id):
    return (await stores.clickhouse.query(DISTINCT_SQL, parameters={"guild": guild_id})).result_rows


async def add_periods(stores, guild_id: int, user_id: int, *periods: tuple) -> None:
    async with stores.database.transaction() as session:
        session.add(Member(guild_id=guild_id, user_id=user_id, name="name", joined_at=periods[-1][0]))
        for joined_at, left_at in periods:
            session.add(MembershipPeriod(guild_id=guild_id, user_id=user_id, joined_at=joined_at, left_at=left_at))


@pytest.fixture
async def guild(stores) -> int:
    guild_id = await add_guild(stores)
    times = [NOW - timedelta(days=days, minutes=minutes) for days in (91, 92, 150, 200) for minutes in (0, 7)]
    events = [
        EventRow(at, user, channel, kind, 30)
        for at in times
        for user in (LEAVER, STAYER, RETURNER)
        for channel, kind in ((1, "message"), (2, "voice"))
    ]
    await insert_events(stores, guild_id, events)
    joined_at, left_at = NOW - timedelta(days=300), NOW - timedelta(days=90, hours=2)
    await add_periods(stores, guild_id, LEAVER, (joined_at, left_at))
    await add_periods(stores, guild_id, STAYER, (joined_at, None))
    await add_periods(stores, guild_id, RETURNER, (joined_at, left_at), (NOW - timedelta(days=3), None))
    return guild_id


async def test_member_who_left_90_days_ago_gets_one_pseudonym(stores, guild):
    before, distinct = await load_numbers(stores, guild), await count_distinct(stores, guild)
    assert await replace_departed_members(stores.database, stores.clickhouse_writer, now=NOW) == 1
    after = await load_numbers(stores, guild)
    assert after.counts == before.counts
    assert await count_distinct(stores, guild) == distinct
    [pseudonym] = after.by_member.keys() - {STAYER, RETURNER}
    assert pseudonym >= FIRST_PSEUDONYM
    assert after.by_member[pseudonym] == before.by_member[LEAVER]
    assert after.by_member[STAYER] == before.by_member[STAYER]
    for table in ("member", "membership_period"):
        query = f"SELECT DISTINCT user_id FROM {table} WHERE guild_id = :guild ORDER BY 1"
        assert await fetch_rows(stores, query, guild=guild) == [(STAYER,), (RETURNER,)]
    assert await replace_departed_members(stores.database, stores.clickhouse_writer, now=NOW) == 0


@pytest.mark.slow
async def test_two_guilds_give_a_member_two_pseudonyms(stores, guild):
    other_guild = await add_guild(stores)
    await insert_events(stores, other_guild, [EventRow(NOW - timedelta(days=100), LEAVER)])
    await add_periods(stores, other_guild, LEAVER, (NOW - timedelta(days=300), NOW - timedelta(days=95)))
    await replace_departed_members(stores.database, stores.clickhouse_writer, now=NOW)
    [first] = (await load_numbers(stores, guild)).by_member.keys() - {STAYER, RETURNER}
    [second] = (await load_numbers(stores, other_guild)).by_member
    assert first != second


@pytest.mark.slow
async def test_members_keep_their_pseudonyms_after_an_interruption(stores, guild, monkeypatch):
    before = await load_numbers(stores, guild)
    original = pseudonyms.replace_by_pseudonyms

    async def replace_and_end(*arguments, **options):
        await original(*arguments, **options)
        raise InterruptedError

    monkeypatch.setattr(pseudonyms, "replace_by_pseudonyms", replace_and_end)
    with pytest.raises(InterruptedError):
        await replace_departed_members(stores.database, stores.clickhouse_writer, now=NOW)
    during = await load_numbers(stores, guild)
    monkeypatch.undo()
    await insert_events(stores, guild, [EventRow(NOW - timedelta(days=120), LEAVER)])
    await replace_departed_members(stores.database, stores.clickhouse_writer, now=NOW)
    after = await load_numbers(stores, guild)
    assert during.by_member.keys() == after.by_member.keys()
    assert LEAVER in before.by_member
    assert sum(row[3] for row in after.counts) == sum(row[3] for row in before.counts) + 1
    assert (
        await fetch_rows(stores, "SELECT user_id FROM member WHERE guild_id = :g AND user_id = :u", g=guild, u=LEAVER)
        == []
    )


@pytest.mark.slow
async def test_member_who_returns_is_counted_once(stores, guild):
    await replace_departed_members(stores.database, stores.clickhouse_writer, now=NOW)
    await insert_events(stores, guild, [EventRow(NOW - timedelta(days=1), LEAVER)])
    query = ActivityQuery(guild, NOW - timedelta(days=200, hours=1), NOW, metric=Metric.ACTIVE_MEMBERS)
    query = replace(query, start=query.start.replace(minute=0), end=query.end.replace(minute=0))
    series = await query_timeseries(stores.database, stores.clickhouse, query, now=NOW)
    assert series.total == 3
