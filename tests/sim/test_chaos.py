"""Injected faults, seen by a plain client and by an unmodified discord.py bot."""

import asyncio
from random import Random

import aiohttp
import discord
import pytest

from herwa_shared.errors import BadRequest
from herwa_sim.chaos import Chaos
from herwa_sim.events import GatewayEvent
from herwa_sim.malformed_events import create_malformed_event
from tests.sim.gateway_client import GUILDS, MESSAGES, connect_gateway, connect_identified
from tests.sim.recording_bot import connect_bot, wait_until


@pytest.fixture(autouse=True)
def chaos_cleanup(sim):
    """Disable all faults after each test."""
    yield
    sim.client.disable_faults()


@pytest.fixture
async def rest_client(sim):
    """An HTTP session on the REST API with the bot's token."""
    headers = {"Authorization": f"Bot {sim.token}"}
    async with aiohttp.ClientSession(f"{sim.url}/api/v10/", headers=headers) as session:
        yield session


async def test_faults_are_off_initially_and_after_a_restart(own_sim):
    assert not any(fault["next"] or fault["share"] for fault in own_sim.client.enable_faults().values())
    own_sim.client.enable_faults(double=1, fail={"next": 3, "status": 503})
    assert own_sim.client.enable_faults()["fail"]["next"] == 3
    await asyncio.to_thread(own_sim.stop)
    await asyncio.to_thread(own_sim.start)
    assert not any(fault["next"] or fault["share"] for fault in own_sim.client.enable_faults().values())


@pytest.mark.parametrize(
    "fault", [{"flood": 1}, {"double": 2}, {"double": "much"}, {"fail": {"status": 200}}, {"slow": {"hours": 1}}]
)
async def test_invalid_fault_is_refused_and_changes_nothing(sim, fault):
    with pytest.raises(BadRequest):
        sim.client.enable_faults(**{"malformed": 1, **fault})
    assert sim.client.enable_faults()["malformed"]["share"] == 0


async def test_events_are_duplicated_until_faults_are_disabled(sim, server):
    async with connect_identified(sim, GUILDS | MESSAGES) as client:
        sim.client.enable_faults(double=1)
        message_id = sim.client.send_message(server.channel, server.member)
        events = await client.wait_for_events("MESSAGE_CREATE", "MESSAGE_CREATE")
        assert [event["id"] for event in events] == [str(message_id)] * 2
        assert sim.client.disable_faults()["double"]["struck"] == 1
        later_message_id = sim.client.send_message(server.channel, server.member)
        assert (await client.wait_for_event("MESSAGE_CREATE"))["id"] == str(later_message_id)


async def test_duplicate_and_malformed_events_are_replayed_on_resume(sim, server):
    async with connect_identified(sim, GUILDS | MESSAGES) as client:
        while (await client.wait_for_event("GUILD_CREATE"))["id"] != str(server.id):
            pass
        ready, sequence = client.ready, client.sequence
        await client.socket.close(code=4000)
    sim.client.enable_faults(double={"next": 1}, malformed={"next": 1})
    message_id = sim.client.send_message(server.channel, server.member)
    async with connect_gateway(sim) as resumed_client:
        await resumed_client.receive()
        await resumed_client.send(6, {"token": sim.token, "session_id": ready["session_id"], "seq": sequence})
        frames = [await resumed_client.receive() for _ in range(4)]
    assert [frame["t"] for frame in frames] == ["MESSAGE_CREATE"] * 3 + ["RESUMED"]
    assert [frame["s"] for frame in frames] == list(range(sequence + 1, sequence + 5))
    assert [frame["d"]["id"] for frame in frames[:2]] == [str(message_id)] * 2
    assert frames[2]["d"] != frames[0]["d"]


def test_malformed_event_contains_no_genuine_id():
    payload = {"id": "11", "guild_id": "12", "channel_id": "13", "author": {"id": "14", "username": "ada"}, "type": 0}
    random = Random(3)
    for _ in range(500):
        malformed_event = create_malformed_event(GatewayEvent("MESSAGE_CREATE", payload), random)
        body = malformed_event.encode(with_content=True)
        assert not malformed_event.genuine
        assert not any(id_ in body for id_ in (b'"11"', b'"12"', b'"13"', b'"14"'))


