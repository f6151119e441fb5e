"""JSON of thread members and thread lists."""

from collections.abc import Sequence
from datetime import datetime

from herwa_sim.entities import Json, SimChannel, SimGuild, SimMember, SimUser
from herwa_sim.serialize.guilds import serialize_channel
from herwa_sim.serialize.members import serialize_member


def serialize_thread_member(thread: SimChannel, user_id: int, joined_at: datetime) -> Json:
    """Return the thread member object."""
    return {"id": str(thread.id), "user_id": str(user_id), "join_timestamp": joined_at.isoformat(), "flags": 0}


def serialize_thread_members_update(
    thread: SimChannel,
    *,
    joined_member: SimMember | None = None,
    user: SimUser | None = None,
    left_user_id: int | None = None,
) -> Json:
    """Return the data of THREAD_MEMBERS_UPDATE: one member joined, or one left."""
    shape: Json = {
        "id": str(thread.id),
        "guild_id": str(thread.guild_id),
        "member_count": len(thread.members),
    }
    if joined_member is not None and user is not None:
        entry = serialize_thread_member(thread, user.id, thread.members[user.id])
        shape["added_members"] = [entry | {"member": serialize_member(joined_member, user), "presence": None}]
    if left_user_id is not None:
        shape["removed_member_ids"] = [str(left_user_id)]
    return shape


def serialize_thread_list(
    guild: SimGuild, channels: Sequence[SimChannel], threads: Sequence[SimChannel], *, bot_id: int
) -> Json:
    """Return the data of THREAD_LIST_SYNC for the given threads."""
    return {
        "guild_id": str(guild.id),
        "channel_ids": [str(channel.id) for channel in channels],
        "threads": [serialize_channel(thread) for thread in threads],
        "members": [
            serialize_thread_member(thread, bot_id, thread.members[bot_id])
            for thread in threads
            if bot_id in thread.members
        ],
    }
