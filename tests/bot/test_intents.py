"""Without a privileged intent the bot counts all other events and reports the intent."""

import pytest

from tests.support.bot_process import list_connected_sessions, run_bot_process, wait_until
from tests.support.db_assertions import fetch_rows, list_events, list_message_events, wait_until_stored
from tests.support.sample_server import SampleServer

MEMBERS_INTENT = 1 << 1
NEWEST_SESSION_QUERY = "SELECT intents FROM gateway_session ORDER BY id DESC LIMIT 1"
DETAIL_QUERY = "SELECT detail FROM process WHERE pid = :pid AND stopped_at IS NULL"
MISSING_INTENT_LOG = "Discord does not grant the server members intent: joins and leaves are not counted"


async def get_missing_intents(stores, bot) -> list[str] | None:
    """Return the missing intents in the bot's heartbeat, or None without a heartbeat."""
    rows = await fetch_rows(stores, DETAIL_QUERY, pid=bot.pid)
    return rows[0][0].get("missing_intents") if rows else None


@pytest.mark.slow
async def test_missing_intent_is_detected_before_discord_closes_the_connection(stores, settings, own_sim):
    own_sim.client.set_application(privileged=[])
    server = SampleServer(own_sim.client)
    with run_bot_process(settings, own_sim) as bot:
        await bot.wait_for_log(MISSING_INTENT_LOG)
        await bot.wait_until_ready()
        member = own_sim.client.join(server.id, "carla")
        own_sim.client.send_message(server.channel, member)
        await wait_until_stored(stores, bot)
        await wait_until(lambda: _is_equal(get_missing_intents(stores, bot), ["members"]))
        await wait_until(lambda: _has_intents(stores, granted=False))
        assert await bot.stop() == 0
    assert len(await list_message_events(stores, server.id)) == 1
    assert await list_events(stores, server.id, "join", "leave") == []
    assert "Traceback" not in bot.read_log()


@pytest.mark.slow
async def test_revoked_intent_stops_only_its_own_events(stores, settings, own_sim):
    server = SampleServer(own_sim.client)
    with run_bot_process(settings, own_sim) as bot:
        await bot.wait_until_ready()
        await wait_until(lambda: _is_equal(get_missing_intents(stores, bot), []))
        await wait_until(lambda: _has_intents(stores, granted=True))
        own_sim.client.join(server.id, "carla")
        await wait_until_stored(stores, bot)
        own_sim.client.set_application(privileged=[])
        own_sim.client.invalidate_sessions()
        await bot.wait_for_log(MISSING_INTENT_LOG)
        await wait_until(lambda: list_connected_sessions(own_sim), bot)
        own_sim.client.join(server.id, "dora")
        own_sim.client.send_message(server.channel, server.ada)
        await wait_until_stored(stores, bot)
        await wait_until(lambda: _is_equal(get_missing_intents(stores, bot), ["members"]))
        await wait_until(lambda: _has_intents(stores, granted=False))
    assert len(await list_events(stores, server.id, "join")) == 1
    assert len(await list_message_events(stores, server.id)) == 1


async def _is_equal(awaitable, expected) -> bool:
    return await awaitable == expected


async def _has_intents(stores, *, granted: bool) -> bool:
    """Whether the newest gateway session has, or has not, the members intent."""
    rows = await fetch_rows(stores, NEWEST_SESSION_QUERY)
    return bool(rows and rows[0][0]) and bool(rows[0][0] & MEMBERS_INTENT) is granted
