"""Without a privileged intent the bot counts all the rest and says what is missing, to people and to statistics."""

import pytest

from tests.bot.conftest import Place
from tests.bot.process import bot_process, connected, until
from tests.bot.stored import ask, comes_true, events, happened, settled
from tests.sim.process import SimProcess

MEMBERS = 1 << 1
NEWEST_RUN = "SELECT intents FROM collector_run ORDER BY id DESC LIMIT 1"
DETAIL = "SELECT detail FROM process WHERE pid = :pid AND stopped_at IS NULL"
SENTENCE = "Discord does not grant the server members intent: joins and leaves are not counted"


@pytest.fixture
def own_sim(tmp_path):
    process = SimProcess(tmp_path, "--quiet")
    yield process
    process.close()


async def missing(stores, bot) -> list[str] | None:
    rows = await ask(stores, DETAIL, pid=bot.pid)
    return rows[0][0].get("missing_intents") if rows else None


async def test_not_granted_is_known_before_discord_hangs_up(stores, settings, own_sim):
    own_sim.client.set_application(privileged=[])
    place = Place(own_sim.client)
    with bot_process(settings, own_sim) as bot:
        await bot.says(SENTENCE)
        await bot.listens()
        carla = own_sim.client.join(place.guild, "carla")
        own_sim.client.say(place.channel, carla)
        await settled(stores, bot)
        await comes_true(lambda: _equal(missing(stores, bot), ["members"]))
        await comes_true(lambda: _intents(stores, granted=False))
        assert await bot.stop() == 0
    assert len(await events(stores, place.guild)) == 1
    assert await happened(stores, place.guild, "join", "leave") == []
    assert "Traceback" not in bot.said()


async def test_an_intent_that_is_taken_away_costs_only_what_it_brought(stores, settings, own_sim):
    place = Place(own_sim.client)
    with bot_process(settings, own_sim) as bot:
        await bot.listens()
        await comes_true(lambda: _equal(missing(stores, bot), []))
        await comes_true(lambda: _intents(stores, granted=True))
        own_sim.client.join(place.guild, "carla")
        await settled(stores, bot)
        own_sim.client.set_application(privileged=[])
        own_sim.client.invalidate_sessions()
        await bot.says(SENTENCE)
        await until(lambda: connected(own_sim), bot)
        own_sim.client.join(place.guild, "dora")
        own_sim.client.say(place.channel, place.ada)
        await settled(stores, bot)
        await comes_true(lambda: _equal(missing(stores, bot), ["members"]))
        await comes_true(lambda: _intents(stores, granted=False))
    assert len(await happened(stores, place.guild, "join")) == 1
    assert len(await events(stores, place.guild)) == 1


async def _equal(question, expected) -> bool:
    return await question == expected


async def _intents(stores, *, granted: bool) -> bool:
    rows = await ask(stores, NEWEST_RUN)
    return bool(rows and rows[0][0]) and bool(rows[0][0] & MEMBERS) is granted
