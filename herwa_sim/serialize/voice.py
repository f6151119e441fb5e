"""JSON of voice states."""

from herwa_sim.entities import Json, SimGuild, SimMember, SimUser, SimVoiceState
from herwa_sim.serialize.members import serialize_member


def serialize_voice_state(state: SimVoiceState) -> Json:
    """Return a voice state as GUILD_CREATE contains it, without guild and member."""
    return {
        "channel_id": str(state.channel_id),
        "user_id": str(state.user_id),
        "session_id": state.session_id,
        "deaf": False,
        "mute": False,
        "self_deaf": state.deafened,
        "self_mute": state.muted or state.deafened,
        "self_stream": state.streaming,
        "self_video": state.video,
        "suppress": state.suppressed,
        "request_to_speak_timestamp": None,
    }


def serialize_voice_event(
    guild: SimGuild, state: SimVoiceState, member: SimMember, user: SimUser, *, connected: bool
) -> Json:
    """Return the data of VOICE_STATE_UPDATE.

    After a disconnect, the channel is None and the other fields keep their last values.
    """
    shape = serialize_voice_state(state) | {"guild_id": str(guild.id), "member": serialize_member(member, user)}
    return shape if connected else shape | {"channel_id": None}
