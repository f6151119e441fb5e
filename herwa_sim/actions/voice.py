"""Members come into voice channels, change, mute, stream, and go."""

import secrets

from herwa_sim.entities import ChannelType, Guild, VoiceState
from herwa_sim.events import Event
from herwa_sim.serialize.voice import voice_event_json
from herwa_sim.world import World

SPOKEN = frozenset({ChannelType.VOICE, ChannelType.STAGE})


def move(
    world: World,
    guild: Guild,
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
    member = world.member(guild.id, user_id)
    before = guild.voice.get(user_id)
    if channel_id is None:
        after = None
        guild.voice.pop(user_id, None)
    else:
        if world.channel(channel_id).type not in SPOKEN or channel_id not in guild.channels:
            raise ValueError(f"{channel_id} is no voice channel of {guild.name}")
        session_id = before.session_id if before else secrets.token_hex(16)
        after = VoiceState(user_id, channel_id, session_id, muted, deafened, streaming, video)
        guild.voice[user_id] = after
    last = after or before
    if last is not None and after != before:
        data = voice_event_json(guild, last, member, world.user(user_id), connected=after is not None)
        world.changed(Event("VOICE_STATE_UPDATE", data, guild_id=guild.id))


def empty(world: World, guild: Guild, channel_id: int) -> None:
    """Everybody in that channel loses the connection, as when it is deleted."""
    for state in [one for one in guild.voice.values() if one.channel_id == channel_id]:
        move(world, guild, state.user_id, None)
