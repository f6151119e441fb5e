"""Start and stop of the bot process, and outages of Discord and of the database in between."""

import asyncio

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.embedded import lease_engines
from herwa_sim.client.store import buy, create_sku
from tests.support.bot_process import list_connected_sessions, run_bot_process, wait_for_acknowledgement, wait_until
from tests.support.db_assertions import StoredEvent, fetch_rows, list_message_events, wait_until_stored
from tests.support.embedded_engines import kill_postgres
from tests.support.sample_server import SampleServer

SESSIONS_QUERY = "SELECT id, started_at, seen_at FROM gateway_session WHERE started_at >= :since ORDER BY id"
SMALL_BUFFER_SCRIPT = """
from herwa_bot.collector.event_writer import EventWriter
EventWriter.__init__.__kwdefaults__["max_pending_events"] = 500
from herwa_bot.__main__ import main
main()
"""


async def test_wrong_token_stops_the_bot_with_the_fix(settings, sim):
    with run_bot_process(settings, sim, DISCORD_TOKEN="wrong.token.here") as bot:
        assert await bot.wait_for_exit() == 2
    assert "set DISCORD_TOKEN to the token of your application's bot" in bot.read_log()
    assert "Traceback" not in bot.read_log()
    assert "wrong.token.here" not in bot.read_log()


@pytest.mark.slow
async def test_bot_waits_for_an_unreachable_discord_at_startup(stores, settings, own_sim):
    server = SampleServer(own_sim.client)
    own_sim.stop()
    with run_bot_process(settings, own_sim) as bot:
        await bot.wait_for_log("Discord connection failed, retrying")
        own_sim.start()
        await wait_until(lambda: len(list_connected_sessions(own_sim)) == 1, bot)
        own_sim.client.send_message(server.channel, server.ada)
        await wait_until_stored(stores, bot)
    assert await list_message_events(stores, server.id) == [StoredEvent("message", server.channel, user=server.ada)]
    assert "Traceback" not in bot.read_log()


async def test_stop_signal_flushes_pending_events_and_stops_the_bot(stores, settings, sim, server, archived_thread):
    archived_server, thread = archived_thread
    message_count = len(await list_message_events(stores, archived_server.id))
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        for _ in range(30):
            sim.client.send_message(server.channel, server.ada)
        sim.client.send_message(thread, archived_server.ada)
        await wait_for_acknowledgement(sim)
        async with asyncio.timeout(10):
            assert await bot.stop() == 0
    assert len(await list_message_events(stores, server.id)) == 30
    assert (await list_message_events(stores, archived_server.id))[message_count:] == [
        StoredEvent("message", archived_server.channel, thread, archived_server.ada)
    ]
    assert await fetch_rows(stores, "SELECT stopped_at IS NULL FROM process WHERE pid = :p", p=bot.pid) == [(False,)]
    assert list_connected_sessions(sim) == []
    assert "Traceback" not in bot.read_log()


@pytest.mark.slow
async def test_gateway_session_survives_resumes_and_ends_when_invalidated(stores, settings, sim, server):
    since = utc_now()

    async def load_sessions():
        return await fetch_rows(stores, SESSIONS_QUERY, since=since)

    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        await wait_until(lambda: check_query(load_sessions, lambda rows: len(rows) == 1))
        sim.client.send_message(server.channel, server.ada)
        sim.client.drop_sockets()
        await wait_until(lambda: [session.resumes for session in list_connected_sessions(sim)] == [1], bot)
        [first_session] = await load_sessions()
        await wait_until(lambda: check_query(load_sessions, lambda rows: rows[0].seen_at > first_session.seen_at))
        sim.client.invalidate_sessions()
        await wait_until(lambda: not list_connected_sessions(sim), bot)
        await wait_until(lambda: list_connected_sessions(sim), bot)
        await wait_for_acknowledgement(sim)
        sim.client.send_message(server.channel, server.bob)
        await wait_until(lambda: check_query(load_sessions, lambda rows: len(rows) == 2))
        assert await bot.stop() == 0
    lost_session, last_session = await load_sessions()
    assert lost_session.id == first_session.id
    assert lost_session.seen_at < last_session.started_at
    assert [row.user for row in await list_message_events(stores, server.id)] == [server.ada, server.bob]


async def check_query(query, predicate) -> bool:
    """Whether the rows of the query fulfill the predicate."""
    return predicate(await query())


