"""Control actions for reactions: add, remove, clear."""

from herwa_sim.actions import reactions
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json


async def add_reaction(context: SimContext, body: Json) -> Json:
    """Add the reaction `emoji` (a character, or `name:id`) of `user_id` to `message_id`."""
    channel = context.world.get_channel(int(body["channel_id"]))
    reactions.add_reaction(context.world, channel, int(body["message_id"]), int(body["user_id"]), body["emoji"])
    return {}


async def remove_reaction(context: SimContext, body: Json) -> Json:
    """Remove the reaction; parameters as in `add_reaction`."""
    channel = context.world.get_channel(int(body["channel_id"]))
    reactions.remove_reaction(context.world, channel, int(body["message_id"]), int(body["user_id"]), body["emoji"])
    return {}


async def clear_reactions(context: SimContext, body: Json) -> Json:
    """Remove all reactions of `message_id` in `channel_id`, or those of one `emoji`."""
    channel = context.world.get_channel(int(body["channel_id"]))
    message = context.world.get_message(channel.id, int(body["message_id"]))
    reactions.clear_reactions(context.world, channel, message, body.get("emoji"))
    return {}


ACTIONS: dict[str, Action] = {
    "reaction/add": add_reaction,
    "reaction/remove": remove_reaction,
    "reaction/clear": clear_reactions,
}
