"""Rendering of a message's attachments and embeds."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from herwa_shared.discord.constants import COMPONENTS_V2_FLAG
from herwa_sim.entities import Json, SimAttachment, SimGuild, SimMessage
from herwa_sim.pages.markdown import render_markdown
from herwa_sim.pages.markup import Markup, join_markup, tag
from herwa_sim.world import World

_IMAGE_KEYS = ("image", "thumbnail")


def render_attachments(message: SimMessage) -> Markup | None:
    """Render images inline and other files as links; None if there is nothing to show."""
    if not message.attachments or message.flags & COMPONENTS_V2_FLAG:  # its components show its files
        return None
    embedded_paths = {
        urlsplit(embed[kind]["url"]).path for embed in message.embeds for kind in _IMAGE_KEYS if kind in embed
    }
    separate_attachments = [
        attachment for attachment in message.attachments if _build_path(message, attachment) not in embedded_paths
    ]
    return (
        tag(
            "div",
            [_render_attachment(message, attachment) for attachment in separate_attachments],
            class_="attachments",
        )
        if separate_attachments
        else None
    )


def render_embeds(world: World, guild: SimGuild, message: SimMessage) -> Markup | None:
    """Render the embeds; None if there are none."""
    descriptions = {
        _build_path(message, attachment): attachment.description or "" for attachment in message.attachments
    }
    return (
        join_markup(_render_embed(world, guild, embed, descriptions) for embed in message.embeds)
        if message.embeds
        else None
    )


def render_image(url: str, *, alt: str = "", width: int | None = None, height: int | None = None) -> Markup:
    """Render an image of the CDN with a link to its full size; an external image is only a link."""
    parsed_url = urlsplit(url)
    if not parsed_url.path.startswith("/cdn/"):
        return tag(
            "a", url, href=url if parsed_url.scheme in ("http", "https") else "#", rel="noreferrer", target="_blank"
        )
    image = tag("img", src=parsed_url.path, alt=alt, width=width, height=height, loading="lazy")
    return tag("a", image, href=parsed_url.path, target="_blank", rel="noopener", class_="picture")


def _render_attachment(message: SimMessage, attachment: SimAttachment) -> Markup:
    path = _build_path(message, attachment)
    if attachment.content_type.startswith("image/"):
        return render_image(
            path, alt=attachment.description or attachment.filename, width=attachment.width, height=attachment.height
        )
    size = f"{attachment.size / 1024:,.1f} kB"
    return tag("a", "📄 ", attachment.filename, " ", tag("small", size), href=path, download=True, class_="file")


def _build_path(message: SimMessage, attachment: SimAttachment) -> str:
    return f"/cdn/attachments/{message.channel_id}/{attachment.id}/{attachment.filename}"


def _render_embed(world: World, guild: SimGuild, embed: Json, descriptions: Mapping[str, str]) -> Markup:
    title = embed.get("title")
    link = str(embed.get("url") or "")
    heading = title and (
        tag("a", title, href=link, rel="noreferrer", target="_blank") if link.startswith("http") else str(title)
    )
    fields = [
        tag(
            "div",
            tag("b", field["name"]),
            render_markdown(world, guild, field["value"]),
            class_="inline" if field.get("inline") else "",
        )
        for field in embed.get("fields") or ()
    ]
    footer = (embed.get("footer") or {}).get("text")
    author = (embed.get("author") or {}).get("name")
    description = embed.get("description")
    return tag(
        "div",
        tag("small", author) if author else None,
        tag("strong", heading) if heading else None,
        tag("div", render_markdown(world, guild, description)) if description else None,
        tag("div", fields, class_="fields") if fields else None,
        [
            render_image(embed[kind]["url"], alt=descriptions.get(urlsplit(embed[kind]["url"]).path, ""))
            for kind in _IMAGE_KEYS
            if kind in embed
        ],
        tag("small", footer) if footer else None,
        class_="embed",
    )
