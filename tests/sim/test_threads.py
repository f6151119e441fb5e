"""Threads and forum posts: opened, joined, put to sleep, shown and deleted, as a bot hears it."""

import pytest

from herwa_shared.errors import BadRequest
from tests.sim.bot import connected
from tests.sim.gateway_client import GUILDS, MEMBERS, MESSAGES, listening

FORUM = 15
VIEW = 1 << 10


async def test_a_thread_is_opened_put_to_sleep_woken_and_deleted(sim, place):
    async with listening(sim, GUILDS) as client:
        thread = sim.client.create_thread(place.channel, "aside", owner_id=place.member)
        opened = await client.event("THREAD_CREATE")
        assert opened["newly_created"]
        assert (opened["parent_id"], opened["owner_id"]) == (str(place.channel), str(place.member))
        for archived in (True, False):
            sim.client.set_archived(thread, archived)
            changed = await client.event("THREAD_UPDATE")
            assert changed["thread_metadata"]["archived"] is archived
        sim.client.delete_channel(thread)
        assert (await client.event("THREAD_DELETE"))["id"] == str(thread)


async def test_who_says_something_in_a_thread_joins_it(sim, place):
    thread = sim.client.create_thread(place.channel, "aside")
    async with listening(sim, GUILDS | MEMBERS) as client:
        sim.client.say(thread, place.member)
        sim.client.say(thread, place.member)
        joined = await client.event("THREAD_MEMBERS_UPDATE")
        assert [one["user_id"] for one in joined["added_members"]] == [str(place.member)]
        assert joined["member_count"] == 2
        sim.client.leave_thread(thread, place.member)
        left = await client.event("THREAD_MEMBERS_UPDATE")
        assert (left["removed_member_ids"], left["member_count"]) == ([str(place.member)], 1)
        sim.client.join_thread(thread, place.member)
        assert (await client.event("THREAD_MEMBERS_UPDATE"))["member_count"] == 2


async def test_a_post_begins_with_a_message_of_its_own_id(sim, place):
    forum = sim.client.create_channel(place.guild, "questions", type_=FORUM)
    async with listening(sim, GUILDS | MESSAGES) as client:
        post = sim.client.create_post(forum, "How?", owner_id=place.member)
        opened = await client.event("THREAD_CREATE")
        said = await client.event("MESSAGE_CREATE")
    assert (opened["id"], opened["parent_id"]) == (str(post), str(forum))
    assert (said["id"], said["channel_id"]) == (str(post), str(post))
    assert said["author"]["id"] == str(place.member)
    async with connected(sim) as bot:
        assert bot.get_channel(forum).get_thread(post).owner_id == place.member


async def test_posts_are_made_in_forums_only(sim, place):
    with pytest.raises(BadRequest, match="is no forum"):
        sim.client.create_post(place.channel, "Where?")


async def test_a_bot_that_is_let_into_a_channel_is_told_of_its_threads(sim, place):
    thread = sim.client.create_thread(place.channel, "aside")
    asleep = sim.client.create_thread(place.channel, "long ago")
    sim.client.set_archived(asleep, True)
    hide = {"id": str(place.guild), "type": 0, "deny": VIEW}
    sim.client.call("channel/overwrites", channel_id=str(place.channel), overwrites=[hide])
    async with listening(sim, GUILDS) as client:
        sim.client.call("channel/overwrites", channel_id=str(place.channel), overwrites=[])
        shown = await client.event("THREAD_LIST_SYNC")
    assert shown["channel_ids"] == [str(place.channel)]
    assert [one["id"] for one in shown["threads"]] == [str(thread)]
