"""REST route that opens a direct message channel, and checks for direct messages."""

from aiohttp import web

from herwa_sim.actions.direct_messages import can_message_user, open_direct_channel
from herwa_sim.context import get_context
from herwa_sim.entities import SimChannel
from herwa_sim.rest.bodies import read_json
from herwa_sim.rest.middleware import RestError, Route, respond_json
from herwa_sim.serialize.direct_messages import serialize_direct_channel
from herwa_sim.world import World


async def create_direct_channel(request: web.Request) -> web.Response:
    """Open the direct message channel with `recipient_id`.

    As on Discord, this succeeds for unreachable users, too; only sending a message fails.
    """
    world = get_context(request).world
    data = await read_json(request)
    return respond_json(
        serialize_direct_channel(world, open_direct_channel(world, world.get_user(int(data["recipient_id"]))))
    )


def require_reachable(world: World, channel: SimChannel) -> None:
    """Raise RestError if it is a direct message channel of a user whom the bot may not message."""
    if channel.is_direct and not can_message_user(world, world.get_user(channel.recipient_id or 0)):
        raise RestError(403, 50007, "Cannot send messages to this user")


def require_guild_channel(channel: SimChannel) -> None:
    """Raise RestError if it is a direct message channel.

    Direct message channels have no name, threads or webhooks.
    """
    if channel.is_direct:
        raise RestError(400, 50003, "Cannot execute action on a DM channel")


ROUTES: list[Route] = [("POST", "/users/@me/channels", create_direct_channel)]
