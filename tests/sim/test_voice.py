"""Gateway events about voice states: join, move, mute, stream and leave."""

import asyncio

import pytest

from herwa_shared.errors import BadRequest
from tests.sim.gateway_client import GUILDS, MEMBERS, VOICE, connect_identified
from tests.sim.recording_bot import connect_bot, wait_until

VOICE_CHANNEL_TYPE = 2


@pytest.fixture
def voice_channels(sim, server):
    """The ids of two voice channels."""
    return [sim.client.create_channel(server.id, name, type_=VOICE_CHANNEL_TYPE) for name in ("lounge", "music")]


async def test_join_move_and_leave_have_one_session_id(sim, server, voice_channels):
    async with connect_identified(sim, GUILDS | VOICE) as client:
        for channel in (*voice_channels, None):
            sim.client.move_member(server.id, server.member, channel)
        join_event, move_event, leave_event = await client.wait_for_events(*["VOICE_STATE_UPDATE"] * 3)
    assert [event["channel_id"] for event in (join_event, move_event, leave_event)] == [
        str(voice_channels[0]),
        str(voice_channels[1]),
        None,
    ]
    assert len({event["session_id"] for event in (join_event, move_event, leave_event)}) == 1
    assert join_event["member"]["user"]["id"] == join_event["user_id"] == str(server.member)
    assert join_event["guild_id"] == str(server.id)


async def test_voice_flags_are_sent_and_unchanged_states_are_not(sim, server, voice_channels):
    async with connect_identified(sim, GUILDS | VOICE) as client:
        sim.client.move_member(server.id, server.member, voice_channels[0])
        sim.client.move_member(server.id, server.member, voice_channels[0])
        sim.client.move_member(server.id, server.member, voice_channels[0], muted=True)
        sim.client.move_member(server.id, server.member, voice_channels[0], deafened=True)
        sim.client.move_member(server.id, server.member, voice_channels[0], streaming=True, video=True)
        states = await client.wait_for_events(*["VOICE_STATE_UPDATE"] * 4)
    flags = ("self_mute", "self_deaf", "self_stream", "self_video")
    assert [tuple(state[flag] for flag in flags) for state in states] == [
        (False, False, False, False),
        (True, False, False, False),
        (True, True, False, False),
        (False, False, True, True),
    ]


async def test_voice_states_are_sent_to_a_bot_that_connects_later(sim, server, voice_channels):
    sim.client.move_member(server.id, server.member, voice_channels[1], muted=True)
    async with connect_bot(sim) as bot:
        [voice] = bot.get_guild(server.id).voice_channels[1].voice_states.items()
    assert voice[0] == server.member
    assert voice[1].self_mute


async def test_voice_events_require_their_intent(sim, server, voice_channels):
    async with connect_identified(sim, GUILDS) as client:
        sim.client.move_member(server.id, server.member, voice_channels[0])
        sim.client.create_channel(server.id, "afterwards")
        assert "VOICE_STATE_UPDATE" not in await client.collect_event_names("CHANNEL_CREATE")


async def test_member_who_leaves_the_server_leaves_voice_first(sim, server, voice_channels):
    sim.client.move_member(server.id, server.member, voice_channels[0])
    async with connect_identified(sim, GUILDS | VOICE | MEMBERS) as client:
        sim.client.leave(server.id, server.member)
        leave_event = await client.wait_for_event("VOICE_STATE_UPDATE")
        assert leave_event["channel_id"] is None
        await client.wait_for_event("GUILD_MEMBER_REMOVE")


async def test_deleted_voice_channel_is_left_by_all(sim, server, voice_channels):
    sim.client.move_member(server.id, server.member, voice_channels[0])
    sim.client.move_member(server.id, server.owner, voice_channels[0])
    async with connect_identified(sim, GUILDS | VOICE) as client:
        sim.client.delete_channel(voice_channels[0])
        leave_events = await client.wait_for_events("VOICE_STATE_UPDATE", "VOICE_STATE_UPDATE")
        assert {event["user_id"] for event in leave_events} == {str(server.member), str(server.owner)}
        await client.wait_for_event("CHANNEL_DELETE")


async def test_joining_voice_in_a_text_channel_is_refused(sim, server):
    with pytest.raises(BadRequest, match="no voice channel"):
        sim.client.move_member(server.id, server.member, server.channel)


async def test_voice_states_survive_a_restart(own_sim):
    guild = own_sim.client.create_guild("Night owls")
    channel = own_sim.client.create_channel(guild, "lounge", type_=VOICE_CHANNEL_TYPE)
    member = own_sim.client.join(guild, "Owl")
    own_sim.client.move_member(guild, member, channel, streaming=True)
    assert await asyncio.to_thread(own_sim.stop) == 0
    await asyncio.to_thread(own_sim.start)
    [state] = own_sim.client.get_guild(guild)["voice"]
    assert (state["user_id"], state["channel_id"], state["self_stream"]) == (str(member), str(channel), True)


async def test_discord_py_tracks_voice_states(sim, server, voice_channels, bot):
    sim.client.move_member(server.id, server.member, voice_channels[0])
    await wait_until(lambda: ("voice", server.member) in bot.recorded_events)
    assert server.member in bot.get_channel(voice_channels[0]).voice_states
    sim.client.move_member(server.id, server.member, None)
    await wait_until(lambda: not bot.get_channel(voice_channels[0]).voice_states)
