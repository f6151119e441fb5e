"""Direct messages: what the bot tells one person alone, and what that person answers."""

import asyncio

import discord
import pytest

from herwa_shared.errors import NotFound
from herwa_sim.world import PERSONAS
from tests.sim.bot import INTENTS, connected, until
from tests.sim.commands import Letter


def called(sim, place):
    """The name of the test's member."""
    people = sim.client.guild(place.guild)["member_list"]
    return next(one["name"] for one in people if one["id"] == str(place.member))


async def test_a_message_reaches_the_one_it_is_for(sim, place, bot):
    user = await bot.fetch_user(place.member)
    await user.send("For you alone", view=Letter())
    [message] = await asyncio.to_thread(sim.client.direct_messages, place.member)
    assert message.content == "For you alone"
    assert message.components[0]["components"][0]["label"] == "Allow"
    assert await asyncio.to_thread(sim.client.direct_messages, place.owner) == ()


async def test_a_member_is_written_to_like_a_user(sim, place, bot):
    member = await bot.get_guild(place.guild).fetch_member(place.member)
    sent = await member.send("Hello")
    await sent.edit(content="Hello again")
    [message] = await asyncio.to_thread(sim.client.direct_messages, place.member)
    assert message.content == "Hello again"
    await sent.delete()
    assert await asyncio.to_thread(sim.client.direct_messages, place.member) == ()


async def test_a_button_there_is_pressed_by_a_user_who_is_in_no_guild(sim, place, bot):
    await (await bot.fetch_user(place.member)).send("May they?", view=Letter())
    [message] = await asyncio.to_thread(sim.client.direct_messages, place.member)
    await asyncio.to_thread(sim.client.click, message.channel_id, place.member, message.id, "letter")
    [message] = await asyncio.to_thread(sim.client.direct_messages, place.member)
    assert message.content == f"{called(sim, place)} in DMChannel None True"
    assert message.components == []


async def test_nobody_else_can_press_it(sim, place, bot):
    await (await bot.fetch_user(place.member)).send("May they?", view=Letter())
    [message] = await asyncio.to_thread(sim.client.direct_messages, place.member)
    with pytest.raises(NotFound, match="somebody else's"):
        await asyncio.to_thread(sim.client.click, message.channel_id, place.owner, message.id, "letter")


async def test_who_takes_no_direct_messages_gets_none(sim, place, bot):
    user = await bot.fetch_user(place.member)
    await asyncio.to_thread(sim.client.set_reachable, place.member, False)
    with pytest.raises(discord.Forbidden) as refused:
        await user.send("Hello")
    assert refused.value.code == 50007
    await asyncio.to_thread(sim.client.set_reachable, place.member, True)
    await user.send("Hello")
    assert len(await asyncio.to_thread(sim.client.direct_messages, place.member)) == 1


async def test_who_shares_no_server_with_the_bot_gets_none(bot):
    stranger = await bot.fetch_user(PERSONAS["stranger"])
    with pytest.raises(discord.Forbidden) as refused:
        await stranger.send("Hello")
    assert refused.value.code == 50007


@pytest.mark.parametrize("listens", [True, False])
async def test_what_a_user_writes_is_heard_whole_by_a_bot_that_listens_to_direct_messages(sim, place, listens):
    intents = discord.Intents(INTENTS.value)
    intents.dm_messages = listens
    async with connected(sim, intents=intents) as bot:
        channel = await asyncio.to_thread(sim.client.direct_channel, place.member)
        first = await asyncio.to_thread(sim.client.say, channel, place.member, content="Is anybody there?")
        last = await asyncio.to_thread(sim.client.say, place.channel, place.member)
        await asyncio.to_thread(sim.client.delete, channel, first)
        await until(lambda: any(one.id == last for one in bot.messages))
        heard = [(one.content, one.guild) for one in bot.messages if one.id == first]
        assert heard == ([("Is anybody there?", None)] if listens else [])
        history = [one.id async for one in (await bot.fetch_user(place.member)).history()]
        assert history == []


async def test_a_command_runs_there_unless_it_is_for_servers_alone(sim, place, bot):
    channel = await asyncio.to_thread(sim.client.direct_channel, place.member)
    bot.tree.get_command("stats").guild_only = True
    await bot.tree.sync()
    answer = await asyncio.to_thread(sim.client.command, channel, place.member, "slow", {"quiet": False})
    assert answer.messages[0].content.startswith("first")
    with pytest.raises(Exception, match="does not show stats"):
        await asyncio.to_thread(sim.client.command, channel, place.member, "stats")
    bot.tree.get_command("stats").guild_only = False
    await bot.tree.sync()


async def test_a_conversation_can_be_read_but_is_no_place_for_more(sim, place, bot):
    user = await bot.fetch_user(place.member)
    channel = await user.create_dm()
    assert (await bot.fetch_channel(channel.id)).recipient.id == place.member
    message = await channel.send("Hello")
    assert (await channel.fetch_message(message.id)).content == "Hello"
    with pytest.raises(discord.HTTPException) as refused:
        await bot.http.create_webhook(channel.id, name="Hook")
    assert refused.value.code == 50003


async def test_a_conversation_outlives_a_restart(own_sim):
    guild = own_sim.client.create_guild("Kept")
    ada = own_sim.client.join(guild, "Ada")
    async with connected(own_sim) as bot:
        await (await bot.fetch_user(ada)).send("Keep this", view=Letter())
    await asyncio.to_thread(own_sim.client.set_reachable, ada, False)
    await asyncio.to_thread(own_sim.stop)
    await asyncio.to_thread(own_sim.start)
    [message] = await asyncio.to_thread(own_sim.client.direct_messages, ada)
    assert message.content == "Keep this"
    async with connected(own_sim) as bot:
        bot.add_view(Letter())
        with pytest.raises(discord.Forbidden):
            await (await bot.fetch_user(ada)).send("More")
        told = await asyncio.to_thread(own_sim.client.click, message.channel_id, ada, message.id, "letter")
        assert "in DMChannel" in told.messages[0].content
