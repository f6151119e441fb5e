"""JSON of reactions and emoji."""

from herwa_sim.entities import Json, SimMember, SimMessage, SimUser
from herwa_sim.serialize.members import serialize_member


def serialize_emoji(emoji: str) -> Json:
    """Return the emoji object: a character has no id, `name:id` is a custom emoji."""
    name, _, id_ = emoji.rpartition(":")
    return {"id": id_, "name": name} if name and id_.isdigit() else {"id": None, "name": emoji}


def serialize_message_ids(message: SimMessage) -> Json:
    """Return the ids that identify the message in reaction events."""
    return {
        "channel_id": str(message.channel_id),
        "message_id": str(message.id),
        "guild_id": str(message.guild_id),
    }


def serialize_reaction_event(message: SimMessage, emoji: str, member: SimMember, user: SimUser) -> Json:
    """Return the data of MESSAGE_REACTION_ADD; webhook messages have no author id."""
    shape = serialize_message_ids(message) | {
        "user_id": str(member.user_id),
        "member": serialize_member(member, user),
        "emoji": serialize_emoji(emoji),
        "burst": False,
        "type": 0,
    }
    return shape if message.webhook_id else shape | {"message_author_id": str(message.author_id)}


def serialize_reactions(message: SimMessage, bot_id: int) -> list[Json]:
    """Return the reactions of a message."""
    return [
        {
            "emoji": serialize_emoji(emoji),
            "count": len(user_ids),
            "count_details": {"burst": 0, "normal": len(user_ids)},
            "burst_colors": [],
            "me_burst": False,
            "burst_me": False,
            "me": bot_id in user_ids,
            "burst_count": 0,
        }
        for emoji, user_ids in message.reactions.items()
    ]