@pytest.mark.slow
async def test_server_removal_while_offline_is_detected_at_startup(stores, settings, sim, server):
    with run_bot_process(settings, sim) as first_bot:
        await first_bot.wait_until_ready()
        await wait_until_stored(stores, first_bot)
        assert await first_bot.stop() == 0
    other_server = SampleServer(sim.client)
    sim.client.remove_guild(server.id)
    with run_bot_process(settings, sim) as second_bot:
        await second_bot.wait_until_ready()
        await wait_until_stored(stores, second_bot)
    left_query = "SELECT left_at IS NOT NULL FROM guild WHERE id = :id"
    assert await fetch_rows(stores, left_query, id=server.id) == [(True,)]
    assert await fetch_rows(stores, left_query, id=other_server.id) == [(False,)]


@pytest.mark.slow
async def test_channel_deletion_while_offline_is_detected_at_startup(stores, settings, sim, server):
    channel = sim.client.create_channel(server.id, "soon gone")
    thread = sim.client.create_thread(server.channel, "asleep")
    with run_bot_process(settings, sim) as first_bot:
        await first_bot.wait_until_ready()
        await wait_until_stored(stores, first_bot)
        assert await first_bot.stop() == 0
    sim.client.set_archived(thread, archived=True)
    sim.client.delete_channel(channel)
    with run_bot_process(settings, sim) as second_bot:
        await second_bot.wait_until_ready()
        await wait_until_stored(stores, second_bot)
    deleted_query = "SELECT id FROM channel WHERE guild_id = :g AND deleted"
    assert await fetch_rows(stores, deleted_query, g=server.id) == [(channel,)]


@pytest.mark.slow
async def test_two_bots_with_one_token_count_each_message_once(stores, settings, sim, server):
    with run_bot_process(settings, sim) as old_bot, run_bot_process(settings, sim) as new_bot:
        await wait_until(lambda: len(list_connected_sessions(sim)) == 2)
        people = [server.ada, server.bob] * 40
        for number, user in enumerate(people):
            sim.client.send_message(server.channel, user)
            if number == 40:
                assert await old_bot.stop() == 0
        await wait_until_stored(stores, new_bot)
    assert sorted(row.user for row in await list_message_events(stores, server.id)) == sorted(people)


@pytest.mark.slow
async def test_database_outage_loses_no_event_and_a_full_buffer_stops_reading(stores, settings, folder, sim, server):
    with run_bot_process(settings, sim, "-c", SMALL_BUFFER_SCRIPT) as bot:
        await bot.wait_until_ready()
        sim.client.send_message(server.channel, server.ada)
        await wait_until_stored(stores, bot)
        kill_postgres(folder)
        sim.client.generate_load([server.channel], 3000)
        await bot.wait_for_log("event buffer full, gateway reads paused")
        with lease_engines(settings, folder):
            await bot.wait_for_log("gateway reads resumed")
            await wait_until_stored(stores, bot)
        assert len(await list_message_events(stores, server.id)) == 3001
        assert await bot.stop() == 0


@pytest.mark.slow
async def test_stop_signal_without_database_logs_the_lost_events(stores, settings, folder, sim, server):
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        await wait_until_stored(stores, bot)
        kill_postgres(folder)
        sim.client.send_message(server.channel, server.ada)
        await bot.wait_for_log("flush failed, events kept in memory")
        assert await bot.stop() == 0
    with lease_engines(settings, folder):
        assert "final flush failed, events lost" in bot.read_log()
        assert "Traceback" not in bot.read_log()


@pytest.mark.slow
async def test_purchase_during_an_outage_of_the_database_is_checked_afterwards(stores, settings, folder, sim, server):
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        await wait_until_stored(stores, bot)
        kill_postgres(folder)
        buy(sim.client, server.id, create_sku(sim.client, "Outage"))
        await bot.wait_for_log("entitlements not checked, retrying")
        with lease_engines(settings, folder):
            await wait_until(lambda: has_check_request(stores, server.id), bot)
    assert "Traceback" not in bot.read_log()


async def has_check_request(stores, guild_id: int) -> bool:
    """Whether the worker is asked to check what a guild has bought."""
    return bool(await fetch_rows(stores, "SELECT 1 FROM entitlement_check WHERE guild_id = :guild", guild=guild_id))
