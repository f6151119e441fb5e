"""What is seen at a glance is what the whole answers say."""

import random
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.coverage import MEMBERS_INTENT
from herwa_shared.analytics.kpis import Kpi, kpis
from herwa_shared.analytics.metric_definitions import CHANNEL_METRICS
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval, Metric
from herwa_shared.analytics.timeseries import series_of
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest
from herwa_shared.stores import Stores
from tests.activity import Wrote, add_guild, add_history, add_run, record, utc

KINDS = ["message", "voice", "join", "leave", "reaction", "thread", "member_count", "message_bot", "voice_muted"]
ALL = tuple(Metric)


async def asked(stores: Stores, query: ActivityQuery, *, metrics=ALL, compare=None, now=None) -> dict[Metric, Kpi]:
    found = await kpis(stores.database, stores.clickhouse, query, compare=compare, metrics=metrics, now=now)
    assert [kpi.metric for kpi in found] == list(metrics)
    return {kpi.metric: kpi for kpi in found}


async def some_life(stores: Stores, query: ActivityQuery, *, seed: object) -> None:
    """Events of all kinds around two windows, and collectors and histories that cover them in patches."""
    dice = random.Random(repr(seed))
    first, length = query.start - (query.end - query.start), 2 * (query.end - query.start)

    def moment():
        return first + timedelta(seconds=dice.randrange(int(length.total_seconds())))

    events = [
        Wrote(moment(), dice.randint(1, 9), dice.randint(1, 4), dice.choice(KINDS), dice.randint(1, 4000))
        for _ in range(250)
    ]
    await record(stores, query.guild_id, [replace(one, at=one.at.replace(microsecond=0)) for one in events])
    for _ in range(3):
        start, end = sorted((moment(), moment()))
        await add_run(stores, query.guild_id, start, end, intents=dice.choice([0, MEMBERS_INTENT]))
    await add_history(stores, query.guild_id, *sorted((moment(), moment())))


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("interval", Interval)
@pytest.mark.parametrize("elapsed", [1.0, 0.4])
async def test_each_equals_the_series_of_its_metric(stores: Stores, zone, interval, elapsed):
    then = utc_now() - timedelta(days=10)
    query = ActivityQuery.last(21, guild_id=await add_guild(stores), zone=ZoneInfo(zone), now=then)
    query = replace(query, interval=interval)
    await some_life(stores, query, seed=(zone, interval))
    now = query.start + elapsed * (query.end - query.start)

    found = await asked(stores, query, compare=query.previous(), now=now)

    passed = (now - query.start) // timedelta(hours=1) * timedelta(hours=1)
    before = replace(query.previous(), end=min(query.start, query.previous().start + passed))
    for metric, kpi in found.items():
        series = await series_of(stores.database, stores.clickhouse, replace(query, metric=metric), now=now)
        earlier = await series_of(stores.database, stores.clickhouse, replace(before, metric=metric), now=now)
        assert kpi.points == tuple(point.value for point in series.points)
        assert kpi.total == (series.total if any(point.value is not None for point in series.points) else None)
        assert kpi.earlier == (earlier.total if any(point.value is not None for point in earlier.points) else None)


async def test_of_one_channel_only_what_has_channels_is_told(stores: Stores):
    query = ActivityQuery.between("2024-02-20", "2024-03-12", guild_id=await add_guild(stores))
    await some_life(stores, query, seed="channel")
    here = replace(query, channel_id=2)

    found = await asked(stores, here, compare=query.previous())

    for metric, kpi in found.items():
        if metric in CHANNEL_METRICS:
            series = await series_of(stores.database, stores.clickhouse, replace(here, metric=metric))
            assert kpi.total == series.total
        else:
            assert (kpi.total, kpi.earlier, kpi.change, kpi.points) == (None, None, None, ())


async def test_what_nobody_counted_is_nothing_and_not_0(stores: Stores):
    query = ActivityQuery.between("2024-02-20", "2024-03-12", guild_id=await add_guild(stores))
    await add_history(stores, query.guild_id, query.start, query.end)

    found = await asked(stores, query, compare=query.previous())

    assert {metric: kpi.total for metric, kpi in found.items() if kpi.total is not None} == {
        Metric.MESSAGES: 0,
        Metric.ACTIVE_MEMBERS: 0,
    }
    assert all(kpi.earlier is None and kpi.change is None for kpi in found.values())


async def test_a_running_day_is_compared_with_the_same_hours_of_the_day_before(stores: Stores):
    guild_id = await add_guild(stores)
    query = ActivityQuery(guild_id, utc(2024, 3, 2), utc(2024, 3, 3), interval=Interval.HOUR)
    await add_history(stores, guild_id, utc(2024, 3, 1), utc(2024, 3, 3))
    yesterday = [(1, 8), (1, 9), (1, 10), (1, 11), (1, 23)]
    today = [(2, 0), (2, 9), (2, 10, 30)]
    await record(stores, guild_id, [Wrote(utc(2024, 3, *at)) for at in yesterday + today])

    found = await asked(stores, query, compare=query.previous(), metrics=["messages"], now=utc(2024, 3, 2, 10, 40))

    kpi = found[Metric.MESSAGES]
    assert (kpi.total, kpi.earlier, kpi.change) == (3, 2, 0)
    first_minutes = await asked(
        stores, query, compare=query.previous(), metrics=["messages"], now=utc(2024, 3, 2, 0, 40)
    )
    assert first_minutes[Metric.MESSAGES].change is None


async def test_a_moment_of_restart_does_not_hide_a_change_and_a_lost_day_does(stores: Stores):
    query = ActivityQuery.between("2024-03-08", "2024-03-15", guild_id=await add_guild(stores))
    await record(stores, query.guild_id, [Wrote(utc(2024, 3, day)) for day in (3, 9, 9, 10)])
    await add_run(stores, query.guild_id, utc(2024, 3, 1), utc(2024, 3, 5))
    await add_run(stores, query.guild_id, utc(2024, 3, 5, 0, 30), utc(2024, 3, 15))
    lossy = ActivityQuery.between("2024-03-07", "2024-03-14", guild_id=query.guild_id)

    whole = await asked(stores, query, compare=query.previous(), metrics=["messages"])
    lost = await asked(stores, lossy, compare=lossy.previous(), metrics=["messages"])

    assert whole[Metric.MESSAGES].change == 2
    assert (lost[Metric.MESSAGES].earlier, lost[Metric.MESSAGES].change) == (1, None)


async def test_fewer_leaving_is_good(stores: Stores):
    found = await asked(stores, ActivityQuery.last(7, guild_id=await add_guild(stores)))

    assert [metric for metric, kpi in found.items() if not kpi.rising_is_good] == [Metric.LEAVES]


async def test_thousands_of_points_are_no_glance(stores: Stores):
    query = ActivityQuery.between("2019-01-01", "2023-12-30", guild_id=await add_guild(stores))

    with pytest.raises(BadRequest, match="wider interval"):
        await asked(stores, replace(query, interval=Interval.HOUR), now=utc_now())
