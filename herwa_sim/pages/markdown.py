"""Discord's Markdown as HTML: bold, code, quotes, links, mentions, timestamps."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from herwa_sim.entities import SimGuild
from herwa_sim.pages.markup import Markup, join_markup, tag
from herwa_sim.texts import channel as texts
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
_LINE_TAGS = (
    ("### ", "h5"),
    ("## ", "h4"),
    ("# ", "h3"),
    ("-# ", "small"),
    ("> ", "blockquote"),
    ("- ", "li"),
    ("* ", "li"),
)
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799  # the years 1 and 9999
_INLINE_TAGS = {"b": "b", "u": "u", "s": "s", "mark": "mark", "em": "em", "i": "em"}


def render_markdown(world: World, guild: SimGuild, text: str) -> Markup:
    """Render the text: fenced code blocks first, then line by line."""
    pieces = re.split(r"```(?:[\w+-]*\n)?(.*?)```", text, flags=re.DOTALL)
    rendered = [
        tag("pre", piece) if index % 2 else _render_lines(world, guild, piece) for index, piece in enumerate(pieces)
    ]
    return join_markup(rendered)


def _render_lines(world: World, guild: SimGuild, text: str) -> Markup:
    rendered: list[Markup] = []
    for line in text.strip("\n").split("\n"):
        prefix, name = next((rule for rule in _LINE_TAGS if line.startswith(rule[0])), ("", ""))
        inner = _render_inline(world, guild, line.removeprefix(prefix))
        rendered.append(tag(name, inner) if name else join_markup(inner, tag("br")))
    html = "".join(rendered)
    return Markup(html.removesuffix("<br>"))


def _render_inline(world: World, guild: SimGuild, text: str) -> Markup:
    rendered: list[Markup | str] = []
    end = 0
    for match in _INLINE.finditer(text):
        rendered += [text[end : match.start()], _render_match(world, guild, match)]
        end = match.end()
    return join_markup(*rendered, text[end:])


def _render_match(world: World, guild: SimGuild, match: re.Match[str]) -> Markup | str:
    kind, value = next((name, group) for name, group in match.groupdict().items() if group is not None)
    if kind in _INLINE_TAGS:
        return tag(_INLINE_TAGS[kind], _render_inline(world, guild, value))
    if kind == "label":
        return _render_link(match["url"], _render_inline(world, guild, value))
    if kind in _MENTION_FORMATTERS:
        return tag("span", _MENTION_FORMATTERS[kind](world, guild, int(value)), class_="mention")
    if kind == "time":
        moment = datetime.fromtimestamp(min(max(int(value), _FIRST_SECOND), _LAST_SECOND), UTC)
        return tag("time", f"{moment:%Y-%m-%d %H:%M} UTC", datetime=moment.isoformat(), data_whole=True)
    if kind == "bare":
        return _render_link(value, value)
    return {"plain": value, "code": tag("code", value), "command": tag("span", f"/{value}", class_="mention")}.get(
        kind, value
    )


def _render_link(url: str, label: Markup | str) -> Markup:
    return tag("a", label, href=url, rel="noreferrer noopener", target="_blank")


def _format_user(world: World, _: SimGuild, id_: int) -> str:
    user = world.users.get(id_)
    return "@" + ((user.display_name or user.name) if user else texts.UNKNOWN_USER)


def _format_channel(world: World, guild: SimGuild, id_: int) -> str:
    """Return the channel's name; a direct message (guild id 0) can mention any channel."""
    channels = {**guild.channels, **guild.threads} if guild.id else world.channels
    channel = channels.get(id_)
    return f"#{channel.name if channel else 'unknown'}"


def _format_role(_: World, guild: SimGuild, id_: int) -> str:
    return f"@{guild.roles[id_].name if id_ in guild.roles else 'unknown'}"


_MENTION_FORMATTERS: dict[str, Callable[[World, SimGuild, int], str]] = {
    "user": _format_user,
    "channel": _format_channel,
    "role": _format_role,
}
