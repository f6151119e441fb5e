"""Where a visitor is: as whom, and in which channel, if that person may see it."""

from aiohttp import web

from herwa_shared.errors import Forbidden, NotFound, Unauthenticated
from herwa_sim import permissions
from herwa_sim.context import Parts, parts_of
from herwa_sim.entities import Channel, Guild, Member, Role, User
from herwa_sim.pages.visitor import visitor_of
from herwa_sim.snowflakes import moment_of
from herwa_sim.world import World

SEND = 1 << 11
MANAGE_MESSAGES = 1 << 13
_SEND_IN_THREADS = 1 << 38


def me(request: web.Request) -> User:
    """The person whom the visitor has chosen to be."""
    user_id = visitor_of(request).user_id
    if user_id is None:
        raise Unauthenticated("Choose who you want to be first.")
    return parts_of(request).world.user(user_id)


def channel_in(request: web.Request, user: User) -> Channel:
    """The channel of the address. One that the person may not see is not there."""
    parts = parts_of(request)
    channel = parts.world.channels.get(int(request.match_info["channel_id"]))
    if channel is None or not held(parts, channel, user) & permissions.VIEW:
        raise NotFound("There is no such channel, or you may not see it.")
    return channel


def guild_of(world: World, channel: Channel) -> Guild:
    """The channel's server. A conversation is drawn as a server of the two who are in it."""
    if not channel.is_direct:
        return world.guild(channel.guild_id)
    since = moment_of(channel.id)
    people = {id_: Member(id_, since) for id_ in (channel.recipient_id or 0, world.bot.id)}
    return Guild(0, "Direct messages", world.bot.id, since, roles={0: Role(0, "@everyone", 0)}, members=people)


def held(parts: Parts, channel: Channel, user: User) -> int:
    """The person's permissions there; none for somebody from outside."""
    if channel.is_direct:
        return permissions.EVERYONE if channel.recipient_id == user.id else 0
    guild = parts.world.guild(channel.guild_id)
    member = guild.members.get(user.id)
    return permissions.in_channel(guild, channel, member) if member else 0


def may_write(parts: Parts, channel: Channel, user: User) -> bool:
    """True when the person may write there."""
    return bool(held(parts, channel, user) & (_SEND_IN_THREADS if channel.is_thread else SEND))


def require(held_: int, bit: int, sentence: str) -> None:
    """Raise Forbidden, with the sentence, when the permission is not held."""
    if not held_ & bit:
        raise Forbidden(sentence)
