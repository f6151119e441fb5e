"""Where a visitor is: as whom, and in which channel, if that person may see it."""

from aiohttp import web

from herwa_shared.errors import Forbidden, NotFound, Unauthenticated
from herwa_sim import permissions
from herwa_sim.context import SimContext, get_context
from herwa_sim.entities import SimChannel, SimGuild, SimMember, SimRole, SimUser
from herwa_sim.pages.visitor import get_visitor
from herwa_sim.snowflakes import to_datetime
from herwa_sim.world import World

SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
_SEND_MESSAGES_IN_THREADS = 1 << 38


def get_current_user(request: web.Request) -> SimUser:
    """The person whom the visitor has chosen to be."""
    user_id = get_visitor(request).user_id
    if user_id is None:
        raise Unauthenticated("Choose who you want to be first.")
    return get_context(request).world.get_user(user_id)


def get_visible_channel(request: web.Request, user: SimUser) -> SimChannel:
    """The channel of the address. One that the person may not see is not there."""
    context = get_context(request)
    channel = context.world.channels.get(int(request.match_info["channel_id"]))
    if channel is None or not get_permissions(context, channel, user) & permissions.VIEW_CHANNEL:
        raise NotFound("There is no such channel, or you may not see it.")
    return channel


def get_guild(world: World, channel: SimChannel) -> SimGuild:
    """The channel's server. A conversation is drawn as a server of the two who are in it."""
    if not channel.is_direct:
        return world.get_guild(channel.guild_id)
    created_at = to_datetime(channel.id)
    members = {id_: SimMember(id_, created_at) for id_ in (channel.recipient_id or 0, world.bot.id)}
    return SimGuild(
        0, "Direct messages", world.bot.id, created_at, roles={0: SimRole(0, "@everyone", 0)}, members=members
    )


def get_permissions(context: SimContext, channel: SimChannel, user: SimUser) -> int:
    """The person's permissions there; none for somebody from outside."""
    if channel.is_direct:
        return permissions.EVERYONE if channel.recipient_id == user.id else 0
    guild = context.world.get_guild(channel.guild_id)
    member = guild.members.get(user.id)
    return permissions.compute_channel_permissions(guild, channel, member) if member else 0


def can_write(context: SimContext, channel: SimChannel, user: SimUser) -> bool:
    """True when the person may write there."""
    return bool(
        get_permissions(context, channel, user) & (_SEND_MESSAGES_IN_THREADS if channel.is_thread else SEND_MESSAGES)
    )


def require_permission(granted: int, bit: int, error_text: str) -> None:
    """Raise Forbidden, with the sentence, when the permission is not held."""
    if not granted & bit:
        raise Forbidden(error_text)
