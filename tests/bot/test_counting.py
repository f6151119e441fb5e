"""What people do in the local Discord is what the bot stores: exactly that, each thing once."""

from herwa_shared.clock import utc_now
from tests.bot.process import connected, until
from tests.bot.stored import Row, comes_true, events, settled
from tests.events import snowflake


def raw_message(place, **changes) -> dict:
    """A MESSAGE_CREATE as Discord sends it."""
    return {
        "id": str(snowflake(int(utc_now().timestamp() * 1000), low=1)),
        "type": 0,
        "channel_id": str(place.channel),
        "guild_id": str(place.guild),
        "author": {"id": str(place.ada), "username": "ada", "global_name": None},
        "member": {"nick": None},
        "content": "",
        "attachments": [],
        "edited_timestamp": None,
    } | changes


async def test_people_bots_and_webhooks_are_counted_apart(stores, sim, bot, place):
    sim.client.say(place.channel, place.ada)
    sim.client.say(place.channel, place.robot)
    sim.client.say(place.channel, webhook="news")
    await settled(stores, bot)
    people, robot, hook = await events(stores, place.guild)
    assert people == Row("message", place.channel, user=place.ada)
    assert robot == Row("message_bot", place.channel, user=place.robot)
    assert hook == Row("message_webhook", place.channel, user=hook.user)


async def test_a_reply_is_marked_and_lengths_stay_unknown_without_the_content_intent(stores, sim, bot, place):
    said = sim.client.say(place.channel, place.ada, length=40, attachments=2)
    sim.client.say(place.channel, place.bob, reply_to=said, length=7)
    await settled(stores, bot)
    assert await events(stores, place.guild) == [
        Row("message", place.channel, user=place.ada),
        Row("message", place.channel, user=place.bob, reply=True),
    ]


async def test_a_thread_counts_for_its_channel(stores, sim, bot, place):
    thread = sim.client.create_thread(place.channel, "aside")
    said = sim.client.say(thread, place.ada)
    sim.client.edit(thread, said, length=3)
    sim.client.delete(thread, said)
    await settled(stores, bot)
    assert await events(stores, place.guild) == [
        Row("message", place.channel, thread, place.ada),
        Row("message_edit", place.channel, thread, place.ada),
        Row("message_delete", place.channel, thread),
    ]


async def test_a_thread_that_no_event_described_counts_for_its_channel(stores, sim, bot, sleeping_thread):
    place, thread = sleeping_thread
    sim.client.say(thread, place.ada)
    await settled(stores, bot)
    assert await events(stores, place.guild) == [Row("message", place.channel, thread, place.ada)]


async def test_a_place_that_discord_knows_nothing_of_counts_for_itself(stores, sim, bot, place):
    sim.client.dispatch("MESSAGE_CREATE", raw_message(place, channel_id="4711"), guild_id=place.guild)
    sim.client.say(place.channel, place.bob)
    await settled(stores, bot)
    assert sorted(await events(stores, place.guild)) == sorted(
        [Row("message", 4711, user=place.ada), Row("message", place.channel, user=place.bob)]
    )


async def test_an_edit_is_counted_once_and_a_link_preview_not_at_all(stores, sim, bot, place):
    said = sim.client.say(place.channel, place.ada)
    sim.client.edit(place.channel, said)
    sim.client.edit(place.channel, said, length=9)
    sim.client.edit(place.channel, said)  # the preview of a message that was edited before
    await settled(stores, bot)
    assert await events(stores, place.guild) == [
        Row("message", place.channel, user=place.ada),
        Row("message_edit", place.channel, user=place.ada),
    ]


async def test_every_message_of_a_bulk_deletion_is_counted(stores, sim, bot, place):
    said = [sim.client.say(place.channel, place.ada) for _ in range(3)]
    sim.client.delete(place.channel, *said[:2])
    sim.client.delete(place.channel, said[2])
    await settled(stores, bot)
    assert (await events(stores, place.guild))[3:] == 3 * [Row("message_delete", place.channel)]


async def test_what_discord_and_apps_answer_is_no_message(stores, sim, bot, place):
    assert sim.client.command(place.channel, place.ada, "server-stats").messages
    for type_ in (6, 7, 18, 20, 21, 23, 46):
        said = raw_message(place, type=type_, id=str(snowflake(int(utc_now().timestamp() * 1000), low=type_)))
        sim.client.dispatch("MESSAGE_CREATE", said, guild_id=place.guild)
    sim.client.dispatch("MESSAGE_CREATE", {**raw_message(place), "guild_id": None}, guild_id=place.guild)
    sim.client.say(place.channel, place.bob)
    await settled(stores, bot)
    assert await events(stores, place.guild) == [Row("message", place.channel, user=place.bob)]


async def test_an_event_that_comes_twice_is_counted_once(stores, sim, bot, place):
    said = raw_message(place)
    edited = said | {"edited_timestamp": utc_now().isoformat()}
    gone = {"id": said["id"], "channel_id": said["channel_id"], "guild_id": said["guild_id"]}
    for _ in range(2):
        sim.client.dispatch("MESSAGE_CREATE", said, guild_id=place.guild)
        sim.client.dispatch("MESSAGE_UPDATE", edited, guild_id=place.guild)
        sim.client.dispatch("MESSAGE_DELETE", gone, guild_id=place.guild)
    await settled(stores, bot)
    sim.client.dispatch("MESSAGE_CREATE", said, guild_id=place.guild)
    await settled(stores, bot)
    assert [row.kind for row in await events(stores, place.guild)] == ["message", "message_edit", "message_delete"]


async def test_a_lost_connection_loses_and_doubles_nothing(stores, sim, bot, place):
    resumes = connected(sim)[0].resumes
    people = [place.ada, place.bob] * 10
    for number, user in enumerate(people):
        if number == 5:
            sim.client.drop_sockets()
        if number == 12:
            await until(lambda: [session.resumes for session in connected(sim)] == [resumes + 1], bot)
            sim.client.ask_to_reconnect()
        sim.client.say(place.channel, user)
    await until(lambda: [session.resumes for session in connected(sim)] == [resumes + 2], bot)
    await settled(stores, bot)
    assert [row.user for row in await events(stores, place.guild)] == people


async def test_a_drain_is_answered_while_messages_keep_coming(stores, sim, bot, place):
    sim.client.blast([place.channel], 6000, per_second=2000, background=True)
    await settled(stores, bot)
    assert len(await events(stores, place.guild)) < 6000
    await comes_true(lambda: has_stored(stores, place, 6000))


async def has_stored(stores, place, count) -> bool:
    return len(await events(stores, place.guild)) == count
