"""What people do is counted once across restarts of the bot and new sessions with Discord."""

import time

from tests.bot.process import bot_process
from tests.bot.stored import Row, ask, happened, settled
from tests.bot.test_people import VOICE_CHANNEL

STAY = "SELECT since_ms, open FROM voice_stay WHERE guild_id = :g AND user_id = :u"


async def test_a_stay_in_voice_outlives_a_collector_that_is_killed(stores, settings, sim, place):
    cafe = sim.client.create_channel(place.guild, "café", type_=VOICE_CHANNEL)
    with bot_process(settings, sim) as first:
        await first.listens()
        began = time.monotonic()
        sim.client.move(place.guild, place.ada, cafe)
        sim.client.move(place.guild, place.bob, cafe)
        await settled(stores, first)
        [(since, _)] = await ask(stores, STAY, g=place.guild, u=place.ada)
        first.kill_if_running()
    sim.client.move(place.guild, place.bob, None)
    with bot_process(settings, sim) as second:
        await second.listens()
        await settled(stores, second)
        assert await ask(stores, STAY, g=place.guild, u=place.ada) == [(since, True)]
        [(_, bob_is_there)] = await ask(stores, STAY, g=place.guild, u=place.bob)
        assert not bob_is_there
        sim.client.move(place.guild, place.ada, None)
        await settled(stores, second)
    seconds = {place.ada: 0, place.bob: 0}
    for row in await happened(stores, place.guild, "voice"):
        seconds[row.user] += row.value
    assert seconds[place.bob] <= seconds[place.ada] <= time.monotonic() - began


async def test_threads_that_a_new_session_describes_were_not_opened_then(stores, settings, sim, place):
    with bot_process(settings, sim) as bot:
        await bot.listens()
        thread = sim.client.create_thread(place.channel, "aside", owner_id=place.ada)
        await settled(stores, bot)
        sim.client.invalidate_sessions()
        await bot.listens()
        await settled(stores, bot)
    assert await happened(stores, place.guild, "thread") == [Row("thread", place.channel, thread, place.ada)]
