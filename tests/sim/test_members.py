"""Gateway events about members, roles, owners and presences; and servers without the bot."""

import asyncio
from datetime import datetime

import pytest

from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest
from tests.sim.gateway_client import GUILDS, MEMBERS, MESSAGES, MODERATION, PRESENCES, connect_identified
from tests.sim.recording_bot import connect_bot, wait_until


async def test_join_rename_role_and_ban_send_events(sim, server):
    async with connect_identified(sim, GUILDS | MEMBERS | MODERATION) as client:
        member = sim.client.join(server.id, "Bea")
        joined = await client.wait_for_event("GUILD_MEMBER_ADD")
        assert (joined["user"]["id"], joined["guild_id"]) == (str(member), str(server.id))
        sim.client.set_nickname(server.id, member, "Queen Bea")
        assert (await client.wait_for_event("GUILD_MEMBER_UPDATE"))["nick"] == "Queen Bea"
        role = sim.client.create_role(server.id, "Hive")
        sim.client.set_roles(server.id, member, [role])
        assert (await client.wait_for_event("GUILD_MEMBER_UPDATE"))["roles"] == [str(role)]
        sim.client.ban(server.id, member)
        assert (await client.wait_for_event("GUILD_BAN_ADD"))["user"]["id"] == str(member)
        assert (await client.wait_for_event("GUILD_MEMBER_REMOVE"))["user"]["id"] == str(member)


async def test_join_message_is_posted_in_the_channel_of_system_messages(sim, server):
    """It is not posted while join messages are switched off, and after the channel was deleted."""
    welcome = sim.client.create_channel(server.id, "welcome")
    async with connect_identified(sim, GUILDS | MESSAGES) as client:
        sim.client.update_guild(server.id, system_channel_id=welcome)
        for flags in (0b0001, 0b0010):
            sim.client.update_guild(server.id, system_channel_flags=flags)
            member = sim.client.join(server.id, f"Bea {flags}")
        message = await client.wait_for_event("MESSAGE_CREATE")
        assert (message["type"], message["channel_id"], message["content"]) == (7, str(welcome), "")
        assert message["author"]["id"] == str(member)
        assert datetime.fromisoformat(message["member"]["joined_at"]) <= utc_now()
        sim.client.delete_channel(welcome)
        sim.client.join(server.id, "Cleo")
        sim.client.send_message(server.channel, member)
        assert (await client.wait_for_event("CHANNEL_DELETE"))["id"] == str(welcome)
        assert (await client.wait_for_event("GUILD_UPDATE"))["system_channel_id"] is None
        assert (await client.wait_for_event("MESSAGE_CREATE"))["type"] == 0


async def test_member_count_follows_joins_and_leaves(sim, server, bot):
    guild = await bot.fetch_guild(server.id, with_counts=True)
    assert guild.approximate_member_count == 3
    member = sim.client.join(server.id, "Bea")
    assert (await bot.fetch_guild(server.id)).approximate_member_count == 4
    await wait_until(lambda: bot.get_guild(server.id).member_count == 4)
    sim.client.leave(server.id, member)
    assert (await bot.fetch_guild(server.id)).approximate_member_count == 3
    member_counts = {
        user_guild.id: user_guild.approximate_member_count async for user_guild in bot.fetch_guilds(with_counts=True)
    }
    assert member_counts[server.id] == 3


async def test_role_changes_send_events_and_deletion_removes_it_from_members(sim, server):
    async with connect_identified(sim, GUILDS) as client:
        role = sim.client.create_role(server.id, "Keeper", permissions=1 << 13)
        assert (await client.wait_for_event("GUILD_ROLE_CREATE"))["role"]["permissions"] == str(1 << 13)
        sim.client.set_roles(server.id, server.member, [role])
        sim.client.update_role(server.id, role, name="Warden", permissions=0)
        changed = (await client.wait_for_event("GUILD_ROLE_UPDATE"))["role"]
        assert (changed["name"], changed["permissions"]) == ("Warden", "0")
        sim.client.delete_role(server.id, role)
        assert await client.wait_for_event("GUILD_ROLE_DELETE") == {"guild_id": str(server.id), "role_id": str(role)}
    async with connect_bot(sim) as bot:
        member = await bot.get_guild(server.id).fetch_member(server.member)
        assert [member_role.id for member_role in member.roles] == [server.id]


