"""Members react to messages, take it back, and moderators clear it away."""

from herwa_sim.actions import reactions
from herwa_sim.context import Parts
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json


async def add(parts: Parts, body: Json) -> Json:
    """`channel_id`, `message_id`, `user_id`, `emoji` (a character, or `name:id`)."""
    channel = parts.world.channel(int(body["channel_id"]))
    reactions.react(parts.world, channel, int(body["message_id"]), int(body["user_id"]), body["emoji"])
    return {}


async def remove(parts: Parts, body: Json) -> Json:
    """As `reaction/add`, taken back."""
    channel = parts.world.channel(int(body["channel_id"]))
    reactions.unreact(parts.world, channel, int(body["message_id"]), int(body["user_id"]), body["emoji"])
    return {}


async def clear(parts: Parts, body: Json) -> Json:
    """All reactions of `message_id` in `channel_id`, or those of one `emoji`."""
    channel = parts.world.channel(int(body["channel_id"]))
    message = parts.world.message(channel.id, int(body["message_id"]))
    reactions.clear(parts.world, channel, message, body.get("emoji"))
    return {}


ACTIONS: dict[str, Action] = {"reaction/add": add, "reaction/remove": remove, "reaction/clear": clear}
