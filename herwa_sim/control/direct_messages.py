"""Control actions for direct messages: open a conversation, set whether a user is reachable."""

from herwa_sim.actions.direct_messages import count_unread, open_direct_channel, set_reachable
from herwa_sim.context import SimContext
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json
from herwa_sim.serialize.messages import serialize_message


async def open_conversation(context: SimContext, body: Json) -> Json:
    """Open the conversation of `user_id` with the bot (idempotent).

    Returns `channel_id`, `messages`, and the number of `unread` messages.
    """
    user = context.world.get_user(int(body["user_id"]))
    channel = open_direct_channel(context.world, user)
    messages = [
        serialize_message(context.world, message) | {"ephemeral": False}
        for message in context.world.messages[channel.id]
    ]
    return {"channel_id": str(channel.id), "messages": messages, "unread": count_unread(context.world, user.id)}


async def update_reachable(context: SimContext, body: Json) -> Json:
    """Set whether `user_id` accepts direct messages: `on`."""
    set_reachable(context.world, context.world.get_user(int(body["user_id"])), bool(body["on"]))
    return {}


ACTIONS: dict[str, Action] = {"direct": open_conversation, "direct/reachable": update_reachable}
