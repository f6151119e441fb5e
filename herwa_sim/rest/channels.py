"""One channel: read, changed, deleted, typed in, given webhooks."""

import secrets

from aiohttp import web

from herwa_sim.actions.channels import delete_channel, update_channel
from herwa_sim.context import parts_of
from herwa_sim.entities import Channel, Webhook
from herwa_sim.rest.bodies import read_json
from herwa_sim.rest.direct_messages import require_place
from herwa_sim.rest.middleware import Route, answer, id_in, nothing
from herwa_sim.serialize.direct_messages import direct_json
from herwa_sim.serialize.guilds import channel_json
from herwa_sim.serialize.webhooks import webhook_json


async def channel(request: web.Request) -> web.Response:
    world = parts_of(request).world
    found = world.channel(id_in(request, "channel_id"))
    return answer(direct_json(world, found) if found.is_direct else channel_json(found))


async def change(request: web.Request) -> web.Response:
    world = parts_of(request).world
    found = _place(request)
    wanted = await read_json(request)
    for name in ("name", "topic", "position", "archived", "locked"):
        if name in wanted:
            setattr(found, name, wanted[name])
    update_channel(world, found)
    return answer(channel_json(found))


async def delete(request: web.Request) -> web.Response:
    world = parts_of(request).world
    found = _place(request)
    delete_channel(world, found)
    return answer(channel_json(found))


async def typing(request: web.Request) -> web.Response:
    parts_of(request).world.channel(id_in(request, "channel_id"))
    return nothing()


async def new_webhook(request: web.Request) -> web.Response:
    world = parts_of(request).world
    found = _place(request)
    wanted = await read_json(request)
    webhook = Webhook(world.mint.next(), found.id, found.guild_id, wanted["name"], secrets.token_urlsafe(48))
    world.webhooks[webhook.id] = webhook
    world.changed()
    return answer(webhook_json(world, webhook))


async def webhooks(request: web.Request) -> web.Response:
    world = parts_of(request).world
    found = _place(request)
    return answer([webhook_json(world, one) for one in world.webhooks.values() if one.channel_id == found.id])


def _place(request: web.Request) -> Channel:
    """A channel of a guild."""
    found = parts_of(request).world.channel(id_in(request, "channel_id"))
    require_place(found)
    return found


ROUTES: list[Route] = [
    ("GET", "/channels/{channel_id}", channel),
    ("PATCH", "/channels/{channel_id}", change),
    ("DELETE", "/channels/{channel_id}", delete),
    ("POST", "/channels/{channel_id}/typing", typing),
    ("POST", "/channels/{channel_id}/webhooks", new_webhook),
    ("GET", "/channels/{channel_id}/webhooks", webhooks),
]
