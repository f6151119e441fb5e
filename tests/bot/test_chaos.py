"""Whatever goes wrong between Discord and the bot: the numbers stay exact, and the bot goes on."""

import asyncio
from collections import Counter

import pytest

from tests.bot.process import bot_process, connected, heard, until
from tests.bot.stored import comes_true, happened, moved, settled

KINDS = ("message", "message_edit", "message_delete", "reaction", "leave")


@pytest.fixture(autouse=True)
def calm(sim):
    yield
    sim.client.end_chaos()


async def talk(sim, place, count: int) -> Counter:
    """People say, edit, delete and react to things, and somebody visits; what must be stored of it, by kind and member."""
    expected: Counter = Counter()
    for number in range(count):
        who, other = (place.ada, place.bob)[:: 1 if number % 2 else -1]
        said = sim.client.say(place.channel, who)
        expected["message", who] += 1
        if number % 4 == 0:
            sim.client.react(place.channel, said, other)
            expected["reaction", other] += 1
        if number % 3 == 0:
            sim.client.edit(place.channel, said, length=number + 1)
            expected["message_edit", who] += 1
        if number % 5 == 0:
            sim.client.delete(place.channel, said)
            expected["message_delete", 0] += 1
        await asyncio.sleep(0.01)
    visitor = sim.client.join(place.guild, f"visitor {place.guild}")
    sim.client.leave(place.guild, visitor)
    expected["leave", visitor] += 1
    return expected


async def stored(stores, place) -> Counter:
    """What is stored of that."""
    return Counter((row.kind, row.user) for row in await happened(stores, place.guild, *KINDS))


async def test_numbers_stay_exact_while_events_come_twice_broken_and_through_lost_sockets(stores, sim, bot, place):
    sim.client.chaos(double=0.5, malformed=0.5, drop=0.05, reconnect=0.03)
    expected = await talk(sim, place, 60)
    struck = {name: fault["struck"] for name, fault in sim.client.end_chaos().items()}
    assert min(struck[name] for name in ("double", "malformed", "drop")) > 0
    await until(lambda: len(connected(sim)) == 1, bot)
    await settled(stores, bot)
    assert await stored(stores, place) == expected
    await moved(stores)
    assert await counted(stores, place) == sum(expected.values())


async def counted(stores, place) -> int:
    """How much of it is in ClickHouse."""
    query = """
    SELECT count() FROM activity_events
    WHERE guild_id = {guild:UInt64} AND toString(kind) IN {kinds:Array(String)}
    """
    return (await stores.clickhouse.query(query, {"guild": place.guild, "kinds": list(KINDS)})).result_rows[0][0]


async def test_a_bot_starts_while_rest_is_limited_slow_and_failing(stores, settings, sim, place):
    sim.client.chaos(
        limit={"next": 2, "seconds": 0.05}, slow={"share": 0.3, "seconds": 0.05}, fail={"next": 1, "status": 502}
    )
    with bot_process(settings, sim) as started:
        await until(lambda: bool(connected(sim)), started, 60)
        await heard(sim)
        expected = await talk(sim, place, 5)
        await settled(stores, started)
        assert await stored(stores, place) == expected
        assert sim.client.end_chaos()["limit"]["struck"] == 2


async def test_a_command_is_answered_though_discord_says_wait(sim, bot, place):
    sim.client.chaos(limit={"next": 2, "seconds": 0.1}, slow={"share": 1, "seconds": 0.05})
    answer = sim.client.command(place.channel, place.ada, "server-stats")
    assert answer.answered
    assert answer.messages


async def test_a_session_that_turns_worthless_is_begun_anew_and_counts_on(stores, sim, bot, place):
    sim.client.chaos(invalidate={"next": 1})
    sim.client.say(place.channel, place.ada)
    await until(lambda: sim.client.chaos()["invalidate"]["struck"] > 0, bot)
    await until(lambda: bool(connected(sim)), bot, 60)
    await heard(sim)

    async def counts() -> bool:
        sim.client.say(place.channel, place.bob)
        await settled(stores, bot)
        return ("message", place.bob) in await stored(stores, place)

    await comes_true(counts)
