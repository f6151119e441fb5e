"""Messages that were sent while the bot did not listen are fetched afterwards, each once, and close the gap."""

from collections import Counter
from datetime import datetime, timedelta

import pytest

from herwa_bot.collector.catch_up import SESSION_MARGIN
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Interval, PointStatus
from herwa_shared.analytics.timeseries import query_timeseries
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import PERMISSIONS
from tests.bot.test_gap_tracker import VIEW_CHANNEL, set_overwrites, wait_for_users
from tests.support.bot_process import BotProcess, run_bot_process
from tests.support.db_assertions import fetch_rows, list_message_events, move_buffer, wait_until_stored
from tests.support.sample_server import SampleServer
from tests.support.waiting import wait_until

HISTORY_PERMISSIONS = PERMISSIONS["view_channel"] | PERMISSIONS["read_message_history"]
THREAD_LISTS = {
    "public": "/threads/archived/public",
    "joined": "/users/@me/threads/archived/private",
    "private": "/threads/archived/private",
    "active": "/threads/active",
}
PERIODS_QUERY = "SELECT count(*) FROM imported_period WHERE guild_id = :g AND source = 'catch_up' AND to_at > :after"
TASKS_QUERY = "SELECT count(*) FROM catch_up_task WHERE guild_id = :g"
OPEN_PERIODS_QUERY = "SELECT count(*) FROM catch_up_period WHERE guild_id = :g"


async def count_complete_periods(stores, guild_id: int, *, restarted_at: datetime) -> int:
    """Count the complete periods before a session that began after a restart."""
    [(periods,)] = await fetch_rows(stores, PERIODS_QUERY, g=guild_id, after=restarted_at + SESSION_MARGIN)
    return periods


async def wait_until_caught_up(stores, bot: BotProcess, guild_id: int, *, restarted_at: datetime) -> None:
    """Wait until all periods are complete, with that before the session after a restart."""

    async def is_caught_up() -> bool:
        [(open_periods,)] = await fetch_rows(stores, OPEN_PERIODS_QUERY, g=guild_id)
        return open_periods == 0 and await count_complete_periods(stores, guild_id, restarted_at=restarted_at) > 0

    await wait_until(is_caught_up, description="the end of the catch-up", get_details=bot.read_log)
    await wait_until_stored(stores, bot)


async def wait_until_listing(stores, guild_id: int) -> None:
    """Wait until only archived threads are left to be listed, and `herwa status` says so."""

    async def is_listing() -> bool:
        [(tasks,)] = await fetch_rows(stores, TASKS_QUERY, g=guild_id)
        query = "SELECT count(*) FROM catch_up_period WHERE guild_id = :g AND NOT threads_listed"
        [(periods,)] = await fetch_rows(stores, query, g=guild_id)
        query = "SELECT detail FROM process WHERE name = 'bot' ORDER BY id DESC LIMIT 1"
        [(detail,)] = await fetch_rows(stores, query)
        return tasks == 0 and periods > 0 and detail.get("catch_up", {}).get("pending_listings", 0) > 0

    await wait_until(is_listing, description="the listing of archived threads")


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
    restarted_at = utc_now()
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        sim.client.send_message(server.channel, server.ada)
        await wait_until_caught_up(stores, bot, server.id, restarted_at=restarted_at)
    assert await list_users(stores, server.id) == sorted([server.ada] * 3 + [server.bob] * 230)
    threads = [row.thread for row in await list_message_events(stores, server.id) if row.thread]
    assert threads == [thread]


