"""Direct messages: the bot opens a conversation with a user, and may or may not write there."""

from aiohttp import web

from herwa_sim.actions.direct_messages import can_message_user, open_direct_channel
from herwa_sim.context import get_context
from herwa_sim.entities import SimChannel
from herwa_sim.rest.bodies import read_json
from herwa_sim.rest.middleware import RestError, Route, respond_json
from herwa_sim.serialize.direct_messages import serialize_direct_channel
from herwa_sim.world import World


async def create_direct_channel(request: web.Request) -> web.Response:
    """The conversation with `recipient_id`, also when they take no messages: that shows when something is sent."""
    world = get_context(request).world
    data = await read_json(request)
    return respond_json(
        serialize_direct_channel(world, open_direct_channel(world, world.get_user(int(data["recipient_id"]))))
    )


def require_reachable(world: World, channel: SimChannel) -> None:
    """Raise Refusal when the channel is a conversation with somebody to whom the bot may not write."""
    if channel.is_direct and not can_message_user(world, world.get_user(channel.recipient_id or 0)):
        raise RestError(403, 50007, "Cannot send messages to this user")


def require_guild_channel(channel: SimChannel) -> None:
    """Raise Refusal when the channel is a conversation, which has no name, no threads and no webhooks."""
    if channel.is_direct:
        raise RestError(400, 50003, "Cannot execute action on a DM channel")


ROUTES: list[Route] = [("POST", "/users/@me/channels", create_direct_channel)]
