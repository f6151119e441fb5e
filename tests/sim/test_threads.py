"""Gateway events about threads and forum posts."""

import httpx
import pytest

from herwa_shared.discord.constants import PERMISSIONS
from herwa_shared.errors import BadRequest
from tests.sim.gateway_client import GUILDS, MEMBERS, MESSAGES, connect_identified
from tests.sim.recording_bot import connect_bot

FORUM_TYPE = 15
VIEW_CHANNEL = 1 << 10


async def test_thread_creation_archiving_and_deletion_send_events(sim, server):
    async with connect_identified(sim, GUILDS) as client:
        thread = sim.client.create_thread(server.channel, "aside", owner_id=server.member)
        created = await client.wait_for_event("THREAD_CREATE")
        assert created["newly_created"]
        assert (created["parent_id"], created["owner_id"]) == (str(server.channel), str(server.member))
        for archived in (True, False):
            sim.client.set_archived(thread, archived)
            changed = await client.wait_for_event("THREAD_UPDATE")
            assert changed["thread_metadata"]["archived"] is archived
        sim.client.delete_channel(thread)
        assert (await client.wait_for_event("THREAD_DELETE"))["id"] == str(thread)


async def test_member_who_writes_in_a_thread_joins_the_thread(sim, server):
    thread = sim.client.create_thread(server.channel, "aside")
    async with connect_identified(sim, GUILDS | MEMBERS) as client:
        sim.client.send_message(thread, server.member)
        sim.client.send_message(thread, server.member)
        joined = await client.wait_for_event("THREAD_MEMBERS_UPDATE")
        assert [member["user_id"] for member in joined["added_members"]] == [str(server.member)]
        assert joined["member_count"] == 2
        sim.client.leave_thread(thread, server.member)
        member_update = await client.wait_for_event("THREAD_MEMBERS_UPDATE")
        assert (member_update["removed_member_ids"], member_update["member_count"]) == ([str(server.member)], 1)
        sim.client.join_thread(thread, server.member)
        assert (await client.wait_for_event("THREAD_MEMBERS_UPDATE"))["member_count"] == 2


async def test_forum_post_starts_with_a_message_of_the_same_id(sim, server):
    forum = sim.client.create_channel(server.id, "questions", type_=FORUM_TYPE)
    async with connect_identified(sim, GUILDS | MESSAGES) as client:
        post = sim.client.create_post(forum, "How?", owner_id=server.member)
        created = await client.wait_for_event("THREAD_CREATE")
        message = await client.wait_for_event("MESSAGE_CREATE")
    assert (created["id"], created["parent_id"]) == (str(post), str(forum))
    assert (message["id"], message["channel_id"]) == (str(post), str(post))
    assert message["author"]["id"] == str(server.member)
    async with connect_bot(sim) as bot:
        assert bot.get_channel(forum).get_thread(post).owner_id == server.member


async def test_posts_can_be_created_only_in_forums(sim, server):
    with pytest.raises(BadRequest, match="is no forum"):
        sim.client.create_post(server.channel, "Where?")


async def test_archived_threads_are_listed_in_pages_the_last_archived_first(sim, server):
    threads = [sim.client.create_thread(server.channel, name) for name in "abc"]
    for thread in reversed(threads):
        sim.client.set_archived(thread, True)
    path = f"/channels/{server.channel}/threads/archived/public"
    headers = {"Authorization": f"Bot {sim.token}"}
    async with httpx.AsyncClient(base_url=f"{sim.url}/api/v10", headers=headers, trust_env=False) as client:
        first = (await client.get(path, params={"limit": 2})).json()
        assert [int(thread["id"]) for thread in first["threads"]] == threads[:2]
        assert first["has_more"]
        before = first["threads"][-1]["thread_metadata"]["archive_timestamp"]
        second = (await client.get(path, params={"limit": 2, "before": before})).json()
        assert [int(thread["id"]) for thread in second["threads"]] == threads[2:]
        assert not second["has_more"]
        hide = {"id": str(server.id), "type": 0, "deny": str(PERMISSIONS["read_message_history"])}
        sim.client.call("channel/overwrites", channel_id=str(server.channel), overwrites=[hide])
        assert (await client.get(path)).status_code == 403


async def test_bot_that_gains_access_to_a_channel_receives_its_threads(sim, server):
    thread = sim.client.create_thread(server.channel, "aside")
    archived_thread = sim.client.create_thread(server.channel, "long ago")
    sim.client.set_archived(archived_thread, True)
    hide = {"id": str(server.id), "type": 0, "deny": VIEW_CHANNEL}
    sim.client.call("channel/overwrites", channel_id=str(server.channel), overwrites=[hide])
    async with connect_identified(sim, GUILDS) as client:
        sim.client.call("channel/overwrites", channel_id=str(server.channel), overwrites=[])
        sync = await client.wait_for_event("THREAD_LIST_SYNC")
    assert sync["channel_ids"] == [str(server.channel)]
    assert [synced_thread["id"] for synced_thread in sync["threads"]] == [str(thread)]
