"""Times to the first response of tickets: median and 90th percentile, compared with plain Python."""

import math
import random
import statistics
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.first_responses import compute_long_wait, compute_median
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval, PointStatus
from herwa_shared.analytics.ticket_summary import load_ticket_summary
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.models import SupportChannel
from herwa_shared.privacy.choices import set_opt_out
from tests.support.row_factories import add_gateway_session, add_guild, add_ticket, make_utc

NOW = make_utc(2024, 3, 4)
MARCH_QUERY = ActivityQuery(0, make_utc(2024, 3, 1), NOW, metric=Metric.FIRST_RESPONSE_SECONDS)


def expect_median(seconds: list[int]) -> int | None:
    return math.floor(statistics.median(seconds) + 0.5) if seconds else None


async def query_series(stores, query):
    return await query_timeseries(stores.database, stores.clickhouse, query, now=NOW)


@pytest.mark.parametrize("count", [1, 2, 3, 9, 10, 11, 100])
def test_median_and_90th_percentile_match_plain_python(count):
    seconds = [random.Random(count).randint(0, 10_000) for _ in range(count)]
    assert compute_median(seconds) == expect_median(seconds)
    within = sorted(value for value in seconds if sum(other <= value for other in seconds) >= 0.9 * count)
    assert compute_long_wait(seconds) == within[0]


async def test_ticket_counts_for_the_interval_in_which_it_was_opened(stores):
    query = replace(MARCH_QUERY, guild_id=await add_guild(stores))
    await add_gateway_session(stores, query.guild_id, make_utc(2024, 2, 1), NOW)
    for at, seconds in (((1, 23), 7_200), ((1, 1), 60.9), ((2, 5), 30), ((2, 6), 41), ((2, 7), None)):
        await add_ticket(stores, query.guild_id, make_utc(2024, 3, *at), seconds=seconds)
    await add_ticket(stores, query.guild_id, query.start - timedelta(seconds=1), seconds=5)
    await add_ticket(stores, query.guild_id, query.end, seconds=5)
    series = await query_series(stores, query)
    assert [point.value for point in series.points] == [3630, 36, None]
    assert [point.status for point in series.points] == [
        PointStatus.COMPLETE,
        PointStatus.COMPLETE,
        PointStatus.NO_DATA,
    ]
    assert series.total == 51  # of 30, 41, 60 and 7200


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
async def test_random_tickets_match_an_independent_count(stores, zone):
    rng = random.Random(zone)
    query = replace(
        MARCH_QUERY,
        guild_id=await add_guild(stores),
        start=make_utc(2024, 2, 20, 3, 10),
        zone=ZoneInfo(zone),
        interval=Interval.DAY,
    )
    tickets = [(query.start + timedelta(seconds=rng.randint(0, 1_100_000)), rng.randint(0, 99_999)) for _ in range(60)]
    for opened_at, seconds in tickets:
        await add_ticket(stores, query.guild_id, opened_at, seconds=seconds)
    series = await query_series(stores, query)
    counted = [(at, seconds) for at, seconds in tickets if at < query.end]
    for point in series.points:
        day = point.start.astimezone(query.zone).date()
        assert point.value == expect_median([s for at, s in counted if at.astimezone(query.zone).date() == day])
    assert series.total == expect_median([seconds for _, seconds in counted])


async def test_summary_counts_opened_answered_open_and_responders(stores):
    guild_id = await add_guild(stores)
    query = replace(MARCH_QUERY, guild_id=guild_id)
    async with stores.database.transaction() as session:
        assert await load_ticket_summary(session, query) is None
        session.add(SupportChannel(guild_id=guild_id, channel_id=5))
        await session.flush()
        assert (await load_ticket_summary(session, query)).opened_count == 0
    for seconds, responder, closed in ((60, 8, True), (120, 8, False), (600, 9, True), (10, 0, True), (None, 0, False)):
        await add_ticket(stores, guild_id, make_utc(2024, 3, 2), seconds=seconds, responder=responder, closed=closed)
    async with stores.database.transaction() as session:
        summary = await load_ticket_summary(session, query)
    assert (summary.opened_count, summary.answered_count, summary.open_count) == (5, 4, 2)
    assert (summary.median_seconds, summary.long_wait_seconds) == (90, 600)
    assert summary.responders == [(8, 2), (9, 1)]
    async with stores.database.transaction() as session:
        await set_opt_out(session, guild_id=guild_id, user_id=8, opted_out=True)
        assert await load_ticket_summary(session, query) == replace(summary, responders=[(9, 1)])
