"""Turns what the bot wants said into a message: text, embeds, components, files; and changes one in the same way."""

import mimetypes
from dataclasses import replace
from itertools import count
from typing import Any

from herwa_sim.context import Parts
from herwa_sim.entities import Attachment, Channel, InteractionSource, Json, Message
from herwa_sim.files import picture_size, safe_filename
from herwa_sim.rest.bodies import Body, Upload
from herwa_sim.rest.middleware import Refusal
from herwa_sim.serialize.messages import attachment_json
from herwa_sim.snowflakes import moment_of

SETTABLE_FLAGS = 1 << 2 | 1 << 6 | 1 << 12 | 1 << 15
_UPLOADABLE = 10 * 1024 * 1024


def compose(parts: Parts, channel: Channel, body: Body, *, source: InteractionSource | None = None) -> Message:
    """A new message of the bot's. Raises Refusal where Discord would."""
    world = parts.world
    id_ = world.mint.next()
    message = Message(id_, channel.id, channel.guild_id, world.bot.id, moment_of(id_), content="", source=source)
    message.flags = int(body.json.get("flags") or 0) & SETTABLE_FLAGS
    reference = body.json.get("message_reference")
    if reference:
        message.reply_to, message.type = int(reference["message_id"]), 19
    if source is not None:
        message.type = 20 if source.type == 2 else 0
        message.webhook_id = message.application_id = world.application.id
    amend(parts, message, body)
    if not (message.content or message.embeds or message.attachments or message.components or body.json.get("poll")):
        raise Refusal(400, 50006, "Cannot send an empty message")
    return message


def amend(parts: Parts, message: Message, body: Body) -> None:
    """Apply what the JSON names; what it leaves out stays as it is."""
    wanted = body.json
    if len(wanted.get("content") or "") > 2000 or len(wanted.get("embeds") or ()) > 10:
        raise Refusal(400, 50035, "Invalid Form Body")
    if "flags" in wanted:
        message.flags |= int(wanted["flags"] or 0) & SETTABLE_FLAGS
    if "content" in wanted:
        message.content = wanted["content"] or ""
        message.length = len(message.content)
    if "attachments" in wanted or body.uploads:
        message.attachments = _attachments(parts, message, wanted.get("attachments") or [], body.uploads)
    if "embeds" in wanted:
        message.embeds = [_embed(parts, message, one) for one in wanted["embeds"] or ()]
    if "components" in wanted:
        numbers = count(1)
        message.components = [_numbered(parts, message, one, numbers) for one in wanted["components"] or ()]


def _attachments(
    parts: Parts, message: Message, wanted: list[Json], uploads: tuple[Upload, ...]
) -> tuple[Attachment, ...]:
    kept = {one.id: one for one in message.attachments}
    named = {int(one["id"]): one for one in wanted}
    new = [_stored(parts, upload, named.get(upload.index, {})) for upload in uploads]
    return (*(kept[id_] for id_ in named if id_ in kept), *new)


def _stored(parts: Parts, upload: Upload, named: Json) -> Attachment:
    if len(upload.content) > _UPLOADABLE:
        raise Refusal(413, 40005, "Request entity too large")
    filename = safe_filename(named.get("filename") or upload.filename)
    guessed = mimetypes.guess_type(filename)[0] or upload.content_type
    attachment = Attachment(
        parts.world.mint.next(), filename, len(upload.content), guessed, description=named.get("description")
    )
    parts.files.put(attachment.id, upload.content)
    size = picture_size(upload.content)
    return attachment if size is None else replace(attachment, width=size[0], height=size[1])


def _url(parts: Parts, message: Message, url: str) -> str:
    if not url.startswith("attachment://"):
        return url
    name = url.removeprefix("attachment://")
    found = next((one for one in message.attachments if one.filename == name), None)
    if found is None:
        raise Refusal(400, 50035, "Invalid Form Body")
    return str(attachment_json(parts.world.base_url, message.channel_id, found)["url"])


def _embed(parts: Parts, message: Message, embed: Json) -> Json:
    shown = {"type": "rich"} | {name: value for name, value in embed.items() if value is not None}
    for picture in ("image", "thumbnail"):
        if picture in shown:
            url = _url(parts, message, shown[picture]["url"])
            shown[picture] = {"url": url, "proxy_url": url, "width": 0, "height": 0}
    return shown


def _numbered(parts: Parts, message: Message, component: Any, numbers: "count[int]") -> Any:
    """Components as Discord gives them back: each with an id, pictures with their addresses."""
    if isinstance(component, list):
        return [_numbered(parts, message, one, numbers) for one in component]
    if not isinstance(component, dict):
        return component
    shown = {name: _numbered(parts, message, value, numbers) for name, value in component.items() if value is not None}
    if "type" in shown:
        shown.setdefault("id", next(numbers))
    if isinstance(shown.get("url"), str):
        shown["url"] = _url(parts, message, shown["url"])
    return shown
