"""Messages that were sent while the bot did not listen are fetched afterwards, each once, and close the gap."""

from datetime import datetime, timedelta

import pytest

from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval, PointStatus
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.clock import utc_now
from tests.bot.test_gap_tracker import VIEW_CHANNEL, set_overwrites
from tests.support.bot_process import BotProcess, run_bot_process
from tests.support.db_assertions import fetch_rows, list_message_events, move_buffer, wait_until_stored
from tests.support.waiting import wait_until

PERIODS_QUERY = "SELECT count(*) FROM imported_period WHERE guild_id = :g AND source = 'catch_up' AND from_at > :after"
TASKS_QUERY = "SELECT count(*) FROM catch_up_task WHERE guild_id = :g"


async def wait_until_caught_up(stores, bot: BotProcess, guild_id: int, *, after: datetime) -> None:
    """Wait until a period is complete that began after a moment (not the one of an earlier test's bot)."""

    async def is_caught_up() -> bool:
        [(tasks,)] = await fetch_rows(stores, TASKS_QUERY, g=guild_id)
        [(periods,)] = await fetch_rows(stores, PERIODS_QUERY, g=guild_id, after=after)
        return tasks == 0 and periods > 0

    await wait_until(is_caught_up, description="the end of the catch-up", get_details=bot.read_log)
    await wait_until_stored(stores, bot)


async def wait_until_recorded(stores, bot: BotProcess, *, after: datetime) -> None:
    """Wait until everything is stored, and until the bot's gateway session is recorded."""
    await wait_until_stored(stores, bot)

    async def is_recorded() -> bool:
        query = "SELECT count(*) FROM gateway_session WHERE started_at > :after"
        return (await fetch_rows(stores, query, after=after))[0][0] > 0

    await wait_until(is_recorded)


async def list_users(stores, guild_id: int) -> list[int]:
    return sorted(row.user for row in await list_message_events(stores, guild_id))


async def test_messages_sent_while_the_bot_was_killed_are_counted_once(stores, settings, sim, server):
    started_at = utc_now()
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        thread = sim.client.create_thread(server.channel, "aside")
        sim.client.send_message(server.channel, server.ada)
        await wait_until_recorded(stores, bot, after=started_at)
        bot.kill_if_running()
    for _ in range(230):  # more than two pages
        sim.client.send_message(server.channel, server.bob)
    sim.client.send_message(thread, server.ada)
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        sim.client.send_message(server.channel, server.ada)
        await wait_until_caught_up(stores, bot, server.id, after=started_at)
    assert await list_users(stores, server.id) == sorted([server.ada] * 3 + [server.bob] * 230)
    threads = [row.thread for row in await list_message_events(stores, server.id) if row.thread]
    assert threads == [thread]


@pytest.mark.slow
async def test_gap_of_a_killed_bot_is_closed_for_messages_and_remains_for_other_events(stores, settings, sim, server):
    started_at = utc_now()
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        await wait_until_recorded(stores, bot, after=started_at)
        window_start = utc_now().replace(microsecond=0) + timedelta(seconds=1)
        await wait_until(lambda: utc_now() > window_start)  # windows are whole seconds, and this one is covered
        bot.kill_if_running()
    sim.client.send_message(server.channel, server.ada)
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        await wait_until_caught_up(stores, bot, server.id, after=started_at)
        await move_buffer(stores)
        hour = window_start.replace(minute=0, second=0)
        query = ActivityQuery(server.id, window_start, hour + timedelta(hours=2), interval=Interval.HOUR)

        async def is_covered() -> bool:
            """The time since the last heartbeat is not covered yet, so a slow bot needs another look."""
            series = await query_timeseries(stores.database, stores.clickhouse, query)
            assert series.points[0].status in (PointStatus.CURRENT, PointStatus.PARTIAL)
            return series.points[0].covered_share == 1

        await wait_until(is_covered, description="the gap to be covered")


@pytest.mark.slow
async def test_interrupted_catch_up_goes_on_where_it_was(stores, settings, sim, server):
    started_at = utc_now()
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        await wait_until_recorded(stores, bot, after=started_at)
        bot.kill_if_running()
    for _ in range(450):
        sim.client.send_message(server.channel, server.bob)
    sim.client.enable_faults(slow={"share": 1.0, "route": "/messages", "seconds": 0.4})
    try:
        with run_bot_process(settings, sim) as bot:
            await bot.wait_until_ready()

            async def has_first_page() -> bool:
                rows = await fetch_rows(stores, "SELECT fetched FROM catch_up_task WHERE guild_id = :g", g=server.id)
                return bool(rows and rows[0][0])

            await wait_until(has_first_page)
            bot.kill_if_running()
    finally:
        sim.client.disable_faults()
    assert 0 < len(await list_message_events(stores, server.id)) < 450
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        await wait_until_caught_up(stores, bot, server.id, after=started_at)
    assert await list_users(stores, server.id) == [server.bob] * 450


async def test_messages_of_an_outage_of_the_guild_are_fetched(stores, settings, sim, server):
    started_at = utc_now()
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        sim.client.send_message(server.channel, server.ada)
        await wait_until_stored(stores, bot)
        sim.client.set_available(server.id, False)
        sim.client.send_message(server.channel, server.bob)
        await wait_until_stored(stores, bot)
        sim.client.set_available(server.id, True)
        await wait_until_caught_up(stores, bot, server.id, after=started_at)
    assert await list_users(stores, server.id) == sorted([server.ada, server.bob])


@pytest.mark.slow
async def test_messages_of_a_channel_that_was_hidden_are_fetched(stores, settings, sim, server):
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        await wait_until_stored(stores, bot)
        set_overwrites(sim, server.channel, {"id": str(server.id), "type": 0, "allow": "0", "deny": VIEW_CHANNEL})
        sim.client.send_message(server.channel, server.bob)
        await wait_until_stored(stores, bot)
        set_overwrites(sim, server.channel)

        async def is_filled() -> bool:
            query = "SELECT messages_filled FROM collection_gap WHERE guild_id = :g AND channel_id = :c"
            return [tuple(row) for row in await fetch_rows(stores, query, g=server.id, c=server.channel)] == [(True,)]

        await wait_until(is_filled, get_details=bot.read_log)
        await wait_until_stored(stores, bot)
    assert await list_users(stores, server.id) == [server.bob]
