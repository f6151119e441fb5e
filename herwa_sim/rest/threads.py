"""REST routes of threads: open and list.

Archived threads are listed as Discord does it: with Read Message History only, in pages, the last archived first; all
private ones with Manage Threads, else those that the bot is in, the newest first.
"""

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from herwa_shared.discord.constants import MANAGE_THREADS, READ_MESSAGE_HISTORY, ChannelType
from herwa_sim.actions.channels import create_thread
from herwa_sim.actions.messages import announce_thread
from herwa_sim.context import get_context
from herwa_sim.entities import Json, SimChannel
from herwa_sim.permissions import can_view, compute_channel_permissions
from herwa_sim.rest.bodies import read_json
from herwa_sim.rest.direct_messages import require_guild_channel
from herwa_sim.rest.middleware import RestError, Route, get_path_id, respond_json
from herwa_sim.serialize.guilds import serialize_channel
from herwa_sim.snowflakes import to_datetime


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
    if message_id is None:
        announce_thread(world, thread, world.bot.id)
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
    return _respond_archived(request, lambda thread: thread.type != ChannelType.PRIVATE_THREAD, get_archive_time)


async def list_private_archived(request: web.Request) -> web.Response:
    """List the channel's archived private threads. Refused without Manage Threads."""
    _require_permission(request, MANAGE_THREADS)
    return _respond_archived(request, lambda thread: thread.type == ChannelType.PRIVATE_THREAD, get_archive_time)


async def list_joined_private_archived(request: web.Request) -> web.Response:
    """List the channel's archived private threads that the bot is in."""
    bot_id = get_context(request).world.bot.id
    return _respond_archived(
        request,
        lambda thread: thread.type == ChannelType.PRIVATE_THREAD and bot_id in thread.members,
        lambda thread: thread.id,
    )


def get_archive_time(thread: SimChannel) -> datetime:
    """Return when the thread was archived."""
    return thread.archive_changed_at or thread.created_at or to_datetime(thread.id)


def _respond_archived(
    request: web.Request,
    is_listed: Callable[[SimChannel], bool],
    get_position: Callable[[SimChannel], datetime] | Callable[[SimChannel], int],
) -> web.Response:
    """Respond with a page of the channel's archived threads, those with the highest positions first."""
    world = get_context(request).world
    parent = world.get_channel(get_path_id(request, "channel_id"))
    require_guild_channel(parent)
    _require_permission(request, READ_MESSAGE_HISTORY)
    threads = [
        thread
        for thread in world.get_guild(parent.guild_id).threads.values()
        if thread.archived and thread.parent_id == parent.id and is_listed(thread)
    ]
    threads.sort(key=get_position, reverse=True)
    if before := request.query.get("before"):
        last = int(before) if before.isdecimal() else datetime.fromisoformat(before)
        threads = [thread for thread in threads if get_position(thread) < last]  # type: ignore[operator]
    limit = int(request.query.get("limit", "50"))
    return respond_json(_serialize_threads(threads[:limit], has_more=len(threads) > limit))


def _require_permission(request: web.Request, permission: int) -> None:
    """Raise RestError (403) if the bot lacks a permission in the channel of the request."""
    world = get_context(request).world
    channel = world.get_channel(get_path_id(request, "channel_id"))
    guild = world.get_guild(channel.guild_id)
    if not compute_channel_permissions(guild, channel, guild.members[world.bot.id]) & permission:
        raise RestError(403, 50013, "Missing Permissions")


def _serialize_threads(threads: list[SimChannel], *, has_more: bool = False) -> Json:
    return {"threads": [serialize_channel(thread) for thread in threads], "members": [], "has_more": has_more}


ROUTES: list[Route] = [
    ("POST", "/channels/{channel_id}/threads", open_thread),
    ("POST", "/channels/{channel_id}/messages/{message_id}/threads", open_thread),
    ("GET", "/guilds/{guild_id}/threads/active", list_active),
    ("GET", "/channels/{channel_id}/threads/archived/public", list_public_archived),
    ("GET", "/channels/{channel_id}/threads/archived/private", list_private_archived),
    ("GET", "/channels/{channel_id}/users/@me/threads/archived/private", list_joined_private_archived),
]
