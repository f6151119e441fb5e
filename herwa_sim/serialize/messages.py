"""JSON of messages: for REST, for the gateway, and redacted without the content intent."""

from collections.abc import Iterable
from functools import lru_cache

import orjson

from herwa_sim.entities import InteractionSource, Json, SimAttachment, SimMember, SimMessage, SimUser
from herwa_sim.serialize.members import build_member_fragment, build_user_fragment, serialize_user
from herwa_sim.serialize.reactions import serialize_reactions
from herwa_sim.snowflakes import EPOCH
from herwa_sim.world import World

_FILLER = "a member of this server said something here, and it was about this long; " * 60
_NO_CONTENT: Json = {"content": "", "embeds": [], "attachments": [], "components": []}


def build_filler(length: int) -> str:
    """Return meaningless text of exactly `length` characters."""
    return (_FILLER * (length // len(_FILLER) + 1))[:length]


def get_text(message: SimMessage) -> str:
    """Return the message's text, or filler of its length."""
    return build_filler(message.length) if message.content is None else message.content


def serialize_message(world: World, message: SimMessage) -> Json:
    """Return the message object for REST, with the message that it replies to if still stored."""
    shape = _serialize_without_reply(world, message, _get_author(world, message))
    if message.reply_to is not None:
        original = world.find_message(message.channel_id, message.reply_to)
        shape["message_reference"] = {
            "type": 0,
            "message_id": str(message.reply_to),
            "channel_id": str(message.channel_id),
            **({"guild_id": str(message.guild_id)} if message.guild_id else {}),
        }
        shape["referenced_message"] = original and _serialize_without_reply(
            world, original, _get_author(world, original)
        )
    return shape


def serialize_message_event(world: World, message: SimMessage) -> tuple[Json, Json | None]:
    """Return the data of MESSAGE_CREATE or MESSAGE_UPDATE, and its redacted variant.

    The second value is for sessions without the MESSAGE_CONTENT intent; None means that nothing is redacted.
    """
    shape = serialize_message(world, message)
    if not message.guild_id:
        return shape, None
    shape["guild_id"] = str(message.guild_id)
    member = None if message.webhook_id else world.get_guild(message.guild_id).members.get(message.author_id)
    if member is not None:
        shape["member"] = build_member_fragment(member)
    is_visible = message.author_id == world.bot.id or any(
        user.id == world.bot.id for user in list_mentioned_users(world, message)
    )
    return shape, None if is_visible else redact_content(shape)


def serialize_plain_event(world: World, message: SimMessage) -> tuple[bytes, bytes]:
    """Return the result of `serialize_message_event` as JSON bytes, for plain filler messages.

    This is the fast path for a member's filler message without a reply, by far the most frequent kind of message.
    """
    shell = _build_plain_shell(
        world.users[message.author_id],
        world.get_guild(message.guild_id).members[message.author_id],
        message.channel_id,
        message.guild_id,
    )
    attachments = [
        serialize_attachment(world.base_url, message.channel_id, attachment) for attachment in message.attachments
    ]
    head = b'{"id":"%d","timestamp":"%b",' % (message.id, message.sent_at.isoformat().encode())
    text = b'"content":"%b","attachments":%b,' % (build_filler(message.length).encode(), orjson.dumps(attachments))
    return head + text + shell, head + b'"content":"","attachments":[],' + shell


def redact_content(shape: Json) -> Json:
    """Return the message without content, as for a bot without the content intent."""
    original = shape.get("referenced_message")
    return shape | _NO_CONTENT | ({"referenced_message": original | _NO_CONTENT} if original else {})


def list_mentioned_users(world: World, message: SimMessage) -> Iterable[SimUser]:
    """Return the users whom the text mentions; filler mentions none."""
    if not message.content or "<@" not in message.content:
        return ()
    ids = (part.split(">", 1)[0].lstrip("!") for part in message.content.split("<@")[1:])
    return [world.users[int(user_id)] for user_id in ids if user_id.isdigit() and int(user_id) in world.users]


def serialize_attachment(base_url: str, channel_id: int, attachment: SimAttachment) -> Json:
    """Return the attachment object."""
    url = f"{base_url}/cdn/attachments/{channel_id}/{attachment.id}/{attachment.filename}"
    optional = {
        "description": attachment.description,
        "width": attachment.width,
        "height": attachment.height,
    }
    return {
        "id": str(attachment.id),
        "filename": attachment.filename,
        "size": attachment.size,
        "content_type": attachment.content_type,
        "url": url,
        "proxy_url": url,
    } | {name: value for name, value in optional.items() if value is not None}


@lru_cache(maxsize=32_768)
def _build_plain_shell(author: SimUser, member: SimMember, channel_id: int, guild_id: int) -> bytes:
    """Return the cached JSON that a member's plain messages in a channel have in common."""
    template = SimMessage(0, channel_id, guild_id, author.id, EPOCH)
    shape = _serialize_common(template, author, mentions=[]) | {
        "guild_id": str(guild_id),
        "member": build_member_fragment(member),
    }
    varying = {"id", "timestamp", "content", "attachments"}
    return orjson.dumps({name: value for name, value in shape.items() if name not in varying})[1:]


def _get_author(world: World, message: SimMessage) -> SimUser:
    if message.webhook_id and message.webhook_id != world.application.id:
        return SimUser(message.webhook_id, world.get_webhook(message.webhook_id).name, bot=True)
    return world.users[message.author_id]


def _serialize_without_reply(world: World, message: SimMessage, author: SimUser) -> Json:
    mentions = [serialize_user(user) for user in list_mentioned_users(world, message)]
    shape = _serialize_common(message, author, mentions=mentions)
    shape["attachments"] = [
        serialize_attachment(world.base_url, message.channel_id, attachment) for attachment in message.attachments
    ]
    if message.webhook_id:
        shape["webhook_id"] = str(message.webhook_id)
    if message.application_id:
        shape["application_id"] = str(message.application_id)
    if message.reactions:
        shape["reactions"] = serialize_reactions(message, world.bot.id)
    if message.source:
        shape["interaction_metadata"] = _serialize_source(world, message.source)
    return shape


def _serialize_common(message: SimMessage, author: SimUser, *, mentions: list[Json]) -> Json:
    """Return the fields that every message has."""
    return {
        "id": str(message.id),
        "type": message.type,
        "channel_id": str(message.channel_id),
        "author": build_user_fragment(author),
        "content": get_text(message),
        "timestamp": message.sent_at.isoformat(),
        "edited_timestamp": message.edited_at and message.edited_at.isoformat(),
        "attachments": [],
        "embeds": message.embeds,
        "components": message.components,
        "mentions": mentions,
        "mention_roles": [],
        "mention_everyone": False,
        "pinned": False,
        "tts": False,
        "flags": message.flags,
    }


def _serialize_source(world: World, source: InteractionSource) -> Json:
    metadata = {
        "id": str(source.id),
        "type": source.type,
        "user": serialize_user(world.get_user(source.user_id)),
        "authorizing_integration_owners": {"0": str(world.application.id)},
    }
    if source.type == 2:
        return metadata | {"name": source.name, "command_type": 1}
    if source.opened_by is not None:
        return metadata | {"triggering_interaction_metadata": _serialize_source(world, source.opened_by)}
    return metadata | {"interacted_message_id": str(source.id)}
