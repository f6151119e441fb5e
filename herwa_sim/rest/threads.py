"""REST routes of threads: open and list.

Private threads are listed as Discord does it: all archived ones with Manage Threads, else those that the bot is in.
"""

from collections.abc import Callable

from aiohttp import web

from herwa_shared.discord.constants import MANAGE_THREADS, ChannelType
from herwa_sim.actions.channels import create_thread
from herwa_sim.context import get_context
from herwa_sim.entities import Json, SimChannel
from herwa_sim.permissions import can_view, compute_channel_permissions
from herwa_sim.rest.bodies import read_json
from herwa_sim.rest.direct_messages import require_guild_channel
from herwa_sim.rest.middleware import RestError, Route, get_path_id, respond_json
from herwa_sim.serialize.guilds import serialize_channel


async def open_thread(request: web.Request) -> web.Response:
    """Open a thread, optionally from a message; the thread then has the message's id."""
    world = get_context(request).world
    parent = world.get_channel(get_path_id(request, "channel_id"))
    data = await read_json(request)
    require_guild_channel(parent)
    message_id = (
        world.get_message(parent.id, get_path_id(request, "message_id")).id
        if "message_id" in request.match_info
        else None
    )
    thread = create_thread(world, parent, name=data["name"], owner_id=world.bot.id, id_=message_id)
    return respond_json(serialize_channel(thread), 201)


async def list_active(request: web.Request) -> web.Response:
    """List the guild's active threads."""
    world = get_context(request).world
    guild = world.get_guild(get_path_id(request, "guild_id"))
    bot = guild.members[world.bot.id]
    threads = [thread for thread in guild.threads.values() if not thread.archived and can_view(guild, thread, bot)]
    return respond_json(_serialize_threads(threads))


async def list_public_archived(request: web.Request) -> web.Response:
    """List the channel's archived public threads."""
    return _respond_archived(request, lambda thread: thread.type != ChannelType.PRIVATE_THREAD)


async def list_private_archived(request: web.Request) -> web.Response:
    """List the channel's archived private threads. Refused without Manage Threads."""
    world = get_context(request).world
    parent = world.get_channel(get_path_id(request, "channel_id"))
    guild = world.get_guild(parent.guild_id)
    granted = compute_channel_permissions(guild, parent, guild.members[world.bot.id])
    if not granted & MANAGE_THREADS:
        raise RestError(403, 50013, "Missing Permissions")
    return _respond_archived(request, lambda thread: thread.type == ChannelType.PRIVATE_THREAD)


async def list_joined_private_archived(request: web.Request) -> web.Response:
    """List the channel's archived private threads that the bot is in."""
    bot_id = get_context(request).world.bot.id
    return _respond_archived(
        request, lambda thread: thread.type == ChannelType.PRIVATE_THREAD and bot_id in thread.members
    )


def _respond_archived(request: web.Request, is_listed: Callable[[SimChannel], bool]) -> web.Response:
    world = get_context(request).world
    parent = world.get_channel(get_path_id(request, "channel_id"))
    require_guild_channel(parent)
    threads = world.get_guild(parent.guild_id).threads.values()
    return respond_json(
        _serialize_threads(
            [thread for thread in threads if thread.archived and thread.parent_id == parent.id and is_listed(thread)]
        )
    )


def _serialize_threads(threads: list[SimChannel]) -> Json:
    return {"threads": [serialize_channel(thread) for thread in threads], "members": [], "has_more": False}


ROUTES: list[Route] = [
    ("POST", "/channels/{channel_id}/threads", open_thread),
    ("POST", "/channels/{channel_id}/messages/{message_id}/threads", open_thread),
    ("GET", "/guilds/{guild_id}/threads/active", list_active),
    ("GET", "/channels/{channel_id}/threads/archived/public", list_public_archived),
    ("GET", "/channels/{channel_id}/threads/archived/private", list_private_archived),
    ("GET", "/channels/{channel_id}/users/@me/threads/archived/private", list_joined_private_archived),
]
