"""REST routes of application commands, global and per guild."""

from aiohttp import web

from herwa_sim.context import get_context
from herwa_sim.entities import Json
from herwa_sim.rest.bodies import read_json, read_list
from herwa_sim.rest.middleware import RestError, Route, get_path_id, respond_json, respond_no_content
from herwa_sim.serialize.application import serialize_command
from herwa_sim.world import EntityNotFound, World

MAX_COMMANDS = 100


async def list_commands(request: web.Request) -> web.Response:
    """List the registered commands."""
    world, guild_id = _get_scope(request)
    return respond_json(list(world.commands[guild_id].values()))


async def replace_commands(request: web.Request) -> web.Response:
    """Replace all commands (bulk overwrite). A command with the same type and name keeps its id."""
    world, guild_id = _get_scope(request)
    definitions = await read_list(request)
    if sum(command.get("type", 1) == 1 for command in definitions) > MAX_COMMANDS:
        raise RestError(400, 30032, "Maximum number of application commands reached (100)")
    known_ids = {_get_key(command): int(command["id"]) for command in world.commands[guild_id].values()}
    ids = [known_ids.get(_get_key(command)) or world.snowflakes.generate() for command in definitions]
    world.commands[guild_id] = {
        id_: serialize_command(world, id_, command, guild_id=guild_id)
        for id_, command in zip(ids, definitions, strict=True)
    }
    world.publish()
    return respond_json(list(world.commands[guild_id].values()))


async def create(request: web.Request) -> web.Response:
    """Create a command, or overwrite the one with the same type and name."""
    world, guild_id = _get_scope(request)
    definition = await read_json(request)
    existing_id = next(
        (id_ for id_, existing in world.commands[guild_id].items() if _get_key(existing) == _get_key(definition)), None
    )
    id_ = existing_id or world.snowflakes.generate()
    command = world.commands[guild_id][id_] = serialize_command(world, id_, definition, guild_id=guild_id)
    world.publish()
    return respond_json(command, 201 if existing_id is None else 200)


async def get_command(request: web.Request) -> web.Response:
    """Return a command."""
    return respond_json(_load_command(request))


async def edit_command(request: web.Request) -> web.Response:
    """Edit a command."""
    world, guild_id = _get_scope(request)
    command = _load_command(request) | await read_json(request)
    id_ = int(command["id"])
    world.commands[guild_id][id_] = serialize_command(world, id_, command, guild_id=guild_id)
    world.publish()
    return respond_json(world.commands[guild_id][id_])


async def delete(request: web.Request) -> web.Response:
    """Delete a command."""
    world, guild_id = _get_scope(request)
    del world.commands[guild_id][int(_load_command(request)["id"])]
    world.publish()
    return respond_no_content()


async def list_permissions(request: web.Request) -> web.Response:
    """List what the guild's owner set under Integrations, for the bot and for single commands."""
    world, guild_id = _get_scope(request)
    assert guild_id is not None
    return respond_json(
        [
            {
                "id": str(id_),
                "application_id": str(world.application.id),
                "guild_id": str(guild_id),
                "permissions": permissions,
            }
            for id_, permissions in world.get_guild(guild_id).command_permissions.items()
        ]
    )


def _get_scope(request: web.Request) -> tuple[World, int | None]:
    """Return the world and the guild id of the path, None for global commands."""
    world = get_context(request).world
    if get_path_id(request, "application_id") != world.application.id:
        raise EntityNotFound("Application", get_path_id(request, "application_id"))
    if "guild_id" not in request.match_info:
        return world, None
    return world, world.get_guild(get_path_id(request, "guild_id")).id


def _load_command(request: web.Request) -> Json:
    world, guild_id = _get_scope(request)
    command_id = get_path_id(request, "command_id")
    command = world.commands[guild_id].get(command_id)
    if command is None:
        raise EntityNotFound("Command", command_id)
    return command


def _get_key(command: Json) -> tuple[int, str]:
    return command.get("type") or 1, command["name"]


def _build_routes(base: str) -> list[Route]:
    return [
        ("GET", base, list_commands),
        ("PUT", base, replace_commands),
        ("POST", base, create),
        ("GET", base + "/{command_id}", get_command),
        ("PATCH", base + "/{command_id}", edit_command),
        ("DELETE", base + "/{command_id}", delete),
    ]


ROUTES: list[Route] = [
    ("GET", "/applications/{application_id}/guilds/{guild_id}/commands/permissions", list_permissions),
    *_build_routes("/applications/{application_id}/commands"),
    *_build_routes("/applications/{application_id}/guilds/{guild_id}/commands"),
]
