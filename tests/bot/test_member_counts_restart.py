"""A number of members that does not change is known after every restart, and unknown in between."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from herwa_shared.analytics.coverage import load_collection_record
from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.clock import utc_now
from tests.support.bot_process import run_bot_process
from tests.support.db_assertions import fetch_rows, move_buffer, wait_until_stored
from tests.support.waiting import wait_until

SAMPLES_QUERY = "SELECT at_ms, value FROM event_buffer WHERE guild_id = :g AND kind = 'member_count' ORDER BY at_ms"


async def run_until_sampled(stores, settings, sim, guild_id: int, *, samples: int) -> None:
    """Run a bot until it has stored so many samples; then kill it."""

    async def is_sampled() -> bool:
        """Return whether the samples are stored and a later heartbeat of the session covers them."""
        rows = await fetch_rows(stores, SAMPLES_QUERY, g=guild_id)
        [[seen_at]] = await fetch_rows(stores, "SELECT max(seen_at) FROM gateway_session")
        return len(rows) >= samples and seen_at.timestamp() * 1000 > rows[-1][0]

    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        await wait_until(is_sampled, description="the sample of the session")
        await wait_until_stored(stores, bot)
        bot.kill_if_running()


@pytest.mark.slow
async def test_each_session_begins_with_a_sample_that_holds_until_its_end(stores, settings, sim, server):
    for samples in (1, 2):
        await run_until_sampled(stores, settings, sim, server.id, samples=samples)
    rows = await fetch_rows(stores, SAMPLES_QUERY, g=server.id)
    members = len(sim.client.get_guild(server.id)["member_list"])
    assert [value for _, value in rows] == [members, members]
    await move_buffer(stores)

    now = utc_now() + timedelta(minutes=5)  # both sessions have ended by then
    start = now.replace(microsecond=0) - timedelta(hours=2)
    query = ActivityQuery(server.id, start, start + timedelta(hours=4), metric=Metric.MEMBERS, interval=Interval.HOUR)
    record = await load_collection_record(stores.database, server.id, query.start, query.end, now=now)
    periods = record.build_coverage(get_definition(Metric.MEMBERS), {}).periods[-2:]
    for (at_ms, _), (period_start, period_end) in zip(rows, periods, strict=True):
        assert period_start <= datetime.fromtimestamp(at_ms / 1000, UTC) < period_end

    async def find_members(start: datetime, end: datetime) -> int | None:
        window = replace(query, start=start.replace(microsecond=0), end=end.replace(microsecond=0), interval="month")
        series = await query_timeseries(stores.database, stores.clickhouse, window, now=now)
        return series.points[0].value

    last_end = periods[-1][1]
    assert await find_members(last_end - timedelta(seconds=1), last_end + timedelta(seconds=1)) == members
    assert await find_members(last_end + timedelta(seconds=1), last_end + timedelta(minutes=1)) is None
