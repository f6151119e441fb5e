"""Tickets that were opened, answered or closed while no bot ran."""

import pytest

from herwa_shared.models import SupportChannel
from tests.support.bot_process import run_bot_process
from tests.support.db_assertions import fetch_rows, wait_until_stored
from tests.support.sample_server import SampleServer
from tests.support.waiting import wait_until

TICKETS_QUERY = "SELECT thread_id, responder_id, closed FROM ticket WHERE guild_id = :g ORDER BY opened_at"


@pytest.mark.slow
async def test_tickets_are_caught_up_after_a_restart(stores, settings, own_sim):
    server = SampleServer(own_sim.client)
    client = own_sim.client
    with run_bot_process(settings, own_sim) as bot:
        await bot.wait_until_ready()
        await wait_until_stored(stores, bot)
        async with stores.database.transaction() as session:
            session.add(SupportChannel(guild_id=server.id, channel_id=server.channel))
        answered_later, closed_later = (
            client.create_thread(server.channel, name, owner_id=server.ada) for name in ("first", "second")
        )
        await wait_until_stored(stores, bot)
        assert await bot.stop() == 0
    client.send_message(answered_later, server.ada)
    client.send_message(answered_later, server.bob)
    client.set_archived(closed_later, archived=True)
    opened_later = client.create_thread(server.channel, "third", owner_id=server.bob)
    for user in (server.robot, server.bob, server.owner, server.ada):
        client.send_message(opened_later, user)
    with run_bot_process(settings, own_sim) as bot:
        await bot.wait_until_ready()
        client.send_message(answered_later, server.owner)

        async def is_complete() -> bool:
            return [tuple(row) for row in await fetch_rows(stores, TICKETS_QUERY, g=server.id)] == [
                (answered_later, server.bob, False),
                (closed_later, None, True),
                (opened_later, server.owner, False),
            ]

        await wait_until(is_complete)
        assert await bot.stop() == 0
