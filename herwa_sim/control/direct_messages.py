"""A user's conversation with the bot: opened, read, and closed to further messages."""

from herwa_sim.actions.direct_messages import open_direct, set_reachable, unread
from herwa_sim.context import Parts
from herwa_sim.control.middleware import Action
from herwa_sim.entities import Json
from herwa_sim.serialize.messages import message_json


async def conversation(parts: Parts, body: Json) -> Json:
    """The conversation of `user_id`, opened if it was not: its `channel_id`, its messages, how many are `unread`."""
    user = parts.world.user(int(body["user_id"]))
    channel = open_direct(parts.world, user)
    messages = [message_json(parts.world, one) | {"ephemeral": False} for one in parts.world.messages[channel.id]]
    return {"channel_id": str(channel.id), "messages": messages, "unread": unread(parts.world, user.id)}


async def reachable(parts: Parts, body: Json) -> Json:
    """Whether `user_id` takes direct messages: `on` or not."""
    set_reachable(parts.world, parts.world.user(int(body["user_id"])), bool(body["on"]))
    return {}


ACTIONS: dict[str, Action] = {"direct": conversation, "direct/reachable": reachable}
