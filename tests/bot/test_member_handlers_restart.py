"""Voice time and threads are counted once across restarts and new gateway sessions."""

import time

import pytest

from tests.bot.payloads import VOICE_CHANNEL_TYPE
from tests.support.bot_process import run_bot_process
from tests.support.db_assertions import StoredEvent, fetch_rows, list_events, wait_until_stored

VOICE_SESSION_QUERY = "SELECT since_ms, open FROM voice_session WHERE guild_id = :g AND user_id = :u"


@pytest.mark.slow
async def test_voice_session_survives_a_killed_bot(stores, settings, sim, server):
    cafe = sim.client.create_channel(server.id, "café", type_=VOICE_CHANNEL_TYPE)
    with run_bot_process(settings, sim) as first_bot:
        await first_bot.wait_until_ready()
        started_at = time.monotonic()
        sim.client.move_member(server.id, server.ada, cafe)
        sim.client.move_member(server.id, server.bob, cafe)
        await wait_until_stored(stores, first_bot)
        [(since, _)] = await fetch_rows(stores, VOICE_SESSION_QUERY, g=server.id, u=server.ada)
        first_bot.kill_if_running()
    sim.client.move_member(server.id, server.bob, None)
    with run_bot_process(settings, sim) as second_bot:
        await second_bot.wait_until_ready()
        await wait_until_stored(stores, second_bot)
        assert await fetch_rows(stores, VOICE_SESSION_QUERY, g=server.id, u=server.ada) == [(since, True)]
        [(_, is_bob_present)] = await fetch_rows(stores, VOICE_SESSION_QUERY, g=server.id, u=server.bob)
        assert not is_bob_present
        sim.client.move_member(server.id, server.ada, None)
        await wait_until_stored(stores, second_bot)
    seconds = {server.ada: 0, server.bob: 0}
    for row in await list_events(stores, server.id, "voice"):
        seconds[row.user] += row.value
    assert seconds[server.bob] <= seconds[server.ada] <= time.monotonic() - started_at


@pytest.mark.slow
async def test_threads_sent_to_a_new_session_are_not_counted_as_opened(stores, settings, sim, server):
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        thread = sim.client.create_thread(server.channel, "aside", owner_id=server.ada)
        await wait_until_stored(stores, bot)
        sim.client.invalidate_sessions()
        await bot.wait_until_ready()
        await wait_until_stored(stores, bot)
    assert await list_events(stores, server.id, "thread") == [StoredEvent("thread", server.channel, thread, server.ada)]
