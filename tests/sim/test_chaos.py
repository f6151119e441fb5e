"""What goes wrong on purpose: seen by a plain client, and lived through by an unmodified discord.py bot."""

import asyncio
from random import Random

import aiohttp
import discord
import pytest

from herwa_shared.errors import BadRequest
from herwa_sim.chaos import Chaos
from herwa_sim.events import Event
from herwa_sim.malformed_events import broken_twin
from tests.sim.bot import connected, until
from tests.sim.gateway_client import GUILDS, MESSAGES, gateway, listening


@pytest.fixture(autouse=True)
def calm(sim):
    yield
    sim.client.end_chaos()


@pytest.fixture
async def rest(sim):
    headers = {"Authorization": f"Bot {sim.token}"}
    async with aiohttp.ClientSession(f"{sim.url}/api/v10/", headers=headers) as session:
        yield session


async def test_every_fault_is_off_at_first_and_after_a_restart(own_sim):
    assert not any(one["next"] or one["share"] for one in own_sim.client.chaos().values())
    own_sim.client.chaos(double=1, fail={"next": 3, "status": 503})
    assert own_sim.client.chaos()["fail"]["next"] == 3
    await asyncio.to_thread(own_sim.stop)
    await asyncio.to_thread(own_sim.start)
    assert not any(one["next"] or one["share"] for one in own_sim.client.chaos().values())


@pytest.mark.parametrize(
    "wrong", [{"flood": 1}, {"double": 2}, {"double": "much"}, {"fail": {"status": 200}}, {"slow": {"hours": 1}}]
)
async def test_a_fault_that_there_is_not_changes_nothing(sim, wrong):
    with pytest.raises(BadRequest):
        sim.client.chaos(**{"malformed": 1, **wrong})
    assert sim.client.chaos()["malformed"]["share"] == 0


async def test_an_event_comes_twice_and_one_switch_ends_it(sim, place):
    async with listening(sim, GUILDS | MESSAGES) as client:
        sim.client.chaos(double=1)
        said = sim.client.say(place.channel, place.member)
        twice = await client.events("MESSAGE_CREATE", "MESSAGE_CREATE")
        assert [one["id"] for one in twice] == [str(said)] * 2
        assert sim.client.end_chaos()["double"]["struck"] == 1
        later = sim.client.say(place.channel, place.member)
        assert (await client.event("MESSAGE_CREATE"))["id"] == str(later)


async def test_twins_are_replayed_like_everything_else(sim, place):
    async with listening(sim, GUILDS | MESSAGES) as client:
        while (await client.event("GUILD_CREATE"))["id"] != str(place.guild):
            pass
        ready, sequence = client.ready, client.sequence
        await client.socket.close(code=4000)
    sim.client.chaos(double={"next": 1}, malformed={"next": 1})
    said = sim.client.say(place.channel, place.member)
    async with gateway(sim) as again:
        await again.receive()
        await again.send(6, {"token": sim.token, "session_id": ready["session_id"], "seq": sequence})
        frames = [await again.receive() for _ in range(4)]
    assert [frame["t"] for frame in frames] == ["MESSAGE_CREATE"] * 3 + ["RESUMED"]
    assert [frame["s"] for frame in frames] == list(range(sequence + 1, sequence + 5))
    assert [frame["d"]["id"] for frame in frames[:2]] == [str(said)] * 2
    assert frames[2]["d"] != frames[0]["d"]


def test_a_broken_twin_has_nothing_by_which_it_could_pass_for_the_truth():
    whole = {"id": "11", "guild_id": "12", "channel_id": "13", "author": {"id": "14", "username": "ada"}, "type": 0}
    random = Random(3)
    for _ in range(500):
        twin = broken_twin(Event("MESSAGE_CREATE", whole), random)
        body = twin.body(with_content=True)
        assert not twin.genuine
        assert not any(id_ in body for id_ in (b'"11"', b'"12"', b'"13"', b'"14"'))


