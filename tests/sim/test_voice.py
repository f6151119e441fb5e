"""Voice: who comes, moves, mutes, streams and goes, as a bot hears it."""

import asyncio

import pytest

from herwa_shared.errors import BadRequest
from tests.sim.bot import connected, until
from tests.sim.gateway_client import GUILDS, MEMBERS, VOICE, listening

HALL, STAGE = 2, 13


@pytest.fixture
def halls(sim, place):
    return [sim.client.create_channel(place.guild, name, type_=HALL) for name in ("lounge", "music")]


async def test_who_comes_moves_and_goes_keeps_one_session(sim, place, halls):
    async with listening(sim, GUILDS | VOICE) as client:
        for channel in (*halls, None):
            sim.client.move(place.guild, place.member, channel)
        came, moved, left = await client.events(*["VOICE_STATE_UPDATE"] * 3)
    assert [one["channel_id"] for one in (came, moved, left)] == [str(halls[0]), str(halls[1]), None]
    assert len({one["session_id"] for one in (came, moved, left)}) == 1
    assert came["member"]["user"]["id"] == came["user_id"] == str(place.member)
    assert came["guild_id"] == str(place.guild)


async def test_muting_streaming_and_video_are_told_and_sameness_is_not(sim, place, halls):
    async with listening(sim, GUILDS | VOICE) as client:
        sim.client.move(place.guild, place.member, halls[0])
        sim.client.move(place.guild, place.member, halls[0])
        sim.client.move(place.guild, place.member, halls[0], muted=True)
        sim.client.move(place.guild, place.member, halls[0], deafened=True)
        sim.client.move(place.guild, place.member, halls[0], streaming=True, video=True)
        states = await client.events(*["VOICE_STATE_UPDATE"] * 4)
    flags = ("self_mute", "self_deaf", "self_stream", "self_video")
    assert [tuple(one[flag] for flag in flags) for one in states] == [
        (False, False, False, False),
        (True, False, False, False),
        (True, True, False, False),
        (False, False, True, True),
    ]


async def test_who_is_in_voice_is_told_to_a_bot_that_comes_later(sim, place, halls):
    sim.client.move(place.guild, place.member, halls[1], muted=True)
    async with connected(sim) as bot:
        [voice] = bot.get_guild(place.guild).voice_channels[1].voice_states.items()
    assert voice[0] == place.member
    assert voice[1].self_mute


async def test_without_the_intent_nothing_is_heard(sim, place, halls):
    async with listening(sim, GUILDS) as client:
        sim.client.move(place.guild, place.member, halls[0])
        sim.client.create_channel(place.guild, "afterwards")
        assert "VOICE_STATE_UPDATE" not in await client.names_until("CHANNEL_CREATE")


async def test_who_leaves_the_server_leaves_the_channel_first(sim, place, halls):
    sim.client.move(place.guild, place.member, halls[0])
    async with listening(sim, GUILDS | VOICE | MEMBERS) as client:
        sim.client.leave(place.guild, place.member)
        left = await client.event("VOICE_STATE_UPDATE")
        assert left["channel_id"] is None
        await client.event("GUILD_MEMBER_REMOVE")


async def test_a_channel_that_is_deleted_is_left_by_all(sim, place, halls):
    sim.client.move(place.guild, place.member, halls[0])
    sim.client.move(place.guild, place.owner, halls[0])
    async with listening(sim, GUILDS | VOICE) as client:
        sim.client.delete_channel(halls[0])
        left = await client.events("VOICE_STATE_UPDATE", "VOICE_STATE_UPDATE")
        assert {one["user_id"] for one in left} == {str(place.member), str(place.owner)}
        await client.event("CHANNEL_DELETE")


async def test_nobody_speaks_in_a_text_channel(sim, place):
    with pytest.raises(BadRequest, match="no voice channel"):
        sim.client.move(place.guild, place.member, place.channel)


async def test_voice_outlives_a_restart(own_sim):
    guild = own_sim.client.create_guild("Night owls")
    hall = own_sim.client.create_channel(guild, "lounge", type_=HALL)
    owl = own_sim.client.join(guild, "Owl")
    own_sim.client.move(guild, owl, hall, streaming=True)
    assert await asyncio.to_thread(own_sim.stop) == 0
    await asyncio.to_thread(own_sim.start)
    [state] = own_sim.client.guild(guild)["voice"]
    assert (state["user_id"], state["channel_id"], state["self_stream"]) == (str(owl), str(hall), True)


async def test_discord_py_sees_people_come_and_go(sim, place, halls, bot):
    sim.client.move(place.guild, place.member, halls[0])
    await until(lambda: ("voice", place.member) in bot.told)
    assert place.member in bot.get_channel(halls[0]).voice_states
    sim.client.move(place.guild, place.member, None)
    await until(lambda: not bot.get_channel(halls[0]).voice_states)
