"""Application commands, global and of one guild: registered, listed, changed, deleted."""

from aiohttp import web

from herwa_sim.context import parts_of
from herwa_sim.entities import Json
from herwa_sim.rest.bodies import read_json, read_list
from herwa_sim.rest.middleware import Refusal, Route, answer, id_in, nothing
from herwa_sim.serialize.application import command_json
from herwa_sim.world import Missing, World

LIMIT = 100


async def listed(request: web.Request) -> web.Response:
    world, guild_id = _place(request)
    return answer(list(world.commands[guild_id].values()))


async def replace_all(request: web.Request) -> web.Response:
    """Put these in place of all. A command that was there under its name keeps its id."""
    world, guild_id = _place(request)
    wanted = await read_list(request)
    if sum(one.get("type", 1) == 1 for one in wanted) > LIMIT:
        raise Refusal(400, 30032, "Maximum number of application commands reached (100)")
    known = {_key(one): int(one["id"]) for one in world.commands[guild_id].values()}
    ids = [known.get(_key(one)) or world.mint.next() for one in wanted]
    world.commands[guild_id] = {
        id_: command_json(world, id_, one, guild_id=guild_id) for id_, one in zip(ids, wanted, strict=True)
    }
    world.changed()
    return answer(list(world.commands[guild_id].values()))


async def create(request: web.Request) -> web.Response:
    world, guild_id = _place(request)
    wanted = await read_json(request)
    known = next((id_ for id_, one in world.commands[guild_id].items() if _key(one) == _key(wanted)), None)
    id_ = known or world.mint.next()
    command = world.commands[guild_id][id_] = command_json(world, id_, wanted, guild_id=guild_id)
    world.changed()
    return answer(command, 201 if known is None else 200)


async def one(request: web.Request) -> web.Response:
    return answer(_found(request))


async def change(request: web.Request) -> web.Response:
    world, guild_id = _place(request)
    command = _found(request) | await read_json(request)
    id_ = int(command["id"])
    world.commands[guild_id][id_] = command_json(world, id_, command, guild_id=guild_id)
    world.changed()
    return answer(world.commands[guild_id][id_])


async def delete(request: web.Request) -> web.Response:
    world, guild_id = _place(request)
    del world.commands[guild_id][int(_found(request)["id"])]
    world.changed()
    return nothing()


def _place(request: web.Request) -> tuple[World, int | None]:
    world = parts_of(request).world
    if id_in(request, "application_id") != world.application.id:
        raise Missing("Application", id_in(request, "application_id"))
    if "guild_id" not in request.match_info:
        return world, None
    return world, world.guild(id_in(request, "guild_id")).id


def _found(request: web.Request) -> Json:
    world, guild_id = _place(request)
    command_id = id_in(request, "command_id")
    command = world.commands[guild_id].get(command_id)
    if command is None:
        raise Missing("Command", command_id)
    return command


def _key(command: Json) -> tuple[int, str]:
    return command.get("type") or 1, command["name"]


def _routes(base: str) -> list[Route]:
    return [
        ("GET", base, listed),
        ("PUT", base, replace_all),
        ("POST", base, create),
        ("GET", base + "/{command_id}", one),
        ("PATCH", base + "/{command_id}", change),
        ("DELETE", base + "/{command_id}", delete),
    ]


ROUTES: list[Route] = [
    *_routes("/applications/{application_id}/commands"),
    *_routes("/applications/{application_id}/guilds/{guild_id}/commands"),
]
