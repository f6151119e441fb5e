"""The REST API, as a bot uses it and without a valid token."""

import asyncio
import io

import aiohttp
import discord
import pytest

from herwa_shared.errors import BadRequest
from herwa_sim.texts import actions as texts
from tests.sim.commands import CHART_PNG
from tests.support import discord_openapi


async def wait_for_global_limit(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Repeat a request that the global limit of 50 requests a second refused: earlier tests may have used it up."""
    response = await send(request)
    if response.headers.get("X-RateLimit-Scope") != "global":
        return response
    await asyncio.sleep(float(response.headers["Retry-After"]))
    return await send(request)


@pytest.fixture
async def rest_client(sim):
    """An HTTP session with the bot's token."""
    async with aiohttp.ClientSession(
        f"{sim.url}/", headers={"Authorization": f"Bot {sim.token}"}, middlewares=[wait_for_global_limit]
    ) as session:
        yield session


async def test_rest_calls_match_discords_openapi_document(sim, server, bot):
    guild, channel = bot.get_guild(server.id), bot.get_channel(server.channel)
    message_id = await asyncio.to_thread(sim.client.send_message, server.channel, server.member, attachments=1)
    message = await channel.send("hello", file=discord.File(io.BytesIO(CHART_PNG), "a chart.png"))
    await message.edit(content="hello again")
    await message.reply("to myself", view=discord.ui.View().add_item(discord.ui.Button(label="x", custom_id="x")))
    thread = await message.create_thread(name="follow up")
    await thread.send("inside")
    await channel.create_thread(name="apart", type=discord.ChannelType.public_thread)
    assert [history_message.id async for history_message in channel.history(limit=10)][-1] == message_id
    assert (await channel.fetch_message(message.id)).content == "hello again"
    assert {active_thread.name for active_thread in await guild.active_threads()} == {"follow up", "apart"}
    hook = await channel.create_webhook(name="Feed")
    assert (await hook.send("from outside", wait=True)).author.name == "Feed"
    await channel.webhooks()
    await message.delete()
    created_channel = await guild.create_text_channel("made")
    await created_channel.edit(topic="of things")
    await created_channel.delete()
    await bot.fetch_guild(server.id)
    await bot.fetch_channel(server.channel)
    await guild.fetch_channels()
    await guild.fetch_roles()
    await guild.fetch_member(server.member)
    assert [guild_member.id async for guild_member in guild.fetch_members(limit=10)]
    assert [user_guild.id async for user_guild in bot.fetch_guilds()]
    await bot.fetch_user(server.member)
    await bot.application_info()
    await bot.tree.fetch_commands()
    command = await bot.http.upsert_guild_command(bot.application_id, server.id, {"name": "extra", "description": "d"})
    await bot.http.edit_guild_command(bot.application_id, server.id, command["id"], {"description": "e"})
    await bot.http.delete_guild_command(bot.application_id, server.id, command["id"])
    entries = sim.client.read_journal(on=True).calls
    assert len(entries) > 25
    assert [problem for entry in entries for problem in discord_openapi.list_exchange_problems(entry)] == []


async def test_request_without_a_token_is_refused(sim):
    async with aiohttp.ClientSession() as http, http.get(f"{sim.url}/api/v10/users/@me") as response:
        assert response.status == 401
        assert await response.json() == {"message": "401: Unauthorized", "code": 0}


async def test_control_without_its_token_is_refused(sim):
    async with aiohttp.ClientSession() as http, http.get(f"{sim.url}/_sim/state") as response:
        assert response.status == 401


async def test_unknown_route_is_a_404_in_discords_format_and_logged(sim, rest_client):
    async with rest_client.get("api/v10/nowhere") as response:
        assert response.status == 404
        assert response.headers["Content-Type"] == "application/json"
        assert await response.json() == {"message": "404: Not Found", "code": 0}
    assert "no such route in the local Discord" in (sim.folder.logs_dir / "sim.log").read_text()


@pytest.mark.parametrize(
    ("path", "code"), [("channels/1", 10003), ("guilds/1", 10004), ("users/1", 10013), ("webhooks/1/x", 10015)]
)
async def test_unknown_objects_have_discords_error_codes(rest_client, path, code):
    async with rest_client.get(f"api/v10/{path}") as response:
        assert (response.status, (await response.json())["code"]) == (404, code)


async def test_sixth_message_in_quick_succession_is_rate_limited(rest_client, server):
    path = f"api/v10/channels/{server.channel}/messages"
    for remaining in (4, 3, 2, 1, 0):
        async with rest_client.post(path, json={"content": "x"}) as response:
            assert response.status == 200
            assert response.headers["X-RateLimit-Remaining"] == str(remaining)
    async with rest_client.post(path, json={"content": "x"}) as response:
        assert response.status == 429
        assert response.headers["Via"]
        body = await response.json()
        assert 0 < body["retry_after"] <= 5
        assert body["global"] is False


async def test_empty_message_is_refused(rest_client, server):
    async with rest_client.post(f"api/v10/channels/{server.channel}/messages", json={"content": ""}) as response:
        assert (response.status, (await response.json())["code"]) == (400, 50006)


@pytest.mark.parametrize("body", [{"type": "x"}, {"name": "made", "type": 99}, {}])
async def test_malformed_request_is_a_400_in_discords_format(rest_client, server, body):
    async with rest_client.post(f"api/v10/guilds/{server.id}/channels", json=body) as response:
        assert (response.status, (await response.json())["code"]) == (400, 50035)


async def test_malformed_control_request_is_refused_with_an_explanation(sim, server):
    with pytest.raises(BadRequest, match=texts.format_invalid_value("")[:-2]):
        await asyncio.to_thread(sim.client.call, "message/say", channel_id="no number", user_id="1")
    with pytest.raises(BadRequest, match=texts.format_missing_field("'channel_id'")):
        await asyncio.to_thread(sim.client.call, "message/say")


async def test_avatar_is_a_png(sim, server, bot):
    avatar = bot.get_guild(server.id).get_member(server.member).display_avatar
    assert (await avatar.read()).startswith(b"\x89PNG")


async def test_rest_blanks_content_without_the_intent(sim, server, bot):
    message_id = await asyncio.to_thread(sim.client.send_message, server.channel, server.member, length=9)
    channel = bot.get_channel(server.channel)
    assert len((await channel.fetch_message(message_id)).content) == 9
    await asyncio.to_thread(sim.client.set_application, privileged=["members"])
    try:
        assert (await channel.fetch_message(message_id)).content == ""
    finally:
        await asyncio.to_thread(sim.client.set_application, privileged=["members", "presences", "message_content"])
