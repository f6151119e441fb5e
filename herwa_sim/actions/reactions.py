"""Members react to messages and take it back. An emoji is a character, or `name:id` for a guild's own."""

from herwa_sim.entities import Channel, Json, Message
from herwa_sim.events import Event
from herwa_sim.serialize.reactions import emoji_json, place_json, reaction_event_json
from herwa_sim.world import World


def react(world: World, channel: Channel, message_id: int, user_id: int, emoji: str) -> None:
    """The member adds the emoji; a second time nothing happens. Raises Missing for a message no longer known."""
    message = world.message(channel.id, message_id)
    member = world.member(channel.guild_id, user_id)
    people = message.reactions.setdefault(emoji, [])
    if user_id in people:
        return
    people.append(user_id)
    data = reaction_event_json(message, emoji, member, world.user(user_id))
    _tell(world, "MESSAGE_REACTION_ADD", channel, data)


def unreact(world: World, channel: Channel, message_id: int, user_id: int, emoji: str) -> None:
    """The member takes the emoji back; without one nothing happens."""
    message = world.message(channel.id, message_id)
    people = message.reactions.get(emoji, [])
    if user_id not in people:
        return
    people.remove(user_id)
    if not people:
        del message.reactions[emoji]
    taken = {"user_id": str(user_id), "emoji": emoji_json(emoji), "burst": False, "type": 0}
    _tell(world, "MESSAGE_REACTION_REMOVE", channel, place_json(message) | taken)


def clear(world: World, channel: Channel, message: Message, emoji: str | None = None) -> None:
    """A moderator removes one emoji's reactions, or all."""
    if emoji is None:
        message.reactions.clear()
        _tell(world, "MESSAGE_REACTION_REMOVE_ALL", channel, place_json(message))
    else:
        message.reactions.pop(emoji, None)
        gone = place_json(message) | {"emoji": emoji_json(emoji)}
        _tell(world, "MESSAGE_REACTION_REMOVE_EMOJI", channel, gone)


def _tell(world: World, name: str, channel: Channel, data: Json) -> None:
    world.changed(Event(name, data, guild_id=channel.guild_id))
