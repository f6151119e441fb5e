"""Context of a page request: current user, visible channel, permissions."""

from aiohttp import web

from herwa_shared.discord.constants import SEND_MESSAGES, SEND_MESSAGES_IN_THREADS, VIEW_CHANNEL
from herwa_shared.errors import Forbidden, NotFound, Unauthenticated
from herwa_sim import permissions
from herwa_sim.context import SimContext, get_context
from herwa_sim.entities import SimChannel, SimGuild, SimMember, SimRole, SimUser
from herwa_sim.pages.visitor import get_visitor
from herwa_sim.snowflakes import to_datetime
from herwa_sim.texts import channel as channel_texts
from herwa_sim.texts import users
from herwa_sim.world import World


def get_current_user(request: web.Request) -> SimUser:
    """Return the user whom the visitor has chosen. Raises Unauthenticated without one."""
    user_id = get_visitor(request).user_id
    if user_id is None:
        raise Unauthenticated(users.CHOOSE_USER_FIRST)
    return get_context(request).world.get_user(user_id)


def get_visible_channel(request: web.Request, user: SimUser) -> SimChannel:
    """Return the channel of the URL.

    Raises NotFound if it is unknown or the user cannot view it.
    """
    context = get_context(request)
    channel = context.world.channels.get(int(request.match_info["channel_id"]))
    if channel is None or not get_permissions(context, channel, user) & VIEW_CHANNEL:
        raise NotFound(channel_texts.CHANNEL_NOT_FOUND)
    return channel


def get_guild(world: World, channel: SimChannel) -> SimGuild:
    """Return the channel's guild.

    For a direct message it is a synthetic guild with the two participants.
    """
    if not channel.is_direct:
        return world.get_guild(channel.guild_id)
    created_at = to_datetime(channel.id)
    members = {id_: SimMember(id_, created_at) for id_ in (channel.recipient_id or 0, world.bot.id)}
    return SimGuild(
        0,
        channel_texts.DIRECT_MESSAGES,
        world.bot.id,
        created_at,
        roles={0: SimRole(0, "@everyone", 0)},
        members=members,
    )


def get_permissions(context: SimContext, channel: SimChannel, user: SimUser) -> int:
    """Return the user's permissions in the channel; 0 if they are not a member."""
    if channel.is_direct:
        return permissions.EVERYONE if channel.recipient_id == user.id else 0
    guild = context.world.get_guild(channel.guild_id)
    member = guild.members.get(user.id)
    return permissions.compute_channel_permissions(guild, channel, member) if member else 0


def can_write(context: SimContext, channel: SimChannel, user: SimUser) -> bool:
    """True if the user may send messages in the channel."""
    return bool(
        get_permissions(context, channel, user) & (SEND_MESSAGES_IN_THREADS if channel.is_thread else SEND_MESSAGES)
    )


def require_permission(granted: int, bit: int, error_text: str) -> None:
    """Raise Forbidden with this text unless the permission bit is granted."""
    if not granted & bit:
        raise Forbidden(error_text)
