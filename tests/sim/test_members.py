"""Members, roles, owners and who is online, as a bot hears it; and servers without the bot."""

import asyncio

import pytest

from herwa_shared.errors import BadRequest
from tests.sim.bot import connected, until
from tests.sim.gateway_client import GUILDS, MEMBERS, MESSAGES, MODERATION, PRESENCES, listening


async def test_who_joins_is_renamed_gets_a_role_and_is_banned(sim, place):
    async with listening(sim, GUILDS | MEMBERS | MODERATION) as client:
        bea = sim.client.join(place.guild, "Bea")
        joined = await client.event("GUILD_MEMBER_ADD")
        assert (joined["user"]["id"], joined["guild_id"]) == (str(bea), str(place.guild))
        sim.client.rename(place.guild, bea, "Queen Bea")
        assert (await client.event("GUILD_MEMBER_UPDATE"))["nick"] == "Queen Bea"
        role = sim.client.create_role(place.guild, "Hive")
        sim.client.set_roles(place.guild, bea, [role])
        assert (await client.event("GUILD_MEMBER_UPDATE"))["roles"] == [str(role)]
        sim.client.ban(place.guild, bea)
        assert (await client.event("GUILD_BAN_ADD"))["user"]["id"] == str(bea)
        assert (await client.event("GUILD_MEMBER_REMOVE"))["user"]["id"] == str(bea)


async def test_the_number_of_members_follows_who_comes_and_goes(sim, place, bot):
    guild = await bot.fetch_guild(place.guild, with_counts=True)
    assert guild.approximate_member_count == 3
    bea = sim.client.join(place.guild, "Bea")
    assert (await bot.fetch_guild(place.guild)).approximate_member_count == 4
    await until(lambda: bot.get_guild(place.guild).member_count == 4)
    sim.client.leave(place.guild, bea)
    assert (await bot.fetch_guild(place.guild)).approximate_member_count == 3
    counted = {one.id: one.approximate_member_count async for one in bot.fetch_guilds(with_counts=True)}
    assert counted[place.guild] == 3


async def test_roles_are_made_changed_and_deleted_and_taken_from_members(sim, place):
    async with listening(sim, GUILDS) as client:
        role = sim.client.create_role(place.guild, "Keeper", permissions=1 << 13)
        assert (await client.event("GUILD_ROLE_CREATE"))["role"]["permissions"] == str(1 << 13)
        sim.client.set_roles(place.guild, place.member, [role])
        sim.client.update_role(place.guild, role, name="Warden", permissions=0)
        changed = (await client.event("GUILD_ROLE_UPDATE"))["role"]
        assert (changed["name"], changed["permissions"]) == ("Warden", "0")
        sim.client.delete_role(place.guild, role)
        assert await client.event("GUILD_ROLE_DELETE") == {"guild_id": str(place.guild), "role_id": str(role)}
    async with connected(sim) as bot:
        member = await bot.get_guild(place.guild).fetch_member(place.member)
        assert [one.id for one in member.roles] == [place.guild]


async def test_a_server_changes_its_name_and_its_owner(sim, place):
    async with listening(sim, GUILDS) as client:
        sim.client.update_guild(place.guild, owner_id=place.member)
        assert (await client.event("GUILD_UPDATE"))["owner_id"] == str(place.member)
        sim.client.update_guild(place.guild, name=f"Renamed {place.guild}")
        assert (await client.event("GUILD_UPDATE"))["name"] == f"Renamed {place.guild}"


async def test_who_goes_online_is_counted_and_told_to_those_who_may_know(sim, place, bot):
    sim.client.set_status(place.member, "online")
    assert (await bot.fetch_guild(place.guild)).approximate_presence_count == 1
    async with listening(sim, GUILDS | MEMBERS | PRESENCES) as client:
        while (created := await client.event("GUILD_CREATE"))["id"] != str(place.guild):
            pass
        assert [(one["user"]["id"], one["status"]) for one in created["presences"]] == [(str(place.member), "online")]
        sim.client.set_status(place.member, "idle")
        assert (await client.event("PRESENCE_UPDATE"))["status"] == "idle"
        sim.client.set_status(place.member, "offline")
        assert (await client.event("PRESENCE_UPDATE"))["client_status"] == {}
    assert (await bot.fetch_guild(place.guild)).approximate_presence_count == 0


async def test_presences_are_silent_without_their_intent(sim, place):
    sim.client.set_status(place.member, "dnd")
    async with listening(sim, GUILDS | MEMBERS) as client:
        while (created := await client.event("GUILD_CREATE"))["id"] != str(place.guild):
            pass
        assert created["presences"] == []
        sim.client.set_status(place.member, "online")
        sim.client.create_channel(place.guild, "afterwards")
        assert "PRESENCE_UPDATE" not in await client.names_until("CHANNEL_CREATE")


async def test_nobody_is_busy(sim, place):
    with pytest.raises(BadRequest, match="busy is none of"):
        sim.client.set_status(place.member, "busy")


async def test_of_a_server_without_the_bot_nothing_is_heard_until_it_is_invited(sim, place):
    async with listening(sim, GUILDS | MEMBERS | MESSAGES) as client:
        quiet = sim.client.create_guild(f"Not yet {place.guild}", bot=False)
        channel = sim.client.create_channel(quiet, "general")
        bea = sim.client.join(quiet, "Bea")
        sim.client.say(channel, bea)
        sim.client.say(place.channel, place.member)
        assert (await client.event("MESSAGE_CREATE"))["guild_id"] == str(place.guild)
        sim.client.add_bot(quiet)
        created = await client.event("GUILD_CREATE")
        assert (created["id"], created["member_count"]) == (str(quiet), 3)
        assert "unavailable" not in created
        sim.client.say(channel, bea)
        assert (await client.event("MESSAGE_CREATE"))["guild_id"] == str(quiet)


async def test_a_server_that_throws_the_bot_out_lives_on_and_may_invite_it_again(sim, place):
    async with listening(sim, GUILDS | MESSAGES) as client:
        sim.client.remove_guild(place.guild)
        assert await client.event("GUILD_DELETE") == {"id": str(place.guild)}
        sim.client.say(place.channel, place.member)
        sim.client.add_bot(place.guild)
        again = await client.event("GUILD_CREATE")
        assert str(place.channel) in [one["id"] for one in again["channels"]]
    [told] = [one for one in sim.client.state().guilds if one.id == place.guild]
    assert told.bot


async def test_a_bot_without_the_members_intent_hears_of_nobody(sim, place):
    async with listening(sim, GUILDS) as client:
        bea = await asyncio.to_thread(sim.client.join, place.guild, "Bea")
        sim.client.leave(place.guild, bea)
        sim.client.create_channel(place.guild, "afterwards")
        assert not any("MEMBER" in (name or "") for name in await client.names_until("CHANNEL_CREATE"))
