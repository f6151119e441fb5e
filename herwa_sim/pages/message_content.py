"""What hangs on a message besides its words: pictures, files, embeds."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from herwa_sim.entities import Attachment, Guild, Json, Message
from herwa_sim.pages.markdown import markdown
from herwa_sim.pages.markup import Markup, joined, tag
from herwa_sim.world import World

_PICTURES = ("image", "thumbnail")


def attachments(message: Message) -> Markup | None:
    """Pictures as pictures, other files as links."""
    if not message.attachments or message.flags & 1 << 15:  # a message of components shows its files by itself
        return None
    within = {urlsplit(embed[kind]["url"]).path for embed in message.embeds for kind in _PICTURES if kind in embed}
    apart = [one for one in message.attachments if _path(message, one) not in within]
    return tag("div", [_attachment(message, one) for one in apart], class_="attachments") if apart else None


def embeds(world: World, guild: Guild, message: Message) -> Markup | None:
    described = {_path(message, one): one.description or "" for one in message.attachments}
    return joined(_embed(world, guild, one, described) for one in message.embeds) if message.embeds else None


def picture(url: str, *, alt: str = "", width: int | None = None, height: int | None = None) -> Markup:
    """A picture of this Discord's own, which opens in full; one from elsewhere is only a link."""
    parts = urlsplit(url)
    if not parts.path.startswith("/cdn/"):
        return tag("a", url, href=url if parts.scheme in ("http", "https") else "#", rel="noreferrer", target="_blank")
    shown = tag("img", src=parts.path, alt=alt, width=width, height=height, loading="lazy")
    return tag("a", shown, href=parts.path, target="_blank", rel="noopener", class_="picture")


def _attachment(message: Message, one: Attachment) -> Markup:
    path = _path(message, one)
    if one.content_type.startswith("image/"):
        return picture(path, alt=one.description or one.filename, width=one.width, height=one.height)
    size = f"{one.size / 1024:,.1f} kB"
    return tag("a", "📄 ", one.filename, " ", tag("small", size), href=path, download=True, class_="file")


def _path(message: Message, one: Attachment) -> str:
    return f"/cdn/attachments/{message.channel_id}/{one.id}/{one.filename}"


def _embed(world: World, guild: Guild, embed: Json, described: Mapping[str, str]) -> Markup:
    title = embed.get("title")
    link = str(embed.get("url") or "")
    heading = title and (
        tag("a", title, href=link, rel="noreferrer", target="_blank") if link.startswith("http") else str(title)
    )
    fields = [
        tag(
            "div",
            tag("b", one["name"]),
            markdown(world, guild, one["value"]),
            class_="inline" if one.get("inline") else "",
        )
        for one in embed.get("fields") or ()
    ]
    footer = (embed.get("footer") or {}).get("text")
    author = (embed.get("author") or {}).get("name")
    description = embed.get("description")
    return tag(
        "div",
        tag("small", author) if author else None,
        tag("strong", heading) if heading else None,
        tag("div", markdown(world, guild, description)) if description else None,
        tag("div", fields, class_="fields") if fields else None,
        [
            picture(embed[kind]["url"], alt=described.get(urlsplit(embed[kind]["url"]).path, ""))
            for kind in _PICTURES
            if kind in embed
        ],
        tag("small", footer) if footer else None,
        class_="embed",
    )
