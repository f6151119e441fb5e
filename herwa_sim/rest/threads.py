"""Threads: opened by the bot, and listed."""

from aiohttp import web

from herwa_sim.actions.channels import create_thread
from herwa_sim.context import parts_of
from herwa_sim.entities import Channel, Json
from herwa_sim.rest.bodies import read_json
from herwa_sim.rest.direct_messages import require_place
from herwa_sim.rest.middleware import Route, answer, id_in
from herwa_sim.serialize.guilds import channel_json


async def open_thread(request: web.Request) -> web.Response:
    """A thread of its own, or at a message, whose id it then has."""
    world = parts_of(request).world
    parent = world.channel(id_in(request, "channel_id"))
    wanted = await read_json(request)
    require_place(parent)
    at_message = (
        world.message(parent.id, id_in(request, "message_id")).id if "message_id" in request.match_info else None
    )
    thread = create_thread(world, parent, name=wanted["name"], owner_id=world.bot.id, id_=at_message)
    return answer(channel_json(thread), 201)


async def active(request: web.Request) -> web.Response:
    guild = parts_of(request).world.guild(id_in(request, "guild_id"))
    return answer(_listed([one for one in guild.threads.values() if not one.archived]))


async def archived(request: web.Request) -> web.Response:
    world = parts_of(request).world
    parent = world.channel(id_in(request, "channel_id"))
    require_place(parent)
    threads = world.guild(parent.guild_id).threads.values()
    return answer(_listed([one for one in threads if one.archived and one.parent_id == parent.id]))


def _listed(threads: list[Channel]) -> Json:
    return {"threads": [channel_json(thread) for thread in threads], "members": [], "has_more": False}


ROUTES: list[Route] = [
    ("POST", "/channels/{channel_id}/threads", open_thread),
    ("POST", "/channels/{channel_id}/messages/{message_id}/threads", open_thread),
    ("GET", "/guilds/{guild_id}/threads/active", active),
    ("GET", "/channels/{channel_id}/threads/archived/public", archived),
]
