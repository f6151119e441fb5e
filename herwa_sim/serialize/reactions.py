"""Reactions and their emoji."""

from herwa_sim.entities import Json, Member, Message, User
from herwa_sim.serialize.members import member_json


def emoji_json(emoji: str) -> Json:
    """A character has no id; `name:id` is a guild's own."""
    name, _, id_ = emoji.rpartition(":")
    return {"id": id_, "name": name} if name and id_.isdigit() else {"id": None, "name": emoji}


def place_json(message: Message) -> Json:
    """Which message it is about."""
    return {
        "channel_id": str(message.channel_id),
        "message_id": str(message.id),
        "guild_id": str(message.guild_id),
    }


def reaction_event_json(message: Message, emoji: str, member: Member, user: User) -> Json:
    """MESSAGE_REACTION_ADD. The author of a webhook's message is not named."""
    shape = place_json(message) | {
        "user_id": str(member.user_id),
        "member": member_json(member, user),
        "emoji": emoji_json(emoji),
        "burst": False,
        "type": 0,
    }
    return shape if message.webhook_id else shape | {"message_author_id": str(message.author_id)}


def reactions_json(message: Message, bot_id: int) -> list[Json]:
    """What stands below a message."""
    return [
        {
            "emoji": emoji_json(emoji),
            "count": len(people),
            "count_details": {"burst": 0, "normal": len(people)},
            "burst_colors": [],
            "me_burst": False,
            "burst_me": False,
            "me": bot_id in people,
            "burst_count": 0,
        }
        for emoji, people in message.reactions.items()
    ]