async def test_guild_update_sends_name_and_owner(sim, server):
    async with connect_identified(sim, GUILDS) as client:
        sim.client.update_guild(server.id, owner_id=server.member)
        assert (await client.wait_for_event("GUILD_UPDATE"))["owner_id"] == str(server.member)
        sim.client.update_guild(server.id, name=f"Renamed {server.id}")
        assert (await client.wait_for_event("GUILD_UPDATE"))["name"] == f"Renamed {server.id}"


async def test_presence_is_counted_and_sent_with_the_intent(sim, server, bot):
    sim.client.set_status(server.member, "online")
    assert (await bot.fetch_guild(server.id)).approximate_presence_count == 1
    async with connect_identified(sim, GUILDS | MEMBERS | PRESENCES) as client:
        while (created := await client.wait_for_event("GUILD_CREATE"))["id"] != str(server.id):
            pass
        assert [(presence["user"]["id"], presence["status"]) for presence in created["presences"]] == [
            (str(server.member), "online")
        ]
        sim.client.set_status(server.member, "idle")
        assert (await client.wait_for_event("PRESENCE_UPDATE"))["status"] == "idle"
        sim.client.set_status(server.member, "offline")
        assert (await client.wait_for_event("PRESENCE_UPDATE"))["client_status"] == {}
    assert (await bot.fetch_guild(server.id)).approximate_presence_count == 0


async def test_presences_require_their_intent(sim, server):
    sim.client.set_status(server.member, "dnd")
    async with connect_identified(sim, GUILDS | MEMBERS) as client:
        while (created := await client.wait_for_event("GUILD_CREATE"))["id"] != str(server.id):
            pass
        assert created["presences"] == []
        sim.client.set_status(server.member, "online")
        sim.client.create_channel(server.id, "afterwards")
        assert "PRESENCE_UPDATE" not in await client.collect_event_names("CHANNEL_CREATE")


async def test_unknown_status_is_refused(sim, server):
    with pytest.raises(BadRequest, match="busy is none of"):
        sim.client.set_status(server.member, "busy")


async def test_server_without_the_bot_sends_no_events_until_the_bot_is_invited(sim, server):
    async with connect_identified(sim, GUILDS | MEMBERS | MESSAGES) as client:
        guild_without_bot = sim.client.create_guild(f"Not yet {server.id}", bot=False)
        channel = sim.client.create_channel(guild_without_bot, "general")
        member = sim.client.join(guild_without_bot, "Bea")
        sim.client.send_message(channel, member)
        sim.client.send_message(server.channel, server.member)
        assert (await client.wait_for_event("MESSAGE_CREATE"))["guild_id"] == str(server.id)
        sim.client.add_bot(guild_without_bot)
        created = await client.wait_for_event("GUILD_CREATE")
        assert (created["id"], created["member_count"]) == (str(guild_without_bot), 3)
        assert "unavailable" not in created
        sim.client.send_message(channel, member)
        assert (await client.wait_for_event("MESSAGE_CREATE"))["guild_id"] == str(guild_without_bot)


async def test_server_that_removed_the_bot_can_invite_it_again(sim, server):
    async with connect_identified(sim, GUILDS | MESSAGES) as client:
        sim.client.remove_guild(server.id)
        assert await client.wait_for_event("GUILD_DELETE") == {"id": str(server.id)}
        sim.client.send_message(server.channel, server.member)
        sim.client.add_bot(server.id)
        created = await client.wait_for_event("GUILD_CREATE")
        assert str(server.channel) in [channel["id"] for channel in created["channels"]]
    [listed_guild] = [guild for guild in sim.client.get_snapshot().guilds if guild.id == server.id]
    assert listed_guild.has_bot


async def test_member_events_require_the_members_intent(sim, server):
    async with connect_identified(sim, GUILDS) as client:
        member = await asyncio.to_thread(sim.client.join, server.id, "Bea")
        sim.client.leave(server.id, member)
        sim.client.create_channel(server.id, "afterwards")
        assert not any("MEMBER" in (name or "") for name in await client.collect_event_names("CHANNEL_CREATE"))
