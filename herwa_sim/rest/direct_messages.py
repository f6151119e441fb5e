"""Direct messages: the bot opens a conversation with a user, and may or may not write there."""

from aiohttp import web

from herwa_sim.actions.direct_messages import may_be_told, open_direct
from herwa_sim.context import parts_of
from herwa_sim.entities import Channel
from herwa_sim.rest.bodies import read_json
from herwa_sim.rest.middleware import Refusal, Route, answer
from herwa_sim.serialize.direct_messages import direct_json
from herwa_sim.world import World


async def open_one(request: web.Request) -> web.Response:
    """The conversation with `recipient_id`, also when they take no messages: that shows when something is sent."""
    world = parts_of(request).world
    wanted = await read_json(request)
    return answer(direct_json(world, open_direct(world, world.user(int(wanted["recipient_id"])))))


def require_reachable(world: World, channel: Channel) -> None:
    """Raise Refusal when the channel is a conversation with somebody to whom the bot may not write."""
    if channel.is_direct and not may_be_told(world, world.user(channel.recipient_id or 0)):
        raise Refusal(403, 50007, "Cannot send messages to this user")


def require_place(channel: Channel) -> None:
    """Raise Refusal when the channel is a conversation, which has no name, no threads and no webhooks."""
    if channel.is_direct:
        raise Refusal(400, 50003, "Cannot execute action on a DM channel")


ROUTES: list[Route] = [("POST", "/users/@me/channels", open_one)]
