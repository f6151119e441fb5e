"""Direct messages between the bot and one user."""

import asyncio

import discord
import pytest

from herwa_shared.errors import NotFound
from herwa_sim.texts import actions as texts
from herwa_sim.world import PERSONAS
from tests.sim.commands import DirectMessageView
from tests.sim.recording_bot import INTENTS, connect_bot, wait_until


def get_member_name(sim, server):
    """Return the name of the test's member."""
    people = sim.client.get_guild(server.id)["member_list"]
    return next(member["name"] for member in people if member["id"] == str(server.member))


async def test_direct_message_reaches_only_its_recipient(sim, server, bot):
    user = await bot.fetch_user(server.member)
    await user.send("For you alone", view=DirectMessageView())
    [message] = await asyncio.to_thread(sim.client.list_direct_messages, server.member)
    assert message.content == "For you alone"
    assert message.components[0]["components"][0]["label"] == "Allow"
    assert await asyncio.to_thread(sim.client.list_direct_messages, server.owner) == ()


async def test_direct_message_to_a_member_can_be_edited_and_deleted(sim, server, bot):
    member = await bot.get_guild(server.id).fetch_member(server.member)
    message_sent = await member.send("Hello")
    await message_sent.edit(content="Hello again")
    [message] = await asyncio.to_thread(sim.client.list_direct_messages, server.member)
    assert message.content == "Hello again"
    await message_sent.delete()
    assert await asyncio.to_thread(sim.client.list_direct_messages, server.member) == ()


async def test_button_in_a_direct_message_has_no_guild_context(sim, server, bot):
    await (await bot.fetch_user(server.member)).send("May they?", view=DirectMessageView())
    [message] = await asyncio.to_thread(sim.client.list_direct_messages, server.member)
    await asyncio.to_thread(sim.client.click, message.channel_id, server.member, message.id, "letter")
    [message] = await asyncio.to_thread(sim.client.list_direct_messages, server.member)
    assert message.content == f"{get_member_name(sim, server)} in DMChannel None True"
    assert message.components == []


async def test_other_users_cannot_press_a_button_in_a_direct_message(sim, server, bot):
    await (await bot.fetch_user(server.member)).send("May they?", view=DirectMessageView())
    [message] = await asyncio.to_thread(sim.client.list_direct_messages, server.member)
    with pytest.raises(NotFound, match=texts.FOREIGN_CONVERSATION):
        await asyncio.to_thread(sim.client.click, message.channel_id, server.owner, message.id, "letter")


async def test_unreachable_user_gets_no_direct_message(sim, server, bot):
    user = await bot.fetch_user(server.member)
    await asyncio.to_thread(sim.client.set_reachable, server.member, False)
    with pytest.raises(discord.Forbidden) as error:
        await user.send("Hello")
    assert error.value.code == 50007
    await asyncio.to_thread(sim.client.set_reachable, server.member, True)
    await user.send("Hello")
    assert len(await asyncio.to_thread(sim.client.list_direct_messages, server.member)) == 1


async def test_user_without_a_shared_server_gets_no_direct_message(bot):
    stranger = await bot.fetch_user(PERSONAS["stranger"])
    with pytest.raises(discord.Forbidden) as error:
        await stranger.send("Hello")
    assert error.value.code == 50007


@pytest.mark.parametrize("has_intent", [True, False])
async def test_direct_message_content_requires_the_intent(sim, server, has_intent):
    intents = discord.Intents(INTENTS.value)
    intents.dm_messages = has_intent
    async with connect_bot(sim, intents=intents) as bot:
        channel = await asyncio.to_thread(sim.client.open_direct_channel, server.member)
        first_id = await asyncio.to_thread(sim.client.send_message, channel, server.member, content="Is anybody there?")
        last_id = await asyncio.to_thread(sim.client.send_message, server.channel, server.member)
        await asyncio.to_thread(sim.client.delete_messages, channel, first_id)
        await wait_until(lambda: any(message.id == last_id for message in bot.messages))
        received = [(message.content, message.guild) for message in bot.messages if message.id == first_id]
        assert received == ([("Is anybody there?", None)] if has_intent else [])
        history = [message.id async for message in (await bot.fetch_user(server.member)).history()]
        assert history == []


async def test_guild_only_command_is_hidden_in_direct_messages(sim, server, bot):
    channel = await asyncio.to_thread(sim.client.open_direct_channel, server.member)
    bot.tree.get_command("stats").guild_only = True
    await bot.tree.sync()
    result = await asyncio.to_thread(sim.client.run_command, channel, server.member, "slow", {"quiet": False})
    assert result.messages[0].content.startswith("first")
    with pytest.raises(Exception, match=texts.format_hidden_command("stats")):
        await asyncio.to_thread(sim.client.run_command, channel, server.member, "stats")
    bot.tree.get_command("stats").guild_only = False
    await bot.tree.sync()


async def test_direct_channel_can_be_read_but_has_no_webhooks(sim, server, bot):
    user = await bot.fetch_user(server.member)
    channel = await user.create_dm()
    assert (await bot.fetch_channel(channel.id)).recipient.id == server.member
    message = await channel.send("Hello")
    assert (await channel.fetch_message(message.id)).content == "Hello"
    with pytest.raises(discord.HTTPException) as error:
        await bot.http.create_webhook(channel.id, name="Hook")
    assert error.value.code == 50003


async def test_direct_messages_survive_a_restart(own_sim):
    guild = own_sim.client.create_guild("Kept")
    ada = own_sim.client.join(guild, "Ada")
    async with connect_bot(own_sim) as bot:
        await (await bot.fetch_user(ada)).send("Keep this", view=DirectMessageView())
    await asyncio.to_thread(own_sim.client.set_reachable, ada, False)
    await asyncio.to_thread(own_sim.stop)
    await asyncio.to_thread(own_sim.start)
    [message] = await asyncio.to_thread(own_sim.client.list_direct_messages, ada)
    assert message.content == "Keep this"
    async with connect_bot(own_sim) as bot:
        bot.add_view(DirectMessageView())
        with pytest.raises(discord.Forbidden):
            await (await bot.fetch_user(ada)).send("More")
        result = await asyncio.to_thread(own_sim.client.click, message.channel_id, ada, message.id, "letter")
        assert "in DMChannel" in result.messages[0].content
