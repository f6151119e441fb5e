"""REST routes of guilds, their members, roles and channels."""

from aiohttp import web

from herwa_shared.discord.constants import ChannelType
from herwa_sim.actions.channels import create_channel
from herwa_sim.context import get_context
from herwa_sim.entities import PrivilegedIntents
from herwa_sim.rest.bodies import read_json
from herwa_sim.rest.middleware import RestError, Route, get_path_id, respond_json
from herwa_sim.serialize.guilds import serialize_channel, serialize_guild, serialize_guild_counts
from herwa_sim.serialize.members import serialize_member, serialize_role


async def get_guild(request: web.Request) -> web.Response:
    """Return a guild, with member and presence counts if requested."""
    world = get_context(request).world
    guild = world.get_guild(get_path_id(request, "guild_id"))
    with_counts = request.query.get("with_counts", "").lower() in ("1", "true")
    return respond_json(serialize_guild(guild) | (serialize_guild_counts(world, guild) if with_counts else {}))


async def list_channels(request: web.Request) -> web.Response:
    """List the guild's channels, without threads."""
    guild = get_context(request).world.get_guild(get_path_id(request, "guild_id"))
    return respond_json([serialize_channel(channel) for channel in guild.channels.values()])


async def create_guild_channel(request: web.Request) -> web.Response:
    """Create a channel."""
    world = get_context(request).world
    data = await read_json(request)
    parent_id = data.get("parent_id")
    channel = create_channel(
        world,
        world.get_guild(get_path_id(request, "guild_id")),
        name=data["name"],
        type_=ChannelType(data.get("type") or 0),
        parent_id=int(parent_id) if parent_id else None,
        topic=data.get("topic"),
    )
    return respond_json(serialize_channel(channel), 201)


async def list_roles(request: web.Request) -> web.Response:
    """List the guild's roles."""
    guild = get_context(request).world.get_guild(get_path_id(request, "guild_id"))
    return respond_json([serialize_role(role) for role in guild.roles.values()])


async def count_role_members(request: web.Request) -> web.Response:
    """Return the number of members of each role except @everyone."""
    guild = get_context(request).world.get_guild(get_path_id(request, "guild_id"))
    counts = dict.fromkeys(guild.roles, 0)
    for member in guild.members.values():
        for role_id in member.roles:
            counts[role_id] += 1
    return respond_json({str(role_id): number for role_id, number in counts.items() if role_id != guild.id})


async def get_member(request: web.Request) -> web.Response:
    """Return a member."""
    world = get_context(request).world
    member = world.get_member(get_path_id(request, "guild_id"), get_path_id(request, "user_id"))
    return respond_json(serialize_member(member, world.get_user(member.user_id)))


async def list_members(request: web.Request) -> web.Response:
    """List members by ascending id, with `after` and `limit`. Refused without the members intent."""
    world = get_context(request).world
    if PrivilegedIntents.MEMBERS not in world.application.privileged:
        raise RestError(403, 50001, "Missing Access")
    guild = world.get_guild(get_path_id(request, "guild_id"))
    after, limit = int(request.query.get("after", "0")), int(request.query.get("limit", "1"))
    page = [member for user_id, member in sorted(guild.members.items()) if user_id > after][:limit]
    return respond_json([serialize_member(member, world.get_user(member.user_id)) for member in page])


ROUTES: list[Route] = [
    ("GET", "/guilds/{guild_id}", get_guild),
    ("GET", "/guilds/{guild_id}/channels", list_channels),
    ("POST", "/guilds/{guild_id}/channels", create_guild_channel),
    ("GET", "/guilds/{guild_id}/roles", list_roles),
    ("GET", "/guilds/{guild_id}/roles/member-counts", count_role_members),
    ("GET", "/guilds/{guild_id}/members", list_members),
    ("GET", "/guilds/{guild_id}/members/{user_id}", get_member),
]
