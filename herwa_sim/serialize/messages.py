"""Messages: as REST answers them, as the gateway sends them, and as a bot without the content intent gets them."""

from collections.abc import Iterable
from functools import lru_cache

import orjson

from herwa_sim.entities import Attachment, InteractionSource, Json, Member, Message, User
from herwa_sim.serialize.members import member_fragment, user_fragment, user_json
from herwa_sim.serialize.reactions import reactions_json
from herwa_sim.snowflakes import EPOCH
from herwa_sim.world import World

EPHEMERAL = 1 << 6
LOADING = 1 << 7

_FILLER = "a member of this server said something here, and it was about this long; " * 60
_NO_CONTENT: Json = {"content": "", "embeds": [], "attachments": [], "components": []}


def filler(length: int) -> str:
    """Text of exactly that length that says nothing."""
    return (_FILLER * (length // len(_FILLER) + 1))[:length]


def text_of(message: Message) -> str:
    return filler(message.length) if message.content is None else message.content


def message_json(world: World, message: Message) -> Json:
    """A message as REST answers it, with the message it replies to, if that is still known."""
    shape = _plain(world, message, _author(world, message))
    if message.reply_to is not None:
        original = world.find_message(message.channel_id, message.reply_to)
        shape["message_reference"] = {
            "type": 0,
            "message_id": str(message.reply_to),
            "channel_id": str(message.channel_id),
            **({"guild_id": str(message.guild_id)} if message.guild_id else {}),
        }
        shape["referenced_message"] = original and _plain(world, original, _author(world, original))
    return shape


def message_event(world: World, message: Message) -> tuple[Json, Json | None]:
    """MESSAGE_CREATE or MESSAGE_UPDATE: the whole, and what is left of it without the content intent (None: all)."""
    shape = message_json(world, message)
    if not message.guild_id:
        return shape, None
    shape["guild_id"] = str(message.guild_id)
    member = None if message.webhook_id else world.guild(message.guild_id).members.get(message.author_id)
    if member is not None:
        shape["member"] = member_fragment(member)
    open_to_bot = message.author_id == world.bot.id or any(
        user.id == world.bot.id for user in mentioned(world, message)
    )
    return shape, None if open_to_bot else blanked(shape)


def plain_event(world: World, message: Message) -> tuple[bytes, bytes]:
    """`message_event`, ready as bytes, for filler that a member says without replying: the most of all messages."""
    shell = _shell(
        world.users[message.author_id],
        world.guild(message.guild_id).members[message.author_id],
        message.channel_id,
        message.guild_id,
    )
    files = [attachment_json(world.base_url, message.channel_id, one) for one in message.attachments]
    head = b'{"id":"%d","timestamp":"%b",' % (message.id, message.sent_at.isoformat().encode())
    text = b'"content":"%b","attachments":%b,' % (filler(message.length).encode(), orjson.dumps(files))
    return head + text + shell, head + b'"content":"","attachments":[],' + shell


@lru_cache(maxsize=32_768)
def _shell(author: User, member: Member, channel_id: int, guild_id: int) -> bytes:
    """What all plain messages of a member in a channel have in common."""
    blank = Message(0, channel_id, guild_id, author.id, EPOCH)
    shape = _shape(blank, author, mentions=[]) | {"guild_id": str(guild_id), "member": member_fragment(member)}
    varying = {"id", "timestamp", "content", "attachments"}
    return orjson.dumps({name: value for name, value in shape.items() if name not in varying})[1:]


def blanked(shape: Json) -> Json:
    original = shape.get("referenced_message")
    return shape | _NO_CONTENT | ({"referenced_message": original | _NO_CONTENT} if original else {})


def mentioned(world: World, message: Message) -> Iterable[User]:
    """The users whom the text mentions; filler mentions nobody."""
    if not message.content or "<@" not in message.content:
        return ()
    ids = (part.split(">", 1)[0].lstrip("!") for part in message.content.split("<@")[1:])
    return [world.users[int(one)] for one in ids if one.isdigit() and int(one) in world.users]


def attachment_json(base_url: str, channel_id: int, attachment: Attachment) -> Json:
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


def _author(world: World, message: Message) -> User:
    if message.webhook_id and message.webhook_id != world.application.id:
        return User(message.webhook_id, world.webhook(message.webhook_id).name, bot=True)
    return world.users[message.author_id]


def _plain(world: World, message: Message, author: User) -> Json:
    mentions = [user_json(user) for user in mentioned(world, message)]
    shape = _shape(message, author, mentions=mentions)
    shape["attachments"] = [attachment_json(world.base_url, message.channel_id, one) for one in message.attachments]
    if message.webhook_id:
        shape["webhook_id"] = str(message.webhook_id)
    if message.application_id:
        shape["application_id"] = str(message.application_id)
    if message.reactions:
        shape["reactions"] = reactions_json(message, world.bot.id)
    if message.source:
        shape["interaction_metadata"] = _source_json(world, message.source)
    return shape


def _shape(message: Message, author: User, *, mentions: list[Json]) -> Json:
    """What every message has."""
    return {
        "id": str(message.id),
        "type": message.type,
        "channel_id": str(message.channel_id),
        "author": user_fragment(author),
        "content": text_of(message),
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


def _source_json(world: World, source: InteractionSource) -> Json:
    metadata = {
        "id": str(source.id),
        "type": source.type,
        "user": user_json(world.user(source.user_id)),
        "authorizing_integration_owners": {"0": str(world.application.id)},
    }
    if source.type == 2:
        return metadata | {"name": source.name, "command_type": 1}
    if source.opened_by is not None:
        return metadata | {"triggering_interaction_metadata": _source_json(world, source.opened_by)}
    return metadata | {"interacted_message_id": str(source.id)}
