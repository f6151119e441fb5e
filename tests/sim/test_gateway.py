"""The gateway as an unmodified discord.py bot experiences it."""

import asyncio

import discord

from tests.sim.recording_bot import connect_bot, wait_until


async def test_bot_is_ready_with_the_channels_and_threads_of_its_guilds(sim, server):
    thread = await asyncio.to_thread(sim.client.create_thread, server.channel, "a thread")
    async with connect_bot(sim) as bot:
        guild = bot.get_guild(server.id)
        assert guild.get_channel(server.channel).name == "general"
        assert guild.get_thread(thread).parent_id == server.channel
        assert guild.me.guild_permissions.attach_files
        assert guild.member_count == 3


async def test_bot_receives_messages_of_members_threads_bots_and_webhooks(sim, server, bot):
    def send_messages():
        robot = sim.client.join(server.id, "Robot", bot=True)
        thread = sim.client.create_thread(server.channel, "help")
        first_id = sim.client.send_message(server.channel, server.member, length=12)
        return [
            first_id,
            sim.client.send_message(server.channel, server.member, reply_to=first_id),
            sim.client.send_message(thread, server.member, attachments=2),
            sim.client.send_message(server.channel, robot),
            sim.client.send_message(server.channel, webhook="Feed"),
        ], thread

    message_ids, thread = await asyncio.to_thread(send_messages)
    await wait_until(lambda: len(bot.messages) == 6)
    assert [message.id for message in bot.messages[1:]] == message_ids
    announcement, first_message, reply_message, thread_message, bot_message, webhook_message = bot.messages
    assert (announcement.type, announcement.channel.id) == (discord.MessageType.thread_created, server.channel)
    assert reply_message.reference.message_id == first_message.id
    assert reply_message.type == discord.MessageType.reply
    assert thread_message.channel.id == thread
    assert bot_message.author.bot
    assert webhook_message.webhook_id


async def test_edits_deletions_joins_and_leaves_arrive(sim, server, bot):
    def change_server():
        ids = [sim.client.send_message(server.channel, server.member) for _ in range(4)]
        sim.client.edit_message(server.channel, ids[0], length=5)
        sim.client.delete_messages(server.channel, ids[1])
        sim.client.delete_messages(server.channel, ids[2], ids[3])
        visitor = sim.client.join(server.id, "Visitor")
        sim.client.leave(server.id, visitor)
        return ids, visitor

    ids, visitor = await asyncio.to_thread(change_server)
    await wait_until(lambda: ("leave", visitor) in bot.recorded_events)
    for event in (("edit", ids[0]), ("delete", ids[1]), ("bulk_delete", frozenset(ids[2:])), ("member", visitor)):
        assert event in bot.recorded_events


async def test_link_preview_is_an_update_without_an_edit_time(sim, server, bot):
    def send_with_preview():
        message_id = sim.client.send_message(server.channel, server.member)
        sim.client.edit_message(server.channel, message_id)
        return message_id

    message_id = await asyncio.to_thread(send_with_preview)
    await wait_until(lambda: ("edit", message_id) in bot.recorded_events)
    message = await bot.get_channel(server.channel).fetch_message(message_id)
    assert message.edited_at is None
    assert message.embeds


async def test_new_guild_outage_and_removal_are_distinct_events(sim, bot):
    guild = await asyncio.to_thread(sim.client.create_guild, "Newcomer")
    await wait_until(lambda: ("join", guild) in bot.recorded_events)
    await asyncio.to_thread(sim.client.set_available, guild, False)
    await wait_until(lambda: ("unavailable", guild) in bot.recorded_events)
    await asyncio.to_thread(sim.client.set_available, guild, True)
    await wait_until(lambda: ("available", guild) in bot.recorded_events)
    await asyncio.to_thread(sim.client.remove_guild, guild)
    await wait_until(lambda: ("remove", guild) in bot.recorded_events)


async def test_dropped_socket_resumes_and_every_message_arrives_once(sim, server, bot):
    def drop_and_send():
        first_id = sim.client.send_message(server.channel, server.member)
        sim.client.drop_sockets()
        return [first_id] + [sim.client.send_message(server.channel, server.member) for _ in range(20)]

    message_ids = await asyncio.to_thread(drop_and_send)
    await wait_until(lambda: ("resumed", 0) in bot.recorded_events and len(bot.messages) >= 21)
    assert [message.id for message in bot.messages] == message_ids
    assert (await asyncio.to_thread(sim.client.get_snapshot)).sessions[-1].resumes == 1


async def test_request_to_reconnect_is_followed_by_a_resume(sim, server, bot):
    await asyncio.to_thread(sim.client.request_reconnect)
    await wait_until(lambda: ("resumed", 0) in bot.recorded_events)


async def test_invalid_session_is_followed_by_a_new_one(sim, server, bot):
    await asyncio.to_thread(sim.client.invalidate_sessions)
    await wait_until(lambda: bot.recorded_events.count(("identify", 0)) == 2)
    await wait_until(lambda: bot.recorded_events.count(("available", server.id)) == 2)
    message_id = await asyncio.to_thread(sim.client.send_message, server.channel, server.member)
    await wait_until(lambda: [message.id for message in bot.messages] == [message_id])


async def test_heartbeat_on_request_acknowledges_what_the_bot_has(sim, server, bot):
    await asyncio.to_thread(sim.client.send_message, server.channel, server.member)
    await asyncio.to_thread(sim.client.request_heartbeat)

    async with asyncio.timeout(5):
        while True:
            session = (await asyncio.to_thread(sim.client.get_snapshot)).sessions[-1]
            if session.acknowledged == session.sequence:
                break
            await asyncio.sleep(0.02)
    assert session.user_agent.startswith("DiscordBot")


async def test_each_shard_gets_its_own_guilds(sim, server):
    await asyncio.to_thread(sim.client.set_application, max_concurrency=2)
    try:
        async with connect_bot(sim, shard_count=2) as bot:
            assert {guild.shard_id for guild in bot.guilds} <= {0, 1}
            assert bot.get_guild(server.id).shard_id == (server.id >> 22) % 2
            message_id = await asyncio.to_thread(sim.client.send_message, server.channel, server.member)
            await wait_until(lambda: [message.id for message in bot.messages] == [message_id])
    finally:
        await asyncio.to_thread(sim.client.set_application, max_concurrency=1)
