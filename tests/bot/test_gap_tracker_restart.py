"""Gaps of one guild or channel end also if they did so while no bot was running."""

import pytest

from tests.support.bot_process import run_bot_process
from tests.support.db_assertions import fetch_rows, wait_until_stored

GAPS_QUERY = "SELECT to_at IS NULL FROM collection_gap WHERE guild_id = :g"


@pytest.mark.slow
async def test_gap_that_ended_while_the_bot_was_killed_is_closed_at_its_start(stores, settings, sim, server):
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        sim.client.set_available(server.id, False)
        await wait_until_stored(stores, bot)
        bot.kill_if_running()
    assert [row[0] for row in await fetch_rows(stores, GAPS_QUERY, g=server.id)] == [True]
    sim.client.set_available(server.id, True)
    with run_bot_process(settings, sim) as bot:
        await bot.wait_until_ready()
        await wait_until_stored(stores, bot)
    assert [row[0] for row in await fetch_rows(stores, GAPS_QUERY, g=server.id)] == [False]
