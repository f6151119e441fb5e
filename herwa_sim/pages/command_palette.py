"""Command palette: the slash commands that the user may run, each with an options form."""

from collections.abc import Iterator

from aiohttp import web

from herwa_shared.discord.constants import SUBCOMMAND_TYPES, OptionType
from herwa_sim.context import SimContext, get_context
from herwa_sim.entities import Json, SimChannel, SimGuild, SimUser
from herwa_sim.pages.base_page import render_fragment
from herwa_sim.pages.markup import Markup, join_markup, tag
from herwa_sim.pages.page_context import get_current_user, get_guild, get_visible_channel
from herwa_sim.slash_commands import is_command_visible, list_commands
from herwa_sim.texts import channel as texts


async def show_palette(request: web.Request) -> web.Response:
    """Return the palette of the channel as a fragment."""
    context, user = get_context(request), get_current_user(request)
    channel = get_visible_channel(request, user)
    guild = get_guild(context.world, channel)
    rendered = [_render_command(guild, *command) for command in list_visible_commands(context, channel, user)]
    empty_note = tag("p", texts.NO_COMMANDS, class_="empty")
    return render_fragment(join_markup(rendered) if rendered else empty_note)


def list_visible_commands(context: SimContext, channel: SimChannel, user: SimUser) -> Iterator[tuple[str, Json]]:
    """Yield each command or subcommand that the user sees, by its full name (`features list`)."""
    if not context.world.has_bot(get_guild(context.world, channel)):
        return
    commands = {command["name"]: command for command in reversed(list_commands(context.world, channel))}
    for name in sorted(commands):
        if commands[name]["type"] == 1 and is_command_visible(context.world, channel, user, commands[name]):
            yield from _expand_subcommands(name, commands[name])


def _expand_subcommands(full_name: str, command: Json) -> Iterator[tuple[str, Json]]:
    """Yield the command itself, or all of its subcommands recursively."""
    subcommands = [subcommand for subcommand in command.get("options") or () if subcommand["type"] in SUBCOMMAND_TYPES]
    if not subcommands:
        yield full_name, command
    for subcommand in subcommands:
        yield from _expand_subcommands(f"{full_name} {subcommand['name']}", subcommand)


def _render_command(guild: SimGuild, full_name: str, command: Json) -> Markup:
    fields = [_render_field(guild, option) for option in command.get("options") or ()]
    return tag(
        "details",
        tag("summary", tag("b", f"/{full_name}"), tag("small", command.get("description"))),
        tag("form", fields, tag("button", texts.RUN, class_="button"), data_command=full_name),
        data_words=full_name,
    )


def _render_field(guild: SimGuild, option: Json) -> Markup:
    name, kind, required = option["name"], option["type"], bool(option.get("required"))
    common = {"name": name, "required": required, "data_type": kind}
    choices = _list_choices(guild, option)
    if choices is not None:
        placeholder = tag("option", "", value="")
        control = tag("select", placeholder, [tag("option", label, value=value) for label, value in choices], **common)
    elif option.get("autocomplete") or kind in (OptionType.USER, OptionType.MENTIONABLE):
        source = "people" if kind == OptionType.USER else "mentionables"
        control = _render_suggestion_field(
            "autocomplete" if option.get("autocomplete") else source, name, kind, required
        )
    else:
        limits = {"min": option.get("min_value"), "max": option.get("max_value")}
        lengths = {"minlength": option.get("min_length"), "maxlength": option.get("max_length")}
        step = {OptionType.INTEGER: "1", OptionType.NUMBER: "any"}.get(kind)
        control = tag("input", type="number" if step else "text", step=step, **limits, **lengths, **common)
    caption = (tag("b", name), None if required else tag("i", texts.OPTIONAL), tag("small", option.get("description")))
    return tag("label", tag("span", caption), control, class_="field")


def _list_choices(guild: SimGuild, option: Json) -> list[tuple[str, str]] | None:
    """Return the (label, value) pairs of a select for the option, or None for a text field."""
    if option.get("choices"):
        return [(str(choice["name"]), str(choice["value"])) for choice in option["choices"]]
    if option["type"] == OptionType.BOOLEAN:
        return [(texts.TRUE_OPTION, "true"), (texts.FALSE_OPTION, "false")]
    if option["type"] == OptionType.ROLE:
        return [(f"@{role.name.removeprefix('@')}", str(role.id)) for role in guild.roles.values()]
    if option["type"] == OptionType.CHANNEL:
        channel_types = option.get("channel_types")
        channels = [
            channel for channel in guild.channels.values() if not channel_types or channel.type in channel_types
        ]
        return [(f"#{channel.name}", str(channel.id)) for channel in channels]
    return None


def _render_suggestion_field(source: str, name: str, kind: int, required: bool) -> Markup:
    """Render a text field with a suggestion list; a hidden field holds the chosen value."""
    return tag(
        "span",
        tag("input", type="text", data_suggest=source, autocomplete="off", required=required),
        tag("input", type="hidden", name=name, data_type=kind),
        tag("span", class_="suggestions"),
        class_="suggesting",
    )
