"""Threads: who is in them, and lists of them."""

from collections.abc import Sequence
from datetime import datetime

from herwa_sim.entities import Channel, Guild, Json, Member, User
from herwa_sim.serialize.guilds import channel_json
from herwa_sim.serialize.members import member_json


def thread_member_json(thread: Channel, user_id: int, joined_at: datetime) -> Json:
    return {"id": str(thread.id), "user_id": str(user_id), "join_timestamp": joined_at.isoformat(), "flags": 0}


def thread_members_json(
    thread: Channel, *, joined: Member | None = None, user: User | None = None, left: int | None = None
) -> Json:
    """THREAD_MEMBERS_UPDATE: one has joined, or one has left."""
    shape: Json = {
        "id": str(thread.id),
        "guild_id": str(thread.guild_id),
        "member_count": len(thread.members),
    }
    if joined is not None and user is not None:
        entry = thread_member_json(thread, user.id, thread.members[user.id])
        shape["added_members"] = [entry | {"member": member_json(joined, user), "presence": None}]
    if left is not None:
        shape["removed_member_ids"] = [str(left)]
    return shape


def thread_list_json(guild: Guild, channels: Sequence[Channel], threads: Sequence[Channel], *, bot_id: int) -> Json:
    """THREAD_LIST_SYNC: every thread that is awake in these channels."""
    return {
        "guild_id": str(guild.id),
        "channel_ids": [str(one.id) for one in channels],
        "threads": [channel_json(one) for one in threads],
        "members": [thread_member_json(one, bot_id, one.members[bot_id]) for one in threads if bot_id in one.members],
    }
