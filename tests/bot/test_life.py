"""A bot's start, its end, and what may happen to it in between."""

import asyncio
import os
import signal

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.embedded import lease_engines
from herwa_shared.embedded.engine_process import read_record
from tests.bot.conftest import Place
from tests.bot.process import bot_process, connected, heard, until
from tests.bot.stored import Row, ask, comes_true, events, settled
from tests.sim.process import SimProcess

RUNS = "SELECT id, started_at, seen_at FROM collector_run WHERE started_at >= :since ORDER BY id"
SMALL_MEMORY = """
from herwa_bot.collector.event_writer import Writer
Writer.__init__.__kwdefaults__["full_events"] = 500
from herwa_bot.__main__ import main
main()
"""


@pytest.fixture
def own_sim(tmp_path):
    process = SimProcess(tmp_path, "--quiet")
    yield process
    process.close()


async def test_a_wrong_token_ends_it_with_the_mend(settings, sim):
    with bot_process(settings, sim, DISCORD_TOKEN="wrong.token.here") as bot:
        assert await bot.ends() == 2
    assert "set DISCORD_TOKEN to the token of your application's bot" in bot.said()
    assert "Traceback" not in bot.said()
    assert "wrong.token.here" not in bot.said()


async def test_it_waits_for_a_discord_that_is_away_at_the_start(stores, settings, own_sim):
    place = Place(own_sim.client)
    own_sim.stop()
    with bot_process(settings, own_sim) as bot:
        await bot.says("Discord cannot be reached, trying again")
        own_sim.start()
        await until(lambda: len(connected(own_sim)) == 1, bot)
        own_sim.client.say(place.channel, place.ada)
        await settled(stores, bot)
    assert await events(stores, place.guild) == [Row("message", place.channel, user=place.ada)]
    assert "Traceback" not in bot.said()


async def test_told_to_stop_it_stores_what_it_holds_and_leaves(stores, settings, sim, place, sleeping_thread):
    asleep, thread = sleeping_thread
    before = len(await events(stores, asleep.guild))
    with bot_process(settings, sim) as bot:
        await bot.listens()
        for _ in range(30):
            sim.client.say(place.channel, place.ada)
        sim.client.say(thread, asleep.ada)
        await heard(sim)
        async with asyncio.timeout(10):
            assert await bot.stop() == 0
    assert len(await events(stores, place.guild)) == 30
    assert (await events(stores, asleep.guild))[before:] == [Row("message", asleep.channel, thread, asleep.ada)]
    assert await ask(stores, "SELECT stopped_at IS NULL FROM process WHERE pid = :p", p=bot.pid) == [(False,)]
    assert connected(sim) == []
    assert "Traceback" not in bot.said()


async def test_a_session_is_a_run_that_outlives_its_sockets_and_ends_when_it_is_lost(stores, settings, sim, place):
    since = utc_now()

    async def runs():
        return await ask(stores, RUNS, since=since)

    with bot_process(settings, sim) as bot:
        await bot.listens()
        await comes_true(lambda: answers(runs, lambda found: len(found) == 1))
        sim.client.say(place.channel, place.ada)
        sim.client.drop_sockets()
        await until(lambda: [session.resumes for session in connected(sim)] == [1], bot)
        [begun] = await runs()
        await comes_true(lambda: answers(runs, lambda found: found[0].seen_at > begun.seen_at))
        sim.client.invalidate_sessions()
        await until(lambda: not connected(sim), bot)
        await until(lambda: connected(sim), bot)
        await heard(sim)
        sim.client.say(place.channel, place.bob)
        await comes_true(lambda: answers(runs, lambda found: len(found) == 2))
        assert await bot.stop() == 0
    lost, last = await runs()
    assert lost.id == begun.id
    assert lost.seen_at < last.started_at
    assert [row.user for row in await events(stores, place.guild)] == [place.ada, place.bob]


async def answers(question, expected) -> bool:
    return expected(await question())


async def test_thrown_out_while_nobody_listened_is_noticed_at_the_next_start(stores, settings, sim, place):
    with bot_process(settings, sim) as first:
        await first.listens()
        await settled(stores, first)
        assert await first.stop() == 0
    kept = Place(sim.client)
    sim.client.remove_guild(place.guild)
    with bot_process(settings, sim) as second:
        await second.listens()
        await settled(stores, second)
    left = "SELECT left_at IS NOT NULL FROM guild WHERE id = :id"
    assert await ask(stores, left, id=place.guild) == [(True,)]
    assert await ask(stores, left, id=kept.guild) == [(False,)]


async def test_a_channel_that_was_deleted_while_nobody_listened_is_found_missing(stores, settings, sim, place):
    channel = sim.client.create_channel(place.guild, "soon gone")
    thread = sim.client.create_thread(place.channel, "asleep")
    with bot_process(settings, sim) as first:
        await first.listens()
        await settled(stores, first)
        assert await first.stop() == 0
    sim.client.set_archived(thread, archived=True)
    sim.client.delete_channel(channel)
    with bot_process(settings, sim) as second:
        await second.listens()
        await settled(stores, second)
    deleted = "SELECT id FROM channel WHERE guild_id = :g AND deleted"
    assert await ask(stores, deleted, g=place.guild) == [(channel,)]


async def test_two_bots_of_one_token_count_each_message_once(stores, settings, sim, place):
    with bot_process(settings, sim) as old, bot_process(settings, sim) as new:
        await until(lambda: len(connected(sim)) == 2)
        people = [place.ada, place.bob] * 40
        for number, user in enumerate(people):
            sim.client.say(place.channel, user)
            if number == 40:
                assert await old.stop() == 0
        await settled(stores, new)
    assert sorted(row.user for row in await events(stores, place.guild)) == sorted(people)


async def test_a_killed_database_loses_nothing_and_what_does_not_fit_waits_at_discord(
    stores, settings, folder, sim, place
):
    with bot_process(settings, sim, "-c", SMALL_MEMORY) as bot:
        await bot.listens()
        sim.client.say(place.channel, place.ada)
        await settled(stores, bot)
        os.kill(read_record(folder, "postgres").pid, signal.SIGKILL)
        sim.client.blast([place.channel], 3000)
        await bot.says("Discord is not read any more")
        with lease_engines(settings, folder):
            await bot.says("Discord is read again")
            await settled(stores, bot)
        assert len(await events(stores, place.guild)) == 3001
        assert await bot.stop() == 0


async def test_told_to_stop_without_its_database_it_says_what_is_lost_and_leaves(stores, settings, folder, sim, place):
    with bot_process(settings, sim) as bot:
        await bot.listens()
        await settled(stores, bot)
        os.kill(read_record(folder, "postgres").pid, signal.SIGKILL)
        sim.client.say(place.channel, place.ada)
        await bot.says("events wait, they could not be stored")
        assert await bot.stop() == 0
    with lease_engines(settings, folder):
        assert "events are lost" in bot.said()
        assert "Traceback" not in bot.said()
