"""Voice states: members join, move, mute, stream and disconnect."""

import secrets

from herwa_shared.discord.constants import ChannelType
from herwa_sim.entities import SimGuild, SimVoiceState
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
    suppressed: bool = False,
) -> None:
    """Set the member's voice channel and state; channel None disconnects.

    Publishes VOICE_STATE_UPDATE if something changes. Raises EntityNotFound for an unknown member or channel,
    ValueError for a channel that is not a voice channel of the guild.
    """
    member = world.get_member(guild.id, user_id)
    old_state = guild.voice.get(user_id)
    if channel_id is None:
        new_state = None
        guild.voice.pop(user_id, None)
    else:
        if world.get_channel(channel_id).type not in VOICE_CHANNEL_TYPES or channel_id not in guild.channels:
            raise ValueError(f"{channel_id} is no voice channel of {guild.name}")
        session_id = old_state.session_id if old_state else secrets.token_hex(16)
        new_state = SimVoiceState(user_id, channel_id, session_id, muted, deafened, streaming, video, suppressed)
        guild.voice[user_id] = new_state
    last_state = new_state or old_state
    if last_state is not None and new_state != old_state:
        data = serialize_voice_event(
            guild, last_state, member, world.get_user(user_id), connected=new_state is not None
        )
        world.publish(GatewayEvent("VOICE_STATE_UPDATE", data, guild_id=guild.id))


def disconnect_all(world: World, guild: SimGuild, channel_id: int) -> None:
    """Disconnect every member from the voice channel, as when it is deleted."""
    for state in [voice_state for voice_state in guild.voice.values() if voice_state.channel_id == channel_id]:
        move_member(world, guild, state.user_id, None)
