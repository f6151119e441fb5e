"""Send, edit and delete messages."""

from collections.abc import Sequence
from datetime import datetime

from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import (
    BOOST_MESSAGE_TYPES,
    JOIN_MESSAGE_TYPE,
    SUPPRESS_JOIN_MESSAGES_FLAG,
    THREAD_CREATED_MESSAGE_TYPE,
    ChannelType,
)
from herwa_sim.actions.threads import join_thread
from herwa_sim.entities import Json, SimAttachment, SimChannel, SimGuild, SimMessage, SimWebhook
from herwa_sim.events import GatewayEvent
from herwa_sim.serialize.messages import serialize_message_event, serialize_plain_event
from herwa_sim.snowflakes import create_snowflake, to_datetime
from herwa_sim.world import MAX_RECENT_MESSAGES, World

REPLY_TYPE = 19
BOOST_TYPE = min(BOOST_MESSAGE_TYPES)


def send_message(
    world: World,
    channel: SimChannel,
    *,
    author_id: int,
    length: int = 0,
    content: str | None = None,
    attachments: int = 0,
    reply_to: int | None = None,
    webhook: SimWebhook | None = None,
    id_: int | None = None,
) -> SimMessage:
    """Send a message now, as a user, another bot or a webhook.

    Without `content` the text is filler of `length` characters. `attachments` is a number of attachments. The first
    message of a forum post has the post's id: pass it as `id_`.
    """
    id_ = id_ or world.snowflakes.generate()
    message = SimMessage(
        id_,
        channel.id,
        channel.guild_id,
        webhook.id if webhook else author_id,
        to_datetime(id_),
        length=length if content is None else len(content),
        content=content,
        attachments=_create_attachments(id_, attachments),
        type=0 if reply_to is None else REPLY_TYPE,
        reply_to=reply_to,
        webhook_id=webhook.id if webhook else None,
    )
    post_message(world, channel, message)
    return message


def post_boost(world: World, channel: SimChannel, user_id: int, *, level: int = 0) -> SimMessage:
    """Post the system message about a boost by the member; `level` is the level that it reached, 0 for none."""
    return _post_system_message(world, channel, user_id, BOOST_TYPE + level)


def post_join_message(world: World, guild: SimGuild, user_id: int) -> None:
    """Post the system message about a member who joined, if the guild has switched on such messages."""
    if guild.system_channel_id and not guild.system_channel_flags & SUPPRESS_JOIN_MESSAGES_FLAG:
        _post_system_message(world, guild.channels[guild.system_channel_id], user_id, JOIN_MESSAGE_TYPE)


def announce_thread(world: World, thread: SimChannel, owner_id: int) -> None:
    """Post the system message about a thread in its channel, if it is public and was not started from a message.

    Discord also posts it about a thread that was started from a message that is not recent.
    """
    if thread.type == ChannelType.PUBLIC_THREAD and thread.parent_id is not None:
        _post_system_message(world, world.get_channel(thread.parent_id), owner_id, THREAD_CREATED_MESSAGE_TYPE)


def record_message(
    world: World,
    channel: SimChannel,
    *,
    message_id: int,
    author_id: int,
    sent_at: datetime,
    length: int,
    attachments: int,
    reply_to: int | None = None,
) -> GatewayEvent:
    """Store a message of the past in the channel.

    The MESSAGE_CREATE event is returned and not published: the caller sends it with flow control.
    """
    message = SimMessage(
        message_id,
        channel.id,
        channel.guild_id,
        author_id,
        sent_at,
        length=length,
        attachments=_create_attachments(message_id, attachments),
        type=0 if reply_to is None else REPLY_TYPE,
        reply_to=reply_to,
    )
    _store_message(world, channel, message)
    return _build_message_event(world, "MESSAGE_CREATE", message)


def post_message(world: World, channel: SimChannel, message: SimMessage) -> None:
    """Store a complete message and publish it. An author who posts in a thread joins it."""
    if channel.is_thread and message.author_id in world.get_guild(channel.guild_id).members:
        join_thread(world, channel, message.author_id)
    _store_message(world, channel, message)
    world.publish(_build_message_event(world, "MESSAGE_CREATE", message))


