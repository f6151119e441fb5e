"""REST routes of a channel: read, edit, delete, typing, webhooks."""

import secrets

from aiohttp import web

from herwa_shared.clock import utc_now
from herwa_sim.actions.channels import delete_channel, update_channel
from herwa_sim.context import get_context
from herwa_sim.entities import SimChannel, SimWebhook
from herwa_sim.rest.bodies import read_json
from herwa_sim.rest.direct_messages import require_guild_channel
from herwa_sim.rest.middleware import Route, get_path_id, respond_json, respond_no_content
from herwa_sim.serialize.direct_messages import serialize_direct_channel
from herwa_sim.serialize.guilds import serialize_channel
from herwa_sim.serialize.webhooks import serialize_webhook


async def get_channel(request: web.Request) -> web.Response:
    """Return a channel, thread or direct message channel."""
    world = get_context(request).world
    channel = world.get_channel(get_path_id(request, "channel_id"))
    return respond_json(serialize_direct_channel(world, channel) if channel.is_direct else serialize_channel(channel))


async def edit_channel(request: web.Request) -> web.Response:
    """Edit a guild channel or thread."""
    world = get_context(request).world
    channel = _get_guild_channel(request)
    changes = await read_json(request)
    if changes.get("archived", channel.archived) != channel.archived:
        channel.archive_changed_at = utc_now()
    for name in ("name", "topic", "position", "archived", "locked"):
        if name in changes:
            setattr(channel, name, changes[name])
    update_channel(world, channel)
    return respond_json(serialize_channel(channel))


async def delete(request: web.Request) -> web.Response:
    """Delete a guild channel or thread."""
    world = get_context(request).world
    channel = _get_guild_channel(request)
    delete_channel(world, channel)
    return respond_json(serialize_channel(channel))


async def trigger_typing(request: web.Request) -> web.Response:
    """Accept a typing indicator; it has no effect."""
    get_context(request).world.get_channel(get_path_id(request, "channel_id"))
    return respond_no_content()


async def create_webhook(request: web.Request) -> web.Response:
    """Create a webhook in the channel."""
    world = get_context(request).world
    channel = _get_guild_channel(request)
    data = await read_json(request)
    webhook = SimWebhook(
        world.snowflakes.generate(), channel.id, channel.guild_id, data["name"], secrets.token_urlsafe(48)
    )
    world.webhooks[webhook.id] = webhook
    world.publish()
    return respond_json(serialize_webhook(world, webhook))


async def list_webhooks(request: web.Request) -> web.Response:
    """List the webhooks of the channel."""
    world = get_context(request).world
    channel = _get_guild_channel(request)
    return respond_json(
        [serialize_webhook(world, webhook) for webhook in world.webhooks.values() if webhook.channel_id == channel.id]
    )


def _get_guild_channel(request: web.Request) -> SimChannel:
    """Return the channel of the path. Raises RestError for a direct message channel."""
    channel = get_context(request).world.get_channel(get_path_id(request, "channel_id"))
    require_guild_channel(channel)
    return channel


ROUTES: list[Route] = [
    ("GET", "/channels/{channel_id}", get_channel),
    ("PATCH", "/channels/{channel_id}", edit_channel),
    ("DELETE", "/channels/{channel_id}", delete),
    ("POST", "/channels/{channel_id}/typing", trigger_typing),
    ("POST", "/channels/{channel_id}/webhooks", create_webhook),
    ("GET", "/channels/{channel_id}/webhooks", list_webhooks),
]