def test_a_share_strikes_about_so_often():
    chaos = Chaos()
    chaos.switch({"double": 0.25, "limit": {"next": 2, "route": "/users"}})
    assert 200 < sum(chaos.strikes("double") is not None for _ in range(1000)) < 300
    struck = [chaos.strikes("limit", path) is not None for path in ("/guilds", "/users/1", "/users/2", "/users/3")]
    assert struck == [False, True, True, False]


async def test_lost_sockets_and_requests_to_reconnect_lose_nothing(sim, place, bot):
    sim.client.chaos(drop=0.2, reconnect=0.1)
    said = []
    for _ in range(40):
        said.append(await asyncio.to_thread(sim.client.say, place.channel, place.member))
        await asyncio.sleep(0.01)
    struck = sim.client.end_chaos()
    assert struck["drop"]["struck"] > 2
    await until(lambda: len(bot.messages) >= 40, 60)
    assert [one.id for one in bot.messages] == said


async def test_sessions_that_turn_worthless_are_begun_anew(sim, place, bot):
    sim.client.chaos(invalidate={"next": 1})
    sim.client.say(place.channel, place.member)
    await until(lambda: bot.told.count(("available", place.guild)) == 2, 60)
    said = sim.client.say(place.channel, place.member)
    await until(lambda: said in [one.id for one in bot.messages])


@pytest.mark.parametrize("everywhere", [False, True])
async def test_a_limited_call_is_told_how_long_to_wait(sim, rest, everywhere):
    sim.client.chaos(limit={"next": 1, "seconds": 0.25, "everywhere": everywhere})
    async with rest.get("users/@me") as answer:
        assert answer.status == 429
        assert await answer.json() == {
            "message": "You are being rate limited.",
            "retry_after": 0.25,
            "global": everywhere,
        }
        assert answer.headers["Retry-After"] == "0.25"
        assert answer.headers["X-RateLimit-Scope"] == ("global" if everywhere else "user")
        assert ("X-RateLimit-Global" in answer.headers) == everywhere
        assert answer.headers.get("X-RateLimit-Remaining") == (None if everywhere else "0")
    async with rest.get("users/@me") as answer:
        assert answer.status == 200


@pytest.mark.parametrize("everywhere", [False, True])
async def test_discord_py_waits_and_asks_again(sim, place, bot, everywhere):
    sim.client.chaos(limit={"next": 2, "seconds": 0.05, "everywhere": everywhere})
    assert (await bot.fetch_guild(place.guild)).id == place.guild
    assert sim.client.end_chaos()["limit"]["struck"] == 2


async def test_discord_py_asks_again_after_a_bad_gateway(sim, place, bot):
    sim.client.chaos(fail={"next": 1, "status": 502})
    assert (await bot.fetch_guild(place.guild)).id == place.guild
    sim.client.chaos(fail={"share": 1, "status": 503})
    with pytest.raises(discord.DiscordServerError):
        await bot.fetch_guild(place.guild)


async def test_a_failure_strikes_only_the_named_route(sim, place, rest):
    sim.client.chaos(fail={"share": 1, "status": 500, "route": "/channels"})
    async with rest.get(f"channels/{place.channel}") as answer:
        assert (answer.status, await answer.json()) == (500, {"message": "500: Internal Server Error", "code": 0})
    async with rest.get("users/@me") as answer:
        assert answer.status == 200
    assert sim.client.state().sessions is not None


async def test_slow_answers_come_in_the_end(sim, place, bot):
    sim.client.chaos(slow={"share": 1, "seconds": 0.2})
    assert (await bot.fetch_guild(place.guild)).id == place.guild
    assert sim.client.end_chaos()["slow"]["struck"] == 1


async def test_a_bot_that_starts_in_bad_weather_gets_there(sim, place):
    sim.client.chaos(limit={"share": 0.3, "seconds": 0.02}, fail={"next": 1, "status": 502}, double=0.3)
    async with connected(sim) as bot:
        assert bot.get_guild(place.guild)
        said = await asyncio.to_thread(sim.client.say, place.channel, place.member)
        await until(lambda: said in [one.id for one in bot.messages])
