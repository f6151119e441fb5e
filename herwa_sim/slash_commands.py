"""Interaction data for application commands, validated as Discord's client does."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from herwa_shared.discord.constants import ADMINISTRATOR, SUBCOMMAND_TYPES, OptionType
from herwa_shared.errors import BadRequest, Forbidden, NotFound
from herwa_sim import permissions
from herwa_sim.entities import Json, SimChannel, SimUser
from herwa_sim.serialize.interactions import serialize_resolved
from herwa_sim.serialize.messages import serialize_message
from herwa_sim.texts import actions as texts
from herwa_sim.world import World

_BOT_DM_CONTEXT = 1


def find_command(world: World, channel: SimChannel, user: SimUser, command_text: str) -> tuple[Json, list[Json]]:
    """Return the registered command and the subcommands that the text names.

    Guild commands take precedence over global ones. Raises NotFound for an unknown command, Forbidden if Discord would
    not show it to the user.
    """
    commands = list_commands(world, channel)
    is_menu = any(candidate["name"] == command_text and candidate["type"] != 1 for candidate in commands)
    name, *subcommand_names = [command_text] if is_menu else command_text.split()
    command = next((candidate for candidate in commands if candidate["name"] == name), None)
    if command is None:
        raise NotFound(texts.format_unknown_command(name))
    if not is_command_visible(world, channel, user, command):
        raise Forbidden(texts.format_hidden_command(name))
    subcommands: list[Json] = []
    for subcommand_name in subcommand_names:
        options = (subcommands[-1] if subcommands else command).get("options") or []
        subcommand = next(
            (
                candidate
                for candidate in options
                if candidate["name"] == subcommand_name and candidate["type"] in SUBCOMMAND_TYPES
            ),
            None,
        )
        if subcommand is None:
            raise NotFound(texts.format_unknown_subcommand(name, subcommand_name))
        subcommands.append(subcommand)
    return command, subcommands


def build_command_data(
    world: World,
    channel: SimChannel,
    command_path: tuple[Json, list[Json]],
    values: Mapping[str, Any],
    *,
    focused: str | None = None,
    target: str | None = None,
) -> Json:
    """Build the interaction's `data`. Raises BadRequest for input that Discord's client rejects.

    `focused` is the name of the option that is being autocompleted. `target` is the user or message id of a context
    menu command.
    """
    command, subcommands = command_path
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if command.get("guild_id"):
        data["guild_id"] = command["guild_id"]
    if command["type"] != 1:
        return data | _build_target_data(world, channel, command["type"], int(target or 0))
    declared = (subcommands[-1] if subcommands else command).get("options") or []
    if any(option["type"] in SUBCOMMAND_TYPES for option in declared):
        raise BadRequest(texts.format_subcommand_required(command["name"]))
    options = _build_options(declared, values, focused)
    for subcommand in reversed(subcommands):
        options = [{"name": subcommand["name"], "type": subcommand["type"], "options": options}]
    resolved = _build_resolved(world, channel, declared, values)
    return data | {"options": options} | ({"resolved": resolved} if resolved else {})


def list_commands(world: World, channel: SimChannel) -> list[Json]:
    """List the commands that are available in the channel, guild commands first."""
    guild_commands = world.commands[channel.guild_id].values() if channel.guild_id else ()
    return [*guild_commands, *world.commands[None].values()]


def is_command_visible(world: World, channel: SimChannel, user: SimUser, command: Json) -> bool:
    """True if Discord shows the command to the user there.

    Permissions do not apply in direct messages; there the command's contexts decide.
    """
    if channel.is_direct:
        return command.get("dm_permission") is not False and _BOT_DM_CONTEXT in (
            command.get("contexts") or [_BOT_DM_CONTEXT]
        )
    default = command.get("default_member_permissions")
    guild = world.get_guild(channel.guild_id)
    member = guild.members[user.id]
    granted = permissions.compute_channel_permissions(guild, channel, member)
    if granted & ADMINISTRATOR:
        return True
    levels = [guild.command_permissions.get(int(id_), []) for id_ in (command["id"], world.application.id)]
    subjects = [[user.id], member.roles, [guild.id]]
    places = [[channel.parent_id or channel.id if channel.is_thread else channel.id], [guild.id - 1]]
    is_shown = _find_permission(levels, subjects)
    has_default = default is None or (int(default) != 0 and not int(default) & ~granted)
    return _find_permission(levels, places) is not False and (has_default if is_shown is None else is_shown)


def _find_permission(levels: Sequence[Sequence[Json]], groups: Sequence[Collection[int]]) -> bool | None:
    """Find what the narrowest level says about the narrowest group; within a group one permission suffices."""
    for permissions_of_level in levels:
        for ids in groups:
            values = [item["permission"] for item in permissions_of_level if int(item["id"]) in ids]
            if values:
                return any(values)
    return None


def _build_options(declared: list[Json], values: Mapping[str, Any], focused: str | None) -> list[Json]:
    """Validate the values and build the option list. Raises BadRequest."""
    by_name = {option["name"]: option for option in declared}
    for name, value in values.items():
        if name not in by_name:
            raise BadRequest(texts.format_unknown_option(name, list(by_name)))
        choices = [choice["value"] for choice in by_name[name].get("choices") or ()]
        if choices and value not in choices:
            raise BadRequest(texts.format_invalid_option(name, choices))
    missing = [option["name"] for option in declared if option.get("required") and option["name"] not in values]
    if missing and focused is None:
        raise BadRequest(texts.format_option_required(missing[0]))
    return [
        {"name": option["name"], "type": option["type"], "value": values[option["name"]]}
        | ({"focused": True} if option["name"] == focused else {})
        for option in declared
        if option["name"] in values
    ]


def _build_resolved(world: World, channel: SimChannel, declared: list[Json], values: Mapping[str, Any]) -> Json:
    """Build `resolved` for the users, channels and roles among the values."""
    option_types = {option["name"]: option["type"] for option in declared}
    ids: dict[int, set[int]] = {OptionType.USER: set(), OptionType.CHANNEL: set(), OptionType.ROLE: set()}
    for name, value in values.items():
        kind = option_types[name]
        if kind == OptionType.MENTIONABLE:
            kind = OptionType.USER if int(value) in world.users else OptionType.ROLE
        if kind in ids:
            ids[kind].add(int(value))
    return serialize_resolved(
        world,
        guild_id=channel.guild_id,
        users=ids[OptionType.USER],
        channels=ids[OptionType.CHANNEL],
        roles=ids[OptionType.ROLE],
    )


def _build_target_data(world: World, channel: SimChannel, kind: int, target: int) -> Json:
    """Build the target of a context menu command on a user (2) or a message (3)."""
    if kind == 2:
        resolved = serialize_resolved(world, guild_id=channel.guild_id, users={target}, channels=set(), roles=set())
    else:
        resolved = {"messages": {str(target): serialize_message(world, world.get_message(channel.id, target))}}
    return {"target_id": str(target), "resolved": resolved}
