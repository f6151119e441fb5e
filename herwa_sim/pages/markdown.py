"""What Discord makes of the signs in a text: bold, code, quotes, links, mentions, times. Everything else is text."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from herwa_sim.entities import Guild
from herwa_sim.pages.markup import Markup, joined, tag
from herwa_sim.world import World

_INLINE = re.compile(
    r"""
    \\(?P<plain>[^\w\s])
    | `(?P<code>[^`\n]+)`
    | \*\*(?P<b>.+?)\*\* | __(?P<u>.+?)__ | ~~(?P<s>.+?)~~ | \|\|(?P<mark>.+?)\|\|
    | \*(?P<em>[^\s*](?:[^*]*[^\s*])?)\* | (?<!\w)_(?P<i>[^_]+?)_(?!\w)
    | \[(?P<label>[^\]]+)\]\(<?(?P<url>https?://[^\s)>]+)>?\)
    | <@!?(?P<user>\d+)> | <\#(?P<channel>\d+)> | <@&(?P<role>\d+)> | </(?P<command>[^:>]+):\d+>
    | <t:(?P<time>-?\d{1,12})(?::[tTdDfFRsS])?> | <a?(?P<emoji>:\w+:)\d+>
    | <?(?P<bare>https?://[^\s<>]+[^\s<>.,;:!?)"'])>?
    """,
    re.VERBOSE,
)
_LINES = (
    ("### ", "h5"),
    ("## ", "h4"),
    ("# ", "h3"),
    ("-# ", "small"),
    ("> ", "blockquote"),
    ("- ", "li"),
    ("* ", "li"),
)
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799  # the years 1 and 9999
_WRAPPED = {"b": "b", "u": "u", "s": "s", "mark": "mark", "em": "em", "i": "em"}


def markdown(world: World, guild: Guild, text: str) -> Markup:
    """The text as HTML: fenced blocks apart, then line by line."""
    pieces = re.split(r"```(?:[\w+-]*\n)?(.*?)```", text, flags=re.DOTALL)
    shown = [tag("pre", piece) if n % 2 else _lines(world, guild, piece) for n, piece in enumerate(pieces)]
    return joined(shown)


def _lines(world: World, guild: Guild, text: str) -> Markup:
    done: list[Markup] = []
    for line in text.strip("\n").split("\n"):
        sign, name = next((one for one in _LINES if line.startswith(one[0])), ("", ""))
        inner = _inline(world, guild, line.removeprefix(sign))
        done.append(tag(name, inner) if name else joined(inner, tag("br")))
    shown = "".join(done)
    return Markup(shown.removesuffix("<br>"))


def _inline(world: World, guild: Guild, text: str) -> Markup:
    shown: list[Markup | str] = []
    end = 0
    for found in _INLINE.finditer(text):
        shown += [text[end : found.start()], _piece(world, guild, found)]
        end = found.end()
    return joined(*shown, text[end:])


def _piece(world: World, guild: Guild, found: re.Match[str]) -> Markup | str:
    kind, value = next((name, one) for name, one in found.groupdict().items() if one is not None)
    if kind in _WRAPPED:
        return tag(_WRAPPED[kind], _inline(world, guild, value))
    if kind == "label":
        return _link(found["url"], _inline(world, guild, value))
    if kind in _REFERENCES:
        return tag("span", _REFERENCES[kind](world, guild, int(value)), class_="mention")
    if kind == "time":
        moment = datetime.fromtimestamp(min(max(int(value), _FIRST_SECOND), _LAST_SECOND), UTC)
        return tag("time", f"{moment:%Y-%m-%d %H:%M} UTC", datetime=moment.isoformat(), data_whole=True)
    if kind == "bare":
        return _link(value, value)
    return {"plain": value, "code": tag("code", value), "command": tag("span", f"/{value}", class_="mention")}.get(
        kind, value
    )


def _link(url: str, shown: Markup | str) -> Markup:
    return tag("a", shown, href=url, rel="noreferrer noopener", target="_blank")


def _user(world: World, _: Guild, id_: int) -> str:
    user = world.users.get(id_)
    return "@" + ((user.display_name or user.name) if user else "somebody")


def _channel(world: World, guild: Guild, id_: int) -> str:
    """One of the server's; in a conversation, which is in none (0), of any."""
    known = {**guild.channels, **guild.threads} if guild.id else world.channels
    channel = known.get(id_)
    return f"#{channel.name if channel else 'unknown'}"


def _role(_: World, guild: Guild, id_: int) -> str:
    return f"@{guild.roles[id_].name if id_ in guild.roles else 'unknown'}"


_REFERENCES: dict[str, Callable[[World, Guild, int], str]] = {"user": _user, "channel": _channel, "role": _role}
