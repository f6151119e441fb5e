"""Guilds, their members, roles and channels, as the bot may read them."""

from aiohttp import web

from herwa_sim.actions.channels import create_channel
from herwa_sim.context import parts_of
from herwa_sim.entities import ChannelType
from herwa_sim.rest.bodies import read_json
from herwa_sim.rest.middleware import Route, answer, id_in
from herwa_sim.serialize.guilds import channel_json, guild_counts, guild_json
from herwa_sim.serialize.members import member_json, role_json


async def guild(request: web.Request) -> web.Response:
    world = parts_of(request).world
    found = world.guild(id_in(request, "guild_id"))
    counts = request.query.get("with_counts", "").lower() in ("1", "true")
    return answer(guild_json(found) | (guild_counts(world, found) if counts else {}))


async def channels(request: web.Request) -> web.Response:
    found = parts_of(request).world.guild(id_in(request, "guild_id"))
    return answer([channel_json(channel) for channel in found.channels.values()])


async def new_channel(request: web.Request) -> web.Response:
    world = parts_of(request).world
    wanted = await read_json(request)
    parent = wanted.get("parent_id")
    channel = create_channel(
        world,
        world.guild(id_in(request, "guild_id")),
        name=wanted["name"],
        type_=ChannelType(wanted.get("type") or 0),
        parent_id=int(parent) if parent else None,
        topic=wanted.get("topic"),
    )
    return answer(channel_json(channel), 201)


async def roles(request: web.Request) -> web.Response:
    found = parts_of(request).world.guild(id_in(request, "guild_id"))
    return answer([role_json(role) for role in found.roles.values()])


async def role_counts(request: web.Request) -> web.Response:
    found = parts_of(request).world.guild(id_in(request, "guild_id"))
    counts = dict.fromkeys(found.roles, 0)
    for member_ in found.members.values():
        for role_id in member_.roles:
            counts[role_id] += 1
    return answer({str(role_id): number for role_id, number in counts.items() if role_id != found.id})


async def member(request: web.Request) -> web.Response:
    world = parts_of(request).world
    found = world.member(id_in(request, "guild_id"), id_in(request, "user_id"))
    return answer(member_json(found, world.user(found.user_id)))


async def members(request: web.Request) -> web.Response:
    """Members by id, a page at a time."""
    world = parts_of(request).world
    found = world.guild(id_in(request, "guild_id"))
    after, limit = int(request.query.get("after", "0")), int(request.query.get("limit", "1"))
    page = [one for user_id, one in sorted(found.members.items()) if user_id > after][:limit]
    return answer([member_json(one, world.user(one.user_id)) for one in page])


ROUTES: list[Route] = [
    ("GET", "/guilds/{guild_id}", guild),
    ("GET", "/guilds/{guild_id}/channels", channels),
    ("POST", "/guilds/{guild_id}/channels", new_channel),
    ("GET", "/guilds/{guild_id}/roles", roles),
    ("GET", "/guilds/{guild_id}/roles/member-counts", role_counts),
    ("GET", "/guilds/{guild_id}/members", members),
    ("GET", "/guilds/{guild_id}/members/{user_id}", member),
]
