"""The slash commands that a person may run in a channel, each with a form for its options."""

from collections.abc import Iterator

from aiohttp import web

from herwa_sim.context import Parts, parts_of
from herwa_sim.entities import Channel, Guild, Json, User
from herwa_sim.pages.base_page import fragment
from herwa_sim.pages.markup import Markup, joined, tag
from herwa_sim.pages.page_context import channel_in, guild_of, me
from herwa_sim.slash_commands import is_offered, registered

_GROUPS = (1, 2)
_TEXT, _WHOLE, _FLAG, _USER, _CHANNEL, _ROLE, _MENTIONABLE, _NUMBER = 3, 4, 5, 6, 7, 8, 9, 10


async def palette(request: web.Request) -> web.Response:
    """All of them, as a fragment."""
    parts, user = parts_of(request), me(request)
    channel = channel_in(request, user)
    guild = guild_of(parts.world, channel)
    shown = [_command(guild, *one) for one in commands(parts, channel, user)]
    absent = tag("p", f"{parts.world.bot.name} has no commands here yet: is the bot running?", class_="empty")
    return fragment(joined(shown) if shown else absent)


def commands(parts: Parts, channel: Channel, user: User) -> Iterator[tuple[str, Json]]:
    """Each command or sub-command that the person sees, by its words: `features list`."""
    if not parts.world.has_bot(guild_of(parts.world, channel)):
        return
    known = {one["name"]: one for one in reversed(registered(parts.world, channel))}
    for name in sorted(known):
        if known[name]["type"] == 1 and is_offered(parts.world, channel, user, known[name]):
            yield from _leaves(name, known[name])


def _leaves(words: str, command: Json) -> Iterator[tuple[str, Json]]:
    below = [one for one in command.get("options") or () if one["type"] in _GROUPS]
    if not below:
        yield words, command
    for one in below:
        yield from _leaves(f"{words} {one['name']}", one)


def _command(guild: Guild, words: str, command: Json) -> Markup:
    fields = [_field(guild, one) for one in command.get("options") or ()]
    return tag(
        "details",
        tag("summary", tag("b", f"/{words}"), tag("small", command.get("description"))),
        tag("form", fields, tag("button", "Run", class_="button"), data_command=words),
        data_words=words,
    )


def _field(guild: Guild, option: Json) -> Markup:
    name, kind, required = option["name"], option["type"], bool(option.get("required"))
    common = {"name": name, "required": required, "data_type": kind}
    choices = _choices(guild, option)
    if choices is not None:
        empty = tag("option", "", value="")
        control = tag("select", empty, [tag("option", label, value=value) for label, value in choices], **common)
    elif option.get("autocomplete") or kind in (_USER, _MENTIONABLE):
        source = "people" if kind == _USER else "mentionables"
        control = _suggesting("autocomplete" if option.get("autocomplete") else source, name, kind, required)
    else:
        limits = {"min": option.get("min_value"), "max": option.get("max_value")}
        lengths = {"minlength": option.get("min_length"), "maxlength": option.get("max_length")}
        step = {_WHOLE: "1", _NUMBER: "any"}.get(kind)
        control = tag("input", type="number" if step else "text", step=step, **limits, **lengths, **common)
    words = (tag("b", name), None if required else tag("i", " optional"), tag("small", option.get("description")))
    return tag("label", tag("span", words), control, class_="field")


def _choices(guild: Guild, option: Json) -> list[tuple[str, str]] | None:
    if option.get("choices"):
        return [(str(one["name"]), str(one["value"])) for one in option["choices"]]
    if option["type"] == _FLAG:
        return [("True", "true"), ("False", "false")]
    if option["type"] == _ROLE:
        return [(f"@{one.name.removeprefix('@')}", str(one.id)) for one in guild.roles.values()]
    if option["type"] == _CHANNEL:
        kinds = option.get("channel_types")
        fitting = [one for one in guild.channels.values() if not kinds or one.type in kinds]
        return [(f"#{one.name}", str(one.id)) for one in fitting]
    return None


def _suggesting(source: str, name: str, kind: int, required: bool) -> Markup:
    """A field to type into, with a list of what fits below; what is chosen goes into the hidden one."""
    return tag(
        "span",
        tag("input", type="text", data_suggest=source, autocomplete="off", required=required),
        tag("input", type="hidden", name=name, data_type=kind),
        tag("span", class_="suggestions"),
        class_="suggesting",
    )