@pytest.mark.slow
async def test_messages_of_threads_that_were_archived_meanwhile_are_counted_once(stores, settings, sim, server):
    """GUILD_CREATE does not name these threads. The gap is closed only after they were listed and fetched."""
    started_at, client = utc_now(), sim.client
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        public = client.create_thread(server.channel, "aside")
        reopened = client.create_thread(server.channel, "last week")
        quiet = client.create_thread(server.channel, "quiet")
        for thread in (public, reopened, quiet):
            client.send_message(thread, server.ada)
        for thread in (reopened, quiet):
            client.set_archived(thread, True)
        question = client.send_message(server.channel, server.ada)
        await wait_until_recorded(stores, bot, after=started_at)
        bot.kill_if_running()
    private = client.create_thread(server.channel, "moderators", private=True)
    on_message = client.create_thread(server.channel, "answers", message_id=question)
    client.set_archived(reopened, False)
    for thread in (public, reopened, private, on_message):
        client.send_message(thread, server.bob)
        client.set_archived(thread, True)
    client.send_message(server.channel, server.bob)
    client.enable_faults(slow={"share": 1.0, "route": "/threads/archived", "seconds": 60})
    restarted_at = utc_now()
    try:
        with run_bot_process(settings, sim) as bot:
            await bot.wait_until_ready()
            await wait_until_listing(stores, server.id)
            assert await list_users(stores, server.id) == sorted([server.ada] * 4 + [server.bob])
            assert await count_complete_periods(stores, server.id, restarted_at=restarted_at) == 0
            client.set_archived(public, False)
            client.send_message(public, server.ada)
            await wait_until_stored(stores, bot)
            bot.kill_if_running()
    finally:
        client.disable_faults()
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        await wait_until_caught_up(stores, bot, server.id, restarted_at=restarted_at)
    rows = await list_message_events(stores, server.id)
    assert {row.channel for row in rows} == {server.channel}
    assert sorted((row.thread, row.user) for row in rows) == sorted(
        [(thread, server.ada) for thread in (0, public, public, reopened, quiet)]
        + [(thread, server.bob) for thread in (0, public, reopened, private, on_message)]
    )


def count_thread_requests(sim) -> Counter[str]:
    """Count the requests for lists of threads since the last call, by the list."""
    entries = sim.client.read_journal(on=True).calls
    routes = [entry["route"] for entry in entries if "/threads/" in entry["route"] and entry["method"] == "GET"]
    return Counter(next(name for name, ending in THREAD_LISTS.items() if route.endswith(ending)) for route in routes)


@pytest.mark.slow
async def test_only_lists_that_can_have_a_missed_thread_are_requested(stores, settings, own_sim):
    """Threads are created and archived while the bot does not run, each in a channel of its own."""
    client = own_sim.client
    client.read_journal(on=True)
    server = SampleServer(client)
    names = ("message", "plain", "private", "reopened", "quiet 1", "quiet 2", "quiet 3")
    on_message, plain, private, reopened, *_ = (client.create_channel(server.id, name) for name in names)
    news, forum = client.create_channel(server.id, "news", type_=5), client.create_channel(server.id, "forum", type_=15)
    text_channels = len(names) + 1

    async def run_bot(*, restarted: bool = True) -> Counter[str]:
        """Run the bot until it has caught up, and kill it; return its requests for lists of threads."""
        started_at = utc_now()
        count_thread_requests(own_sim)
        with run_bot_process(settings, own_sim) as bot:
            await bot.wait_until_ready()
            if restarted:
                await wait_until_caught_up(stores, bot, server.id, restarted_at=started_at)
            await wait_until_recorded(stores, bot, after=started_at)
            bot.kill_if_running()
        return count_thread_requests(own_sim)

    await run_bot(restarted=False)
    everything = {"public": text_channels + 2, "private": text_channels, "active": 1}
    assert await run_bot() == everything  # nothing is known about the channels yet
    threads = [client.create_thread(reopened, "old", message_id=client.send_message(reopened, server.ada))]
    client.set_archived(threads[0], True)
    assert await run_bot() == {"public": 2, "private": text_channels, "active": 1}
    question = client.send_message(on_message, server.ada)
    assert await run_bot() == {"public": 3, "private": text_channels, "active": 1}
    client.set_archived(threads[0], False)
    threads += [
        client.create_thread(on_message, "from a message", message_id=question),
        client.create_thread(plain, "without a message"),
        client.create_thread(private, "private", private=True),
        client.create_thread(news, "news", message_id=client.send_message(news, server.ada)),
    ]
    for thread in threads:
        client.send_message(thread, server.bob)
    posts = [client.create_post(forum, "post", owner_id=server.bob)]
    for thread in (*threads, *posts):
        client.set_archived(thread, True)
    assert await run_bot() == {"public": 5, "private": text_channels, "active": 1}
    rows = await list_message_events(stores, server.id)
    parents = (reopened, on_message, plain, private, news, forum)
    assert sorted((row.channel, row.thread) for row in rows if row.user == server.bob) == sorted(
        zip(parents, (*threads, *posts), strict=True)
    )
    assert sorted(row.channel for row in rows if row.user == server.ada) == sorted([reopened, on_message, news])

    client.update_role(server.id, server.id + 1, permissions=HISTORY_PERMISSIONS)  # without Manage Threads
    client.join_thread(threads[3], client.get_snapshot().application_id)
    client.set_archived(threads[3], False)
    client.send_message(threads[3], server.bob)
    client.set_archived(threads[3], True)
    assert await run_bot() == {"public": 5, "joined": text_channels, "active": 2}
    assert [row.thread for row in await list_message_events(stores, server.id)].count(threads[3]) == 2


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
    restarted_at = utc_now()
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        await wait_until_caught_up(stores, bot, server.id, restarted_at=restarted_at)
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
    restarted_at = utc_now()
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        await wait_until_caught_up(stores, bot, server.id, restarted_at=restarted_at)
    assert await list_users(stores, server.id) == [server.bob] * 450


