"""Build and edit messages of the bot from request bodies: text, embeds, components, files."""

import mimetypes
from dataclasses import replace
from itertools import count
from typing import Any

from herwa_shared.discord.constants import (
    COMPONENTS_V2_FLAG,
    EPHEMERAL_FLAG,
    SUPPRESS_EMBEDS_FLAG,
    SUPPRESS_NOTIFICATIONS_FLAG,
    MessageType,
)
from herwa_sim.context import SimContext
from herwa_sim.entities import InteractionSource, Json, SimAttachment, SimChannel, SimMessage
from herwa_sim.files import read_png_size, sanitize_filename
from herwa_sim.rest.bodies import RequestBody, UploadedFile
from herwa_sim.rest.middleware import RestError
from herwa_sim.serialize.messages import serialize_attachment
from herwa_sim.snowflakes import to_datetime

SETTABLE_FLAGS = SUPPRESS_EMBEDS_FLAG | EPHEMERAL_FLAG | SUPPRESS_NOTIFICATIONS_FLAG | COMPONENTS_V2_FLAG
_MAX_UPLOAD_BYTES = 10 * 1024 * 1024


def build_message(
    context: SimContext, channel: SimChannel, body: RequestBody, *, source: InteractionSource | None = None
) -> SimMessage:
    """Build a new message of the bot; the caller posts it.

    Raises RestError where Discord rejects the body.
    """
    world = context.world
    id_ = world.snowflakes.generate()
    message = SimMessage(id_, channel.id, channel.guild_id, world.bot.id, to_datetime(id_), content="", source=source)
    message.flags = int(body.json.get("flags") or 0) & SETTABLE_FLAGS
    reference = body.json.get("message_reference")
    if reference:
        message.reply_to, message.type = int(reference["message_id"]), MessageType.REPLY
    if source is not None:
        message.type = MessageType.SLASH_COMMAND if source.type == 2 else MessageType.DEFAULT
        message.webhook_id = message.application_id = world.application.id
    update_message(context, message, body)
    if not (message.content or message.embeds or message.attachments or message.components or body.json.get("poll")):
        raise RestError(400, 50006, "Cannot send an empty message")
    return message


def update_message(context: SimContext, message: SimMessage, body: RequestBody) -> None:
    """Apply the fields that the JSON contains; other fields do not change. Raises RestError."""
    changes = body.json
    if len(changes.get("content") or "") > 2000 or len(changes.get("embeds") or ()) > 10:
        raise RestError(400, 50035, "Invalid Form Body")
    if "flags" in changes:
        message.flags |= int(changes["flags"] or 0) & SETTABLE_FLAGS
    if "content" in changes:
        message.content = changes["content"] or ""
        message.length = len(message.content)
    if "attachments" in changes or body.uploads:
        message.attachments = _merge_attachments(context, message, changes.get("attachments") or [], body.uploads)
    if "embeds" in changes:
        message.embeds = [_build_embed(context, message, embed) for embed in changes["embeds"] or ()]
    if "components" in changes:
        ids = count(1)
        message.components = [
            _assign_component_ids(context, message, component, ids) for component in changes["components"] or ()
        ]


def _merge_attachments(
    context: SimContext, message: SimMessage, entries: list[Json], uploads: tuple[UploadedFile, ...]
) -> tuple[SimAttachment, ...]:
    existing = {attachment.id: attachment for attachment in message.attachments}
    entries_by_id = {int(entry["id"]): entry for entry in entries}
    uploaded = [_store_upload(context, upload, entries_by_id.get(upload.index, {})) for upload in uploads]
    return (*(existing[id_] for id_ in entries_by_id if id_ in existing), *uploaded)


def _store_upload(context: SimContext, upload: UploadedFile, entry: Json) -> SimAttachment:
    if len(upload.content) > _MAX_UPLOAD_BYTES:
        raise RestError(413, 40005, "Request entity too large")
    filename = sanitize_filename(entry.get("filename") or upload.filename)
    content_type = mimetypes.guess_type(filename)[0] or upload.content_type
    attachment = SimAttachment(
        context.world.snowflakes.generate(),
        filename,
        len(upload.content),
        content_type,
        description=entry.get("description"),
    )
    context.files.save(attachment.id, upload.content)
    size = read_png_size(upload.content)
    return attachment if size is None else replace(attachment, width=size[0], height=size[1])


def _resolve_url(context: SimContext, message: SimMessage, url: str) -> str:
    if not url.startswith("attachment://"):
        return url
    name = url.removeprefix("attachment://")
    attachment = next((candidate for candidate in message.attachments if candidate.filename == name), None)
    if attachment is None:
        raise RestError(400, 50035, "Invalid Form Body")
    return str(serialize_attachment(context.world.base_url, message.channel_id, attachment)["url"])


def _build_embed(context: SimContext, message: SimMessage, embed: Json) -> Json:
    built_embed = {"type": "rich"} | {name: value for name, value in embed.items() if value is not None}
    for image_key in ("image", "thumbnail"):
        if image_key in built_embed:
            url = _resolve_url(context, message, built_embed[image_key]["url"])
            built_embed[image_key] = {"url": url, "proxy_url": url, "width": 0, "height": 0}
    return built_embed


def _assign_component_ids(context: SimContext, message: SimMessage, component: Any, ids: "count[int]") -> Any:
    """Return components as Discord does: each with an id, `attachment://` URLs resolved."""
    if isinstance(component, list):
        return [_assign_component_ids(context, message, item, ids) for item in component]
    if not isinstance(component, dict):
        return component
    numbered_component = {
        name: _assign_component_ids(context, message, value, ids)
        for name, value in component.items()
        if value is not None
    }
    if "type" in numbered_component:
        numbered_component.setdefault("id", next(ids))
    if "sku_id" in numbered_component and int(numbered_component["sku_id"]) not in context.world.skus:
        raise RestError(400, 50035, "Invalid Form Body")
    if isinstance(numbered_component.get("url"), str):
        numbered_component["url"] = _resolve_url(context, message, numbered_component["url"])
    return numbered_component
