"""Members come into voice channels, change, mute, stream, and go."""

import secrets

from herwa_sim.entities import ChannelType, SimGuild, SimVoiceState
from herwa_sim.events import GatewayEvent
from herwa_sim.serialize.voice import serialize_voice_event
from herwa_sim.world import World

VOICE_CHANNEL_TYPES = frozenset({ChannelType.VOICE, ChannelType.STAGE})


def move_member(
    world: World,
    guild: SimGuild,
    user_id: int,
    channel_id: int | None,
    *,
    muted: bool = False,
    deafened: bool = False,
    streaming: bool = False,
    video: bool = False,
) -> None:
    """The member is in that channel from now on and in exactly this state; None: in no channel.

    Raises Missing for strangers and unknown channels, ValueError for a channel in which nobody speaks.
    """
    member = world.get_member(guild.id, user_id)
    before = guild.voice.get(user_id)
    if channel_id is None:
        after = None
        guild.voice.pop(user_id, None)
    else:
        if world.get_channel(channel_id).type not in VOICE_CHANNEL_TYPES or channel_id not in guild.channels:
            raise ValueError(f"{channel_id} is no voice channel of {guild.name}")
        session_id = before.session_id if before else secrets.token_hex(16)
        after = SimVoiceState(user_id, channel_id, session_id, muted, deafened, streaming, video)
        guild.voice[user_id] = after
    last = after or before
    if last is not None and after != before:
        data = serialize_voice_event(guild, last, member, world.get_user(user_id), connected=after is not None)
        world.publish(GatewayEvent("VOICE_STATE_UPDATE", data, guild_id=guild.id))


def disconnect_all(world: World, guild: SimGuild, channel_id: int) -> None:
    """Everybody in that channel loses the connection, as when it is deleted."""
    for state in [voice_state for voice_state in guild.voice.values() if voice_state.channel_id == channel_id]:
        move_member(world, guild, state.user_id, None)
