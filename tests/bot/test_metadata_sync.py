"""Servers, channels and members in PostgreSQL follow the changes at Discord."""

import pytest

from herwa_bot.collector.metadata_sync import MetadataChanges, MetadataTracker, save_changes
from herwa_shared.pipeline.privacy_filter import PrivacyFilter
from herwa_shared.services.guilds import ChannelData
from tests.bot.conftest import change_channel
from tests.bot.payloads import create_message_payload
from tests.support.db_assertions import fetch_rows, list_message_events, wait_until_stored
from tests.support.row_factories import add_channel, add_guild

CHANNEL_QUERY = "SELECT name, parent_id, kind, deleted FROM channel WHERE id = :id"
GUILD_QUERY = "SELECT name, left_at IS NULL, (SELECT count(*) FROM guild_membership WHERE guild_id = id AND left_at IS NULL) FROM guild WHERE id = :id"
MEMBER_QUERY = "SELECT name, bot FROM member WHERE guild_id = :guild AND user_id = :user"


async def test_server_name_is_updated(stores, sim, bot, server):
    await wait_until_stored(stores, bot)
    payload = {"id": str(server.id), "name": "Tea & Biscuits ☕", "owner_id": str(server.ada)}
    sim.client.dispatch("GUILD_UPDATE", payload, guild_id=server.id)
    await wait_until_stored(stores, bot)
    rows = await fetch_rows(stores, "SELECT name, owner_id FROM guild WHERE id = :id", id=server.id)
    assert rows == [("Tea & Biscuits ☕", server.ada)]


async def test_channel_name_is_updated_and_kept_after_deletion(stores, sim, bot, server):
    category = sim.client.create_channel(server.id, "talk", type_=4)
    channel = sim.client.create_channel(server.id, "before", parent_id=category)
    await wait_until_stored(stores, bot)
    assert await fetch_rows(stores, CHANNEL_QUERY, id=channel) == [("before", category, 0, False)]
    change_channel(sim, channel, name="after")
    await wait_until_stored(stores, bot)
    assert await fetch_rows(stores, CHANNEL_QUERY, id=channel) == [("after", category, 0, False)]
    sim.client.delete_channel(channel)
    await wait_until_stored(stores, bot)
    assert await fetch_rows(stores, CHANNEL_QUERY, id=channel) == [("after", category, 0, True)]


@pytest.mark.parametrize("was_saving_repeated", [False, True])
async def test_channel_that_was_created_right_after_guild_create_is_not_deleted(stores, was_saving_repeated):
    """Both are saved in one batch: GUILD_CREATE listed the channels without it."""
    guild_id, tracker = await add_guild(stores), MetadataTracker()
    old, new = (ChannelData(guild_id + number, guild_id, None, 0, "c") for number in (1, 2))
    gone = await add_channel(stores, guild_id, "gone")
    tracker.update_channels([old])
    tracker.set_listed_channels(guild_id, [old.id])
    older_changes = tracker.take() if was_saving_repeated else MetadataChanges()
    tracker.update_channels([new])
    tracker.changes.merge_older(older_changes)
    async with stores.database.transaction() as session:
        await save_changes(session, tracker.take(), PrivacyFilter(stores.database.audit_key))
    rows = await fetch_rows(stores, "SELECT id, deleted FROM channel WHERE guild_id = :guild", guild=guild_id)
    assert dict(tuple(row) for row in rows) == {old.id: False, new.id: False, gone: True}


async def test_thread_is_stored_with_its_parent_channel(stores, sim, bot, server):
    thread = sim.client.create_thread(server.channel, "aside")
    await wait_until_stored(stores, bot)
    assert await fetch_rows(stores, CHANNEL_QUERY, id=thread) == [("aside", server.channel, 11, False)]
    sim.client.delete_channel(thread)
    await wait_until_stored(stores, bot)
    assert await fetch_rows(stores, CHANNEL_QUERY, id=thread) == [("aside", server.channel, 11, True)]


async def test_fetched_thread_gets_its_name(stores, sim, bot, archived_thread):
    server, thread = archived_thread
    sim.client.send_message(thread, server.ada)
    await wait_until_stored(stores, bot)
    assert await fetch_rows(stores, CHANNEL_QUERY, id=thread) == [("last year", server.channel, 11, False)]


async def test_member_name_is_updated_by_the_newest_message(stores, sim, bot, server):
    for low, (nick, display) in enumerate(((None, None), (None, "Ada L."), ("Countess", "Ada L."))):
        author = {"id": str(server.ada), "username": "ada", "global_name": display}
        payload = create_message_payload(server, author=author, member={"nick": nick})
        sim.client.dispatch("MESSAGE_CREATE", payload | {"id": str(int(payload["id"]) + low)}, guild_id=server.id)
        await wait_until_stored(stores, bot)
        assert await fetch_rows(stores, MEMBER_QUERY, guild=server.id, user=server.ada) == [
            (nick or display or "ada", False)
        ]


async def test_bots_are_marked_and_webhooks_are_not_members(stores, sim, bot, new_server):
    sim.client.send_message(new_server.channel, new_server.robot)
    sim.client.send_message(new_server.channel, webhook="news")
    await wait_until_stored(stores, bot)
    [(_, is_bot)] = await fetch_rows(stores, MEMBER_QUERY, guild=new_server.id, user=new_server.robot)
    assert is_bot
    rows = await fetch_rows(stores, "SELECT user_id FROM member WHERE guild_id = :g", g=new_server.id)
    assert {user for (user,) in rows} == {new_server.ada, new_server.bob, new_server.robot}


async def test_removal_and_invitation_update_the_guild_membership(stores, sim, bot, server):
    sim.client.send_message(server.channel, server.ada)
    await wait_until_stored(stores, bot)
    [(name, is_in, membership_count)] = await fetch_rows(stores, GUILD_QUERY, id=server.id)
    assert (is_in, membership_count) == (True, 1)
    sim.client.remove_guild(server.id)
    await wait_until_stored(stores, bot)
    assert await fetch_rows(stores, GUILD_QUERY, id=server.id) == [(name, False, 0)]
    assert sim.client.create_guild(name) == server.id
    await wait_until_stored(stores, bot)
    assert await fetch_rows(stores, GUILD_QUERY, id=server.id) == [(name, True, 1)]


async def test_server_outage_does_not_end_the_guild_membership(stores, sim, bot, server):
    sim.client.set_available(server.id, available=False)
    await wait_until_stored(stores, bot)
    [(_, is_in, _)] = await fetch_rows(stores, GUILD_QUERY, id=server.id)
    assert is_in
    sim.client.set_available(server.id, available=True)
    sim.client.send_message(server.channel, server.ada)
    await wait_until_stored(stores, bot)
    assert len(await list_message_events(stores, server.id)) == 1
