"""REST, as the bot uses it and as a stranger meets it."""

import asyncio
import io

import aiohttp
import discord
import pytest

from herwa_shared.errors import BadRequest
from tests.sim import openapi
from tests.sim.commands import CHART


@pytest.fixture
async def http(sim):
    async with aiohttp.ClientSession(f"{sim.url}/", headers={"Authorization": f"Bot {sim.token}"}) as session:
        yield session


async def test_every_call_of_a_bots_day_is_as_discord_documents_it(sim, place, bot):
    guild, channel = bot.get_guild(place.guild), bot.get_channel(place.channel)
    said = await asyncio.to_thread(sim.client.say, place.channel, place.member, attachments=1)
    message = await channel.send("hello", file=discord.File(io.BytesIO(CHART), "a chart.png"))
    await message.edit(content="hello again")
    await message.reply("to myself", view=discord.ui.View().add_item(discord.ui.Button(label="x", custom_id="x")))
    thread = await message.create_thread(name="follow up")
    await thread.send("inside")
    await channel.create_thread(name="apart", type=discord.ChannelType.public_thread)
    assert [one.id async for one in channel.history(limit=10)][-1] == said
    assert (await channel.fetch_message(message.id)).content == "hello again"
    assert {one.name for one in await guild.active_threads()} == {"follow up", "apart"}
    hook = await channel.create_webhook(name="Feed")
    assert (await hook.send("from outside", wait=True)).author.name == "Feed"
    await channel.webhooks()
    await message.delete()
    made = await guild.create_text_channel("made")
    await made.edit(topic="of things")
    await made.delete()
    await bot.fetch_guild(place.guild)
    await bot.fetch_channel(place.channel)
    await guild.fetch_channels()
    await guild.fetch_roles()
    await guild.fetch_member(place.member)
    assert [one.id async for one in guild.fetch_members(limit=10)]
    assert [one.id async for one in bot.fetch_guilds()]
    await bot.fetch_user(place.member)
    await bot.application_info()
    await bot.tree.fetch_commands()
    command = await bot.http.upsert_guild_command(
        bot.application_id, place.guild, {"name": "extra", "description": "d"}
    )
    await bot.http.edit_guild_command(bot.application_id, place.guild, command["id"], {"description": "e"})
    await bot.http.delete_guild_command(bot.application_id, place.guild, command["id"])
    entries = sim.client.journal(on=True).calls
    assert len(entries) > 25
    assert [problem for entry in entries for problem in openapi.findings(entry)] == []


async def test_stranger_is_refused(sim):
    async with aiohttp.ClientSession() as http, http.get(f"{sim.url}/api/v10/users/@me") as answer:
        assert answer.status == 401
        assert await answer.json() == {"message": "401: Unauthorized", "code": 0}


async def test_control_without_its_token_is_refused(sim):
    async with aiohttp.ClientSession() as http, http.get(f"{sim.url}/_sim/state") as answer:
        assert answer.status == 401


async def test_unknown_route_is_a_404_of_discords_form_and_loud(sim, http):
    async with http.get("api/v10/nowhere") as answer:
        assert answer.status == 404
        assert answer.headers["Content-Type"] == "application/json"
        assert await answer.json() == {"message": "404: Not Found", "code": 0}
    assert "no such route in the local Discord" in (sim.folder.logs / "sim.log").read_text()


@pytest.mark.parametrize(
    ("path", "code"), [("channels/1", 10003), ("guilds/1", 10004), ("users/1", 10013), ("webhooks/1/x", 10015)]
)
async def test_unknown_things_have_discords_codes(http, path, code):
    async with http.get(f"api/v10/{path}") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, code)


async def test_sixth_message_in_a_breath_is_limited_as_discord_does_it(http, place):
    await asyncio.sleep(1.0)  # the tests before may have used up the global limit of 50 requests a second
    path = f"api/v10/channels/{place.channel}/messages"
    for left in (4, 3, 2, 1, 0):
        async with http.post(path, json={"content": "x"}) as answer:
            assert answer.status == 200
            assert answer.headers["X-RateLimit-Remaining"] == str(left)
    async with http.post(path, json={"content": "x"}) as answer:
        assert answer.status == 429
        assert answer.headers["Via"]
        told = await answer.json()
        assert 0 < told["retry_after"] <= 5
        assert told["global"] is False


async def test_empty_message_is_refused(http, place):
    async with http.post(f"api/v10/channels/{place.channel}/messages", json={"content": ""}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, 50006)


@pytest.mark.parametrize("body", [{"type": "x"}, {"name": "made", "type": 99}, {}])
async def test_malformed_request_is_a_400_of_discords_form(http, place, body):
    async with http.post(f"api/v10/guilds/{place.guild}/channels", json=body) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, 50035)


async def test_malformed_control_request_is_refused_in_words(sim, place):
    with pytest.raises(BadRequest, match="not what it should be"):
        await asyncio.to_thread(sim.client.call, "message/say", channel_id="no number", user_id="1")
    with pytest.raises(BadRequest, match="'channel_id' is missing"):
        await asyncio.to_thread(sim.client.call, "message/say")


async def test_avatar_is_a_picture(sim, place, bot):
    avatar = bot.get_guild(place.guild).get_member(place.member).display_avatar
    assert (await avatar.read()).startswith(b"\x89PNG")


async def test_rest_blanks_content_when_the_application_may_not_read_it(sim, place, bot):
    said = await asyncio.to_thread(sim.client.say, place.channel, place.member, length=9)
    channel = bot.get_channel(place.channel)
    assert len((await channel.fetch_message(said)).content) == 9
    await asyncio.to_thread(sim.client.set_application, privileged=["members"])
    try:
        assert (await channel.fetch_message(said)).content == ""
    finally:
        await asyncio.to_thread(sim.client.set_application, privileged=["members", "presences", "message_content"])