def test_fault_share_and_count_are_respected():
    chaos = Chaos()
    chaos.set_faults({"double": 0.25, "limit": {"next": 2, "route": "/users"}})
    assert 200 < sum(chaos.trigger("double") is not None for _ in range(1000)) < 300
    struck = [chaos.trigger("limit", path) is not None for path in ("/guilds", "/users/1", "/users/2", "/users/3")]
    assert struck == [False, True, True, False]


async def test_dropped_sockets_and_reconnect_requests_lose_no_event(sim, server, bot):
    sim.client.enable_faults(drop=0.2, reconnect=0.1)
    message_ids = []
    for _ in range(40):
        message_ids.append(await asyncio.to_thread(sim.client.send_message, server.channel, server.member))
        await asyncio.sleep(0.01)
    faults = sim.client.disable_faults()
    assert faults["drop"]["struck"] > 2
    await wait_until(lambda: len(bot.messages) >= 40, 60)
    assert [message.id for message in bot.messages] == message_ids


async def test_invalidated_sessions_are_replaced(sim, server, bot):
    sim.client.enable_faults(invalidate={"next": 1})
    sim.client.send_message(server.channel, server.member)
    await wait_until(lambda: bot.recorded_events.count(("available", server.id)) == 2, 60)
    message_id = sim.client.send_message(server.channel, server.member)
    await wait_until(lambda: message_id in [message.id for message in bot.messages])


@pytest.mark.parametrize("everywhere", [False, True])
async def test_rate_limited_call_gets_a_retry_after(sim, rest_client, everywhere):
    sim.client.enable_faults(limit={"next": 1, "seconds": 0.25, "everywhere": everywhere})
    async with rest_client.get("users/@me") as response:
        assert response.status == 429
        assert await response.json() == {
            "message": "You are being rate limited.",
            "retry_after": 0.25,
            "global": everywhere,
        }
        assert response.headers["Retry-After"] == "0.25"
        assert response.headers["X-RateLimit-Scope"] == ("global" if everywhere else "user")
        assert ("X-RateLimit-Global" in response.headers) == everywhere
        assert response.headers.get("X-RateLimit-Remaining") == (None if everywhere else "0")
    async with rest_client.get("users/@me") as response:
        assert response.status == 200


@pytest.mark.parametrize("everywhere", [False, True])
async def test_discord_py_retries_after_a_rate_limit(sim, server, bot, everywhere):
    sim.client.enable_faults(limit={"next": 2, "seconds": 0.05, "everywhere": everywhere})
    assert (await bot.fetch_guild(server.id)).id == server.id
    assert sim.client.disable_faults()["limit"]["struck"] == 2


async def test_discord_py_retries_after_a_bad_gateway(sim, server, bot):
    sim.client.enable_faults(fail={"next": 1, "status": 502})
    assert (await bot.fetch_guild(server.id)).id == server.id
    sim.client.enable_faults(fail={"share": 1, "status": 503})
    with pytest.raises(discord.DiscordServerError):
        await bot.fetch_guild(server.id)


async def test_failure_affects_only_the_named_route(sim, server, rest_client):
    sim.client.enable_faults(fail={"share": 1, "status": 500, "route": "/channels"})
    async with rest_client.get(f"channels/{server.channel}") as response:
        assert (response.status, await response.json()) == (500, {"message": "500: Internal Server Error", "code": 0})
    async with rest_client.get("users/@me") as response:
        assert response.status == 200
    assert sim.client.get_snapshot().sessions is not None


async def test_slow_response_arrives(sim, server, bot):
    sim.client.enable_faults(slow={"share": 1, "seconds": 0.2})
    assert (await bot.fetch_guild(server.id)).id == server.id
    assert sim.client.disable_faults()["slow"]["struck"] == 1


async def test_bot_connects_despite_faults(sim, server):
    sim.client.enable_faults(limit={"share": 0.1, "seconds": 0.02}, fail={"next": 1, "status": 502}, double=0.3)
    async with connect_bot(sim) as bot:
        assert bot.get_guild(server.id)
        message_id = await asyncio.to_thread(sim.client.send_message, server.channel, server.member)
        await wait_until(lambda: message_id in [message.id for message in bot.messages])
