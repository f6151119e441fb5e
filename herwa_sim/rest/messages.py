"""Messages of a channel: listed, sent, edited and deleted by the bot."""

from aiohttp import web

from herwa_shared.clock import utc_now
from herwa_sim.actions import messages
from herwa_sim.context import parts_of
from herwa_sim.entities import Json, Message, Privileged
from herwa_sim.rest.bodies import read_body, read_json
from herwa_sim.rest.direct_messages import require_place, require_reachable
from herwa_sim.rest.message_builder import amend, compose
from herwa_sim.rest.middleware import Refusal, Route, answer, id_in, nothing
from herwa_sim.serialize.messages import blanked, message_json
from herwa_sim.world import World


async def recent(request: web.Request) -> web.Response:
    """The messages still known here, newest first, before, after or around an id."""
    world = parts_of(request).world
    channel = world.channel(id_in(request, "channel_id"))
    found = list(world.messages[channel.id])
    limit = int(request.query.get("limit", "50"))
    if "after" in request.query:
        found = [one for one in found if one.id > int(request.query["after"])][:limit]
    elif "before" in request.query:
        found = [one for one in found if one.id < int(request.query["before"])]
    return answer([_seen(world, one) for one in reversed(found[-limit:])])


async def one(request: web.Request) -> web.Response:
    world = parts_of(request).world
    return answer(_seen(world, world.message(id_in(request, "channel_id"), id_in(request, "message_id"))))


async def send(request: web.Request) -> web.Response:
    parts = parts_of(request)
    channel = parts.world.channel(id_in(request, "channel_id"))
    body = await read_body(request)
    require_reachable(parts.world, channel)
    message = compose(parts, channel, body)
    messages.post(parts.world, channel, message)
    return answer(message_json(parts.world, message))


async def edit(request: web.Request) -> web.Response:
    parts = parts_of(request)
    message = parts.world.message(id_in(request, "channel_id"), id_in(request, "message_id"))
    body = await read_body(request)
    if message.author_id != parts.world.bot.id:
        raise Refusal(403, 50005, "Cannot edit a message authored by another user")
    amend(parts, message, body)
    message.edited_at = utc_now()
    messages.revise(parts.world, message)
    return answer(message_json(parts.world, message))


async def delete(request: web.Request) -> web.Response:
    world = parts_of(request).world
    message = world.message(id_in(request, "channel_id"), id_in(request, "message_id"))
    messages.delete(world, world.channel(message.channel_id), [message.id])
    return nothing()


async def bulk_delete(request: web.Request) -> web.Response:
    world = parts_of(request).world
    channel = world.channel(id_in(request, "channel_id"))
    wanted = await read_json(request)
    require_place(channel)
    messages.delete(world, channel, [int(one_id) for one_id in wanted["messages"]])
    return nothing()


def _seen(world: World, message: Message) -> Json:
    """What the bot may read of it: without the content intent REST blanks what the gateway blanks."""
    shape = message_json(world, message)
    with_content = Privileged.MESSAGE_CONTENT in world.application.privileged
    open_ = with_content or message.author_id == world.bot.id or not message.guild_id
    return shape if open_ else blanked(shape)


ROUTES: list[Route] = [
    ("GET", "/channels/{channel_id}/messages", recent),
    ("POST", "/channels/{channel_id}/messages", send),
    ("POST", "/channels/{channel_id}/messages/bulk-delete", bulk_delete),
    ("GET", "/channels/{channel_id}/messages/{message_id}", one),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}", edit),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}", delete),
]