async def test_messages_of_an_outage_of_the_guild_are_fetched(stores, settings, sim, server):
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        sim.client.send_message(server.channel, server.ada)
        await wait_until_stored(stores, bot)
        sim.client.set_available(server.id, False)
        sim.client.send_message(server.channel, server.bob)
        await wait_until_stored(stores, bot)
        sim.client.set_available(server.id, True)
        await wait_for_users(stores, server.id, [server.ada, server.bob])


@pytest.mark.slow
async def test_messages_of_a_channel_that_was_hidden_are_fetched(stores, settings, sim, server):
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        thread, archived = sim.client.create_thread(server.channel, "a"), sim.client.create_thread(server.channel, "b")
        await wait_until_stored(stores, bot)
        set_overwrites(sim, server.channel, {"id": str(server.id), "type": 0, "allow": "0", "deny": VIEW_CHANNEL})
        for channel in (server.channel, thread, archived):
            sim.client.send_message(channel, server.bob)
        sim.client.set_archived(archived, True)
        await wait_until_stored(stores, bot)
        set_overwrites(sim, server.channel)

        async def is_filled() -> bool:
            query = "SELECT messages_filled FROM collection_gap WHERE guild_id = :g AND channel_id = :c"
            return [tuple(row) for row in await fetch_rows(stores, query, g=server.id, c=server.channel)] == [(True,)]

        await wait_until(is_filled, get_details=bot.read_log)
        await wait_until_stored(stores, bot)
    rows = await list_message_events(stores, server.id)
    assert sorted((row.thread, row.user) for row in rows) == [
        (id_, server.bob) for id_ in sorted([0, thread, archived])
    ]


@pytest.mark.slow
@pytest.mark.parametrize("denied", [PERMISSIONS["view_channel"], PERMISSIONS["read_message_history"]])
async def test_gap_is_not_closed_if_a_channel_cannot_be_read_after_it(stores, settings, sim, server, denied):
    """Without Read Message History, Discord responds with no messages instead of an error."""
    started_at = utc_now()
    other = sim.client.create_channel(server.id, "other")
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        await wait_until_recorded(stores, bot, after=started_at)
        bot.kill_if_running()
    for channel in (server.channel, other):
        sim.client.send_message(channel, server.bob)
    set_overwrites(sim, other, {"id": str(server.id), "type": 0, "allow": "0", "deny": str(denied)})
    restarted_at = utc_now()
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()

        async def has_ended() -> bool:
            [(periods,)] = await fetch_rows(stores, OPEN_PERIODS_QUERY, g=server.id)
            return periods == 0 and len(await list_users(stores, server.id)) > 0

        await wait_until(has_ended, description="the end of the catch-up", get_details=bot.read_log)
    assert await list_users(stores, server.id) == [server.bob]
    assert await count_complete_periods(stores, server.id, restarted_at=restarted_at) == 0
