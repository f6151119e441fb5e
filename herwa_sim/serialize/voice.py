"""Voice states."""

from herwa_sim.entities import Guild, Json, Member, User, VoiceState
from herwa_sim.serialize.members import member_json


def voice_state_json(state: VoiceState) -> Json:
    """A state as GUILD_CREATE lists it, without guild and member."""
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
        "suppress": False,
        "request_to_speak_timestamp": None,
    }


def voice_event_json(guild: Guild, state: VoiceState, member: Member, user: User, *, connected: bool) -> Json:
    """VOICE_STATE_UPDATE. One who leaves has no channel; all else is as it was last."""
    shape = voice_state_json(state) | {"guild_id": str(guild.id), "member": member_json(member, user)}
    return shape if connected else shape | {"channel_id": None}