def edit_message(world: World, message: SimMessage, *, length: int | None = None, content: str | None = None) -> None:
    """Edit the message's text.

    Without `length` and `content` a link preview is added instead: the event is the same, but it is no edit.
    """
    if length is not None or content is not None:
        message.content = content
        message.length = len(content) if content is not None else length or 0
        message.edited_at = utc_now()
    else:
        message.embeds = [_build_link_preview()]
    publish_edit(world, message)


def publish_edit(world: World, message: SimMessage) -> None:
    """Publish MESSAGE_UPDATE after the caller has changed the message."""
    world.publish(_build_message_event(world, "MESSAGE_UPDATE", message))


def delete_messages(world: World, channel: SimChannel, message_ids: Sequence[int]) -> None:
    """Delete one message, or several in one bulk event.

    The event also names ids that are no longer stored.
    """
    deleted_ids = set(message_ids)
    remaining = [message for message in world.messages[channel.id] if message.id not in deleted_ids]
    world.messages[channel.id].clear()
    world.messages[channel.id].extend(remaining)
    channel_fields: Json = {"channel_id": str(channel.id)}
    if channel.guild_id:
        channel_fields["guild_id"] = str(channel.guild_id)
    if len(message_ids) == 1:
        event = _build_event(
            channel.guild_id, channel.id, "MESSAGE_DELETE", {"id": str(message_ids[0]), **channel_fields}
        )
    else:
        ids = [str(message_id) for message_id in message_ids]
        event = _build_event(channel.guild_id, channel.id, "MESSAGE_DELETE_BULK", {"ids": ids, **channel_fields})
    world.publish(event)


def _post_system_message(world: World, channel: SimChannel, user_id: int, type_: int) -> SimMessage:
    id_ = world.snowflakes.generate()
    message = SimMessage(id_, channel.id, channel.guild_id, user_id, to_datetime(id_), content="", type=type_)
    post_message(world, channel, message)
    return message


def _create_attachments(message_id: int, count: int) -> tuple[SimAttachment, ...]:
    """Create image attachments without content; the CDN generates a small image for each."""
    ids = range(message_id + 1, message_id + 1 + count)
    return tuple(SimAttachment(id_, "picture.png", 1024, "image/png", width=8, height=8) for id_ in ids)


def _store_message(world: World, channel: SimChannel, message: SimMessage) -> None:
    """Insert the message in id order into the recent messages of the channel.

    A message that is already stored, or older than all recent ones when the list is full, is not stored.
    """
    recent = world.messages[channel.id]
    if not recent or recent[-1].id < message.id:
        recent.append(message)
    elif message.id not in (stored.id for stored in recent):
        newest = sorted((*recent, message), key=lambda stored: stored.id)[-MAX_RECENT_MESSAGES:]
        recent.clear()
        recent.extend(newest)
    channel.last_message_id = max(channel.last_message_id or 0, message.id)
    channel.message_count += 1


def _build_message_event(world: World, name: str, message: SimMessage) -> GatewayEvent:
    is_plain = not message.type and message.content is None and message.webhook_id is None
    is_member = message.guild_id != 0 and message.author_id in world.get_guild(message.guild_id).members
    data, redacted = (
        serialize_plain_event if is_plain and is_member and name == "MESSAGE_CREATE" else serialize_message_event
    )(world, message)
    return _build_event(message.guild_id, message.channel_id, name, data, redacted)


def _build_event(
    guild_id: int, channel_id: int, name: str, data: Json | bytes, redacted: Json | bytes | None = None
) -> GatewayEvent:
    """Build an event of the guild's channel or, with guild id 0, of a direct message."""
    return GatewayEvent(
        name,
        data,
        guild_id=guild_id or None,
        channel_id=channel_id if guild_id else None,
        redacted=redacted,
        direct=not guild_id,
    )


def _build_link_preview() -> Json:
    snowflake = create_snowflake(utc_now())
    return {
        "type": "link",
        "url": f"https://example.org/{snowflake}",
        "title": "A page",
        "description": "Somewhere else",
    }
