"""REST routes of messages: list, get, send, edit, delete."""

from aiohttp import web

from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import READ_MESSAGE_HISTORY
from herwa_sim.actions import messages
from herwa_sim.context import get_context
from herwa_sim.entities import Json, PrivilegedIntents, SimChannel, SimMessage
from herwa_sim.permissions import compute_channel_permissions
from herwa_sim.rest.bodies import read_body, read_json
from herwa_sim.rest.direct_messages import require_guild_channel, require_reachable
from herwa_sim.rest.message_builder import build_message, update_message
from herwa_sim.rest.middleware import RestError, Route, get_path_id, respond_json, respond_no_content
from herwa_sim.serialize.messages import redact_content, serialize_message
from herwa_sim.world import World


async def list_messages(request: web.Request) -> web.Response:
    """List recent messages, newest first, before or after an id; none without Read Message History, as Discord does."""
    world = get_context(request).world
    channel = world.get_channel(get_path_id(request, "channel_id"))
    recent_messages = list(world.messages[channel.id]) if _can_read_history(world, channel) else []
    limit = int(request.query.get("limit", "50"))
    if "after" in request.query:
        recent_messages = [message for message in recent_messages if message.id > int(request.query["after"])][:limit]
    elif "before" in request.query:
        recent_messages = [message for message in recent_messages if message.id < int(request.query["before"])]
    return respond_json([_serialize_visible(world, message) for message in reversed(recent_messages[-limit:])])


def _can_read_history(world: World, channel: SimChannel) -> bool:
    if channel.is_direct:
        return True
    guild = world.get_guild(channel.guild_id)
    return bool(compute_channel_permissions(guild, channel, guild.members[world.bot.id]) & READ_MESSAGE_HISTORY)


async def get_message(request: web.Request) -> web.Response:
    """Return a recent message."""
    world = get_context(request).world
    return respond_json(
        _serialize_visible(
            world, world.get_message(get_path_id(request, "channel_id"), get_path_id(request, "message_id"))
        )
    )


async def send(request: web.Request) -> web.Response:
    """Send a message as the bot."""
    context = get_context(request)
    channel = context.world.get_channel(get_path_id(request, "channel_id"))
    body = await read_body(request)
    require_reachable(context.world, channel)
    message = build_message(context, channel, body)
    messages.post_message(context.world, channel, message)
    return respond_json(serialize_message(context.world, message))


async def edit(request: web.Request) -> web.Response:
    """Edit a message of the bot."""
    context = get_context(request)
    message = context.world.get_message(get_path_id(request, "channel_id"), get_path_id(request, "message_id"))
    body = await read_body(request)
    if message.author_id != context.world.bot.id:
        raise RestError(403, 50005, "Cannot edit a message authored by another user")
    update_message(context, message, body)
    message.edited_at = utc_now()
    messages.publish_edit(context.world, message)
    return respond_json(serialize_message(context.world, message))


async def delete(request: web.Request) -> web.Response:
    """Delete a message."""
    world = get_context(request).world
    message = world.get_message(get_path_id(request, "channel_id"), get_path_id(request, "message_id"))
    messages.delete_messages(world, world.get_channel(message.channel_id), [message.id])
    return respond_no_content()


async def delete_bulk(request: web.Request) -> web.Response:
    """Delete several messages in one event."""
    world = get_context(request).world
    channel = world.get_channel(get_path_id(request, "channel_id"))
    data = await read_json(request)
    require_guild_channel(channel)
    messages.delete_messages(world, channel, [int(message_id) for message_id in data["messages"]])
    return respond_no_content()


def _serialize_visible(world: World, message: SimMessage) -> Json:
    """Serialize the message; redact its content if the bot may not read it.

    As on the gateway, this depends on the message content intent.
    """
    shape = serialize_message(world, message)
    with_content = PrivilegedIntents.MESSAGE_CONTENT in world.application.privileged
    is_visible = with_content or message.author_id == world.bot.id or not message.guild_id
    return shape if is_visible else redact_content(shape)


ROUTES: list[Route] = [
    ("GET", "/channels/{channel_id}/messages", list_messages),
    ("POST", "/channels/{channel_id}/messages", send),
    ("POST", "/channels/{channel_id}/messages/bulk-delete", delete_bulk),
    ("GET", "/channels/{channel_id}/messages/{message_id}", get_message),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}", edit),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}", delete),
]
