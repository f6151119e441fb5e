"""Add and remove reactions.

An emoji is a Unicode character, or `name:id` for a custom emoji.
"""

from herwa_sim.entities import Json, SimChannel, SimMessage
from herwa_sim.events import GatewayEvent
from herwa_sim.serialize.reactions import serialize_emoji, serialize_message_ids, serialize_reaction_event
from herwa_sim.world import World


def add_reaction(world: World, channel: SimChannel, message_id: int, user_id: int, emoji: str) -> None:
    """Add the member's reaction (idempotent).

    Raises EntityNotFound for a message that is no longer stored.
    """
    message = world.get_message(channel.id, message_id)
    member = world.get_member(channel.guild_id, user_id)
    user_ids = message.reactions.setdefault(emoji, [])
    if user_id in user_ids:
        return
    user_ids.append(user_id)
    data = serialize_reaction_event(message, emoji, member, world.get_user(user_id))
    _publish_reaction(world, "MESSAGE_REACTION_ADD", channel, data)


def remove_reaction(world: World, channel: SimChannel, message_id: int, user_id: int, emoji: str) -> None:
    """Remove the member's reaction; no effect if there is none."""
    message = world.get_message(channel.id, message_id)
    user_ids = message.reactions.get(emoji, [])
    if user_id not in user_ids:
        return
    user_ids.remove(user_id)
    if not user_ids:
        del message.reactions[emoji]
    removal = {"user_id": str(user_id), "emoji": serialize_emoji(emoji), "burst": False, "type": 0}
    _publish_reaction(world, "MESSAGE_REACTION_REMOVE", channel, serialize_message_ids(message) | removal)


def clear_reactions(world: World, channel: SimChannel, message: SimMessage, emoji: str | None = None) -> None:
    """Remove all reactions of one emoji, or all reactions of the message."""
    if emoji is None:
        message.reactions.clear()
        _publish_reaction(world, "MESSAGE_REACTION_REMOVE_ALL", channel, serialize_message_ids(message))
    else:
        message.reactions.pop(emoji, None)
        data = serialize_message_ids(message) | {"emoji": serialize_emoji(emoji)}
        _publish_reaction(world, "MESSAGE_REACTION_REMOVE_EMOJI", channel, data)


def _publish_reaction(world: World, name: str, channel: SimChannel, data: Json) -> None:
    world.publish(GatewayEvent(name, data, guild_id=channel.guild_id, channel_id=channel.id))
