"""Messages, edits and deletions in the local Discord are stored exactly once."""

from herwa_shared.clock import utc_now
from tests.bot.payloads import create_message_payload
from tests.support.bot_process import list_connected_sessions, wait_until
from tests.support.db_assertions import StoredEvent, list_message_events, wait_until_stored
from tests.support.event_factories import build_snowflake


async def test_people_bots_and_webhooks_are_counted_separately(stores, sim, bot, server):
    sim.client.send_message(server.channel, server.ada)
    sim.client.send_message(server.channel, server.robot)
    sim.client.send_message(server.channel, webhook="news")
    await wait_until_stored(stores, bot)
    people, robot, hook = await list_message_events(stores, server.id)
    assert people == StoredEvent("message", server.channel, user=server.ada)
    assert robot == StoredEvent("message_bot", server.channel, user=server.robot)
    assert hook == StoredEvent("message_webhook", server.channel, user=hook.user)


async def test_reply_is_marked_and_length_is_unknown_without_the_content_intent(stores, sim, bot, server):
    message_id = sim.client.send_message(server.channel, server.ada, length=40, attachments=2)
    sim.client.send_message(server.channel, server.bob, reply_to=message_id, length=7)
    await wait_until_stored(stores, bot)
    assert await list_message_events(stores, server.id) == [
        StoredEvent("message", server.channel, user=server.ada),
        StoredEvent("message", server.channel, user=server.bob, reply=True),
    ]


async def test_thread_message_counts_for_its_channel(stores, sim, bot, server):
    thread = sim.client.create_thread(server.channel, "aside")
    message_id = sim.client.send_message(thread, server.ada)
    sim.client.edit_message(thread, message_id, length=3)
    sim.client.delete_messages(thread, message_id)
    await wait_until_stored(stores, bot)
    assert await list_message_events(stores, server.id) == [
        StoredEvent("message", server.channel, thread, server.ada),
        StoredEvent("message_edit", server.channel, thread, server.ada),
        StoredEvent("message_delete", server.channel, thread),
    ]


async def test_message_in_an_unknown_thread_counts_for_its_channel(stores, sim, bot, archived_thread):
    server, thread = archived_thread
    sim.client.send_message(thread, server.ada)
    await wait_until_stored(stores, bot)
    assert await list_message_events(stores, server.id) == [StoredEvent("message", server.channel, thread, server.ada)]


async def test_message_in_an_unknown_channel_counts_for_that_channel(stores, sim, bot, server):
    sim.client.dispatch("MESSAGE_CREATE", create_message_payload(server, channel_id="4711"), guild_id=server.id)
    sim.client.send_message(server.channel, server.bob)
    await wait_until_stored(stores, bot)
    assert sorted(await list_message_events(stores, server.id)) == sorted(
        [StoredEvent("message", 4711, user=server.ada), StoredEvent("message", server.channel, user=server.bob)]
    )


async def test_edit_is_counted_once_and_link_previews_are_ignored(stores, sim, bot, server):
    message_id = sim.client.send_message(server.channel, server.ada)
    sim.client.edit_message(server.channel, message_id)
    sim.client.edit_message(server.channel, message_id, length=9)
    sim.client.edit_message(server.channel, message_id)  # the link preview of a message that was edited before
    await wait_until_stored(stores, bot)
    assert await list_message_events(stores, server.id) == [
        StoredEvent("message", server.channel, user=server.ada),
        StoredEvent("message_edit", server.channel, user=server.ada),
    ]


async def test_every_message_of_a_bulk_deletion_is_counted(stores, sim, bot, server):
    message_ids = [sim.client.send_message(server.channel, server.ada) for _ in range(3)]
    sim.client.delete_messages(server.channel, *message_ids[:2])
    sim.client.delete_messages(server.channel, message_ids[2])
    await wait_until_stored(stores, bot)
    assert (await list_message_events(stores, server.id))[3:] == 3 * [StoredEvent("message_delete", server.channel)]


async def test_system_messages_are_not_counted_and_replies_of_apps_are_messages_of_bots(stores, sim, bot, server):
    assert sim.client.run_command(server.channel, server.ada, "server-stats").messages
    for type_ in (6, 7, 18, 21, 46):
        payload = create_message_payload(
            server, type=type_, id=str(build_snowflake(int(utc_now().timestamp() * 1000), low_bits=type_))
        )
        sim.client.dispatch("MESSAGE_CREATE", payload, guild_id=server.id)
    sim.client.dispatch("MESSAGE_CREATE", {**create_message_payload(server), "guild_id": None}, guild_id=server.id)
    sim.client.send_message(server.channel, server.bob)
    await wait_until_stored(stores, bot)
    reply, message = await list_message_events(stores, server.id)
    assert reply == StoredEvent("message_bot", server.channel, user=reply.user)
    assert message == StoredEvent("message", server.channel, user=server.bob)


async def test_duplicate_event_is_counted_once(stores, sim, bot, server):
    created = create_message_payload(server)
    edited = created | {"edited_timestamp": utc_now().isoformat()}
    deleted = {"id": created["id"], "channel_id": created["channel_id"], "guild_id": created["guild_id"]}
    for _ in range(2):
        sim.client.dispatch("MESSAGE_CREATE", created, guild_id=server.id)
        sim.client.dispatch("MESSAGE_UPDATE", edited, guild_id=server.id)
        sim.client.dispatch("MESSAGE_DELETE", deleted, guild_id=server.id)
    await wait_until_stored(stores, bot)
    sim.client.dispatch("MESSAGE_CREATE", created, guild_id=server.id)
    await wait_until_stored(stores, bot)
    assert [row.kind for row in await list_message_events(stores, server.id)] == [
        "message",
        "message_edit",
        "message_delete",
    ]


async def test_lost_connection_neither_loses_nor_duplicates_events(stores, sim, bot, server):
    resumes = list_connected_sessions(sim)[0].resumes
    people = [server.ada, server.bob] * 10
    for number, user in enumerate(people):
        if number == 5:
            sim.client.drop_sockets()
        if number == 12:
            await wait_until(
                lambda: [session.resumes for session in list_connected_sessions(sim)] == [resumes + 1], bot
            )
            sim.client.request_reconnect()
        sim.client.send_message(server.channel, user)
    await wait_until(lambda: [session.resumes for session in list_connected_sessions(sim)] == [resumes + 2], bot)
    await wait_until_stored(stores, bot)
    assert [row.user for row in await list_message_events(stores, server.id)] == people


async def test_drain_finishes_while_messages_keep_arriving(stores, sim, bot, server):
    sim.client.generate_load([server.channel], 6000, per_second=2000, background=True)
    await wait_until_stored(stores, bot)
    assert len(await list_message_events(stores, server.id)) < 6000
    await wait_until(lambda: has_stored_events(stores, server, 6000))


async def has_stored_events(stores, server, count) -> bool:
    return len(await list_message_events(stores, server.id)) == count
