"""What an unmodified discord.py bot lives through at the gateway."""

import asyncio

import discord

from tests.sim.bot import connected, until


async def test_bot_is_ready_with_the_channels_and_threads_of_its_guilds(sim, place):
    thread = await asyncio.to_thread(sim.client.create_thread, place.channel, "a thread")
    async with connected(sim) as bot:
        guild = bot.get_guild(place.guild)
        assert guild.get_channel(place.channel).name == "general"
        assert guild.get_thread(thread).parent_id == place.channel
        assert guild.me.guild_permissions.attach_files
        assert guild.member_count == 3


async def test_bot_hears_members_threads_other_bots_and_webhooks(sim, place, bot):
    def talk():
        robot = sim.client.join(place.guild, "Robot", bot=True)
        thread = sim.client.create_thread(place.channel, "help")
        first = sim.client.say(place.channel, place.member, length=12)
        return [
            first,
            sim.client.say(place.channel, place.member, reply_to=first),
            sim.client.say(thread, place.member, attachments=2),
            sim.client.say(place.channel, robot),
            sim.client.say(place.channel, webhook="Feed"),
        ], thread

    said, thread = await asyncio.to_thread(talk)
    await until(lambda: len(bot.messages) == 5)
    assert [one.id for one in bot.messages] == said
    first, reply, in_thread, by_bot, by_webhook = bot.messages
    assert reply.reference.message_id == first.id
    assert reply.type == discord.MessageType.reply
    assert in_thread.channel.id == thread
    assert by_bot.author.bot
    assert by_webhook.webhook_id


async def test_edits_deletions_joins_and_leaves_arrive(sim, place, bot):
    def act():
        ids = [sim.client.say(place.channel, place.member) for _ in range(4)]
        sim.client.edit(place.channel, ids[0], length=5)
        sim.client.delete(place.channel, ids[1])
        sim.client.delete(place.channel, ids[2], ids[3])
        visitor = sim.client.join(place.guild, "Visitor")
        sim.client.leave(place.guild, visitor)
        return ids, visitor

    ids, visitor = await asyncio.to_thread(act)
    await until(lambda: ("leave", visitor) in bot.told)
    for told in (("edit", ids[0]), ("delete", ids[1]), ("bulk_delete", frozenset(ids[2:])), ("member", visitor)):
        assert told in bot.told


async def test_link_preview_is_an_update_without_an_edit_time(sim, place, bot):
    def act():
        said = sim.client.say(place.channel, place.member)
        sim.client.edit(place.channel, said)
        return said

    said = await asyncio.to_thread(act)
    await until(lambda: ("edit", said) in bot.told)
    message = await bot.get_channel(place.channel).fetch_message(said)
    assert message.edited_at is None
    assert message.embeds


async def test_new_guild_outage_and_removal_are_told_apart(sim, bot):
    guild = await asyncio.to_thread(sim.client.create_guild, "Newcomer")
    await until(lambda: ("join", guild) in bot.told)
    await asyncio.to_thread(sim.client.set_available, guild, False)
    await until(lambda: ("unavailable", guild) in bot.told)
    await asyncio.to_thread(sim.client.set_available, guild, True)
    await until(lambda: ("available", guild) in bot.told)
    await asyncio.to_thread(sim.client.remove_guild, guild)
    await until(lambda: ("remove", guild) in bot.told)


async def test_dropped_socket_resumes_and_every_message_arrives_once(sim, place, bot):
    def drop_and_talk():
        before = sim.client.say(place.channel, place.member)
        sim.client.drop_sockets()
        return [before] + [sim.client.say(place.channel, place.member) for _ in range(20)]

    said = await asyncio.to_thread(drop_and_talk)
    await until(lambda: ("resumed", 0) in bot.told and len(bot.messages) >= 21)
    assert [one.id for one in bot.messages] == said
    assert (await asyncio.to_thread(sim.client.state)).sessions[-1].resumes == 1


async def test_request_to_reconnect_is_followed_by_a_resume(sim, place, bot):
    await asyncio.to_thread(sim.client.ask_to_reconnect)
    await until(lambda: ("resumed", 0) in bot.told)


async def test_invalid_session_is_followed_by_a_new_one(sim, place, bot):
    await asyncio.to_thread(sim.client.invalidate_sessions)
    await until(lambda: bot.told.count(("identify", 0)) == 2)
    await until(lambda: bot.told.count(("available", place.guild)) == 2)
    said = await asyncio.to_thread(sim.client.say, place.channel, place.member)
    await until(lambda: [one.id for one in bot.messages] == [said])


async def test_heartbeat_on_request_acknowledges_what_the_bot_has(sim, place, bot):
    await asyncio.to_thread(sim.client.say, place.channel, place.member)
    await asyncio.to_thread(sim.client.ask_for_heartbeat)

    async with asyncio.timeout(5):
        while True:
            session = (await asyncio.to_thread(sim.client.state)).sessions[-1]
            if session.acknowledged == session.sequence:
                break
            await asyncio.sleep(0.02)
    assert session.user_agent.startswith("DiscordBot")


async def test_each_shard_gets_its_own_guilds(sim, place):
    await asyncio.to_thread(sim.client.set_application, max_concurrency=2)
    try:
        async with connected(sim, shard_count=2) as bot:
            assert {guild.shard_id for guild in bot.guilds} <= {0, 1}
            assert bot.get_guild(place.guild).shard_id == (place.guild >> 22) % 2
            said = await asyncio.to_thread(sim.client.say, place.channel, place.member)
            await until(lambda: [one.id for one in bot.messages] == [said])
    finally:
        await asyncio.to_thread(sim.client.set_application, max_concurrency=1)
