"""Members react to messages and take it back. An emoji is a character, or `name:id` for a guild's own."""

from herwa_sim.entities import Json, SimChannel, SimMessage
from herwa_sim.events import GatewayEvent
from herwa_sim.serialize.reactions import serialize_emoji, serialize_message_ids, serialize_reaction_event
from herwa_sim.world import World


def add_reaction(world: World, channel: SimChannel, message_id: int, user_id: int, emoji: str) -> None:
    """The member adds the emoji; a second time nothing happens. Raises Missing for a message no longer known."""
    message = world.get_message(channel.id, message_id)
    member = world.get_member(channel.guild_id, user_id)
    user_ids = message.reactions.setdefault(emoji, [])
    if user_id in user_ids:
        return
    user_ids.append(user_id)
    data = serialize_reaction_event(message, emoji, member, world.get_user(user_id))
    _publish_reaction(world, "MESSAGE_REACTION_ADD", channel, data)


def remove_reaction(world: World, channel: SimChannel, message_id: int, user_id: int, emoji: str) -> None:
    """The member takes the emoji back; without one nothing happens."""
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
    """A moderator removes one emoji's reactions, or all."""
    if emoji is None:
        message.reactions.clear()
        _publish_reaction(world, "MESSAGE_REACTION_REMOVE_ALL", channel, serialize_message_ids(message))
    else:
        message.reactions.pop(emoji, None)
        data = serialize_message_ids(message) | {"emoji": serialize_emoji(emoji)}
        _publish_reaction(world, "MESSAGE_REACTION_REMOVE_EMOJI", channel, data)


def _publish_reaction(world: World, name: str, channel: SimChannel, data: Json) -> None:
    world.publish(GatewayEvent(name, data, guild_id=channel.guild_id))
