"""What a member types, as the data of an interaction: the command and its options, checked as a client does."""

from collections.abc import Mapping
from typing import Any

from herwa_shared.errors import BadRequest, Forbidden, NotFound
from herwa_sim import permissions
from herwa_sim.entities import Channel, Json, User
from herwa_sim.serialize.interactions import resolved_json
from herwa_sim.serialize.messages import message_json
from herwa_sim.world import World

_GROUPS = (1, 2)
_USER, _CHANNEL, _ROLE, _MENTIONABLE = 6, 7, 8, 9
_BOT_DIRECT = 1


def find_command(world: World, channel: Channel, user: User, words: str) -> tuple[Json, list[Json]]:
    """The registered command and the sub-commands that the words name. A guild's own come before global ones."""
    known = registered(world, channel)
    is_menu = any(one["name"] == words and one["type"] != 1 for one in known)
    name, *path = [words] if is_menu else words.split()
    command = next((one for one in known if one["name"] == name), None)
    if command is None:
        raise NotFound(f"There is no command {name}: has the bot registered its commands?")
    if not is_offered(world, channel, user, command):
        raise Forbidden(f"Discord does not show {name} to this member.")
    steps: list[Json] = []
    for word in path:
        options = (steps[-1] if steps else command).get("options") or []
        step = next((one for one in options if one["name"] == word and one["type"] in _GROUPS), None)
        if step is None:
            raise NotFound(f"{name} has no sub-command {word}.")
        steps.append(step)
    return command, steps


def command_data(
    world: World,
    channel: Channel,
    found: tuple[Json, list[Json]],
    values: Mapping[str, Any],
    *,
    focused: str | None = None,
    target: str | None = None,
) -> Json:
    """The `data` of the interaction. Raises BadRequest for what Discord's client would not let a member send."""
    command, steps = found
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if command.get("guild_id"):
        data["guild_id"] = command["guild_id"]
    if command["type"] != 1:
        return data | _targeted(world, channel, command["type"], int(target or 0))
    declared = (steps[-1] if steps else command).get("options") or []
    if any(one["type"] in _GROUPS for one in declared):
        raise BadRequest(f"{command['name']} needs one of its sub-commands.")
    options = _options(declared, values, focused)
    for step in reversed(steps):
        options = [{"name": step["name"], "type": step["type"], "options": options}]
    resolved = _resolved(world, channel, declared, values)
    return data | {"options": options} | ({"resolved": resolved} if resolved else {})


def registered(world: World, channel: Channel) -> list[Json]:
    """The commands there are in that place, a guild's own first."""
    own = world.commands[channel.guild_id].values() if channel.guild_id else ()
    return [*own, *world.commands[None].values()]


def is_offered(world: World, channel: Channel, user: User, command: Json) -> bool:
    """True when Discord shows the command to the user there. In a conversation nobody has permissions."""
    if channel.is_direct:
        return command.get("dm_permission") is not False and _BOT_DIRECT in (command.get("contexts") or [_BOT_DIRECT])
    needed = command.get("default_member_permissions")
    guild = world.guild(channel.guild_id)
    return needed is None or not int(needed) & ~permissions.in_channel(guild, channel, guild.members[user.id])


def _options(declared: list[Json], values: Mapping[str, Any], focused: str | None) -> list[Json]:
    by_name = {one["name"]: one for one in declared}
    for name, value in values.items():
        if name not in by_name:
            raise BadRequest(f"There is no option {name}; there are {', '.join(by_name) or 'none'}.")
        choices = [choice["value"] for choice in by_name[name].get("choices") or ()]
        if choices and value not in choices:
            raise BadRequest(f"{name} must be one of {choices}.")
    missing = [one["name"] for one in declared if one.get("required") and one["name"] not in values]
    if missing and focused is None:
        raise BadRequest(f"The option {missing[0]} is required.")
    return [
        {"name": one["name"], "type": one["type"], "value": values[one["name"]]}
        | ({"focused": True} if one["name"] == focused else {})
        for one in declared
        if one["name"] in values
    ]


def _resolved(world: World, channel: Channel, declared: list[Json], values: Mapping[str, Any]) -> Json:
    named = {one["name"]: one["type"] for one in declared}
    ids: dict[int, set[int]] = {_USER: set(), _CHANNEL: set(), _ROLE: set()}
    for name, value in values.items():
        kind = named[name]
        if kind == _MENTIONABLE:
            kind = _USER if int(value) in world.users else _ROLE
        if kind in ids:
            ids[kind].add(int(value))
    return resolved_json(world, guild_id=channel.guild_id, users=ids[_USER], channels=ids[_CHANNEL], roles=ids[_ROLE])


def _targeted(world: World, channel: Channel, kind: int, target: int) -> Json:
    """An entry of the menu on a user (2) or a message (3)."""
    if kind == 2:
        resolved = resolved_json(world, guild_id=channel.guild_id, users={target}, channels=set(), roles=set())
    else:
        resolved = {"messages": {str(target): message_json(world, world.message(channel.id, target))}}
    return {"target_id": str(target), "resolved": resolved}
