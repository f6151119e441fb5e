"""Messages are said, edited and deleted."""

from collections.abc import Sequence
from datetime import datetime

from herwa_shared.clock import utc_now
from herwa_sim.actions.threads import join_thread
from herwa_sim.entities import Attachment, Channel, Json, Message, Webhook
from herwa_sim.events import Event
from herwa_sim.serialize.messages import message_event, plain_event
from herwa_sim.snowflakes import moment_of, snowflake_at
from herwa_sim.world import RECENT_MESSAGES, World

REPLY = 19


def say(
    world: World,
    channel: Channel,
    *,
    author_id: int,
    length: int = 0,
    content: str | None = None,
    attachments: int = 0,
    reply_to: int | None = None,
    webhook: Webhook | None = None,
    id_: int | None = None,
) -> Message:
    """A person, another bot or a webhook says something, now. The first message of a post has the post's `id_`."""
    id_ = id_ or world.mint.next()
    message = Message(
        id_,
        channel.id,
        channel.guild_id,
        webhook.id if webhook else author_id,
        moment_of(id_),
        length=length if content is None else len(content),
        content=content,
        attachments=_pictures(id_, attachments),
        type=0 if reply_to is None else REPLY,
        reply_to=reply_to,
        webhook_id=webhook.id if webhook else None,
    )
    post(world, channel, message)
    return message


def remember(
    world: World,
    channel: Channel,
    *,
    message_id: int,
    author_id: int,
    sent_at: datetime,
    length: int,
    attachments: int,
    reply_to: int | None = None,
) -> Event:
    """Something that was said long ago enters the channel. The event is returned, to be sent when there is room."""
    message = Message(
        message_id,
        channel.id,
        channel.guild_id,
        author_id,
        sent_at,
        length=length,
        attachments=_pictures(message_id, attachments),
        type=0 if reply_to is None else REPLY,
        reply_to=reply_to,
    )
    _file(world, channel, message)
    return _event(world, "MESSAGE_CREATE", message)


def post(world: World, channel: Channel, message: Message) -> None:
    """Put a finished message into its channel and announce it. Who speaks in a thread joins it."""
    if channel.is_thread and message.author_id in world.guild(channel.guild_id).members:
        join_thread(world, channel, message.author_id)
    _file(world, channel, message)
    world.changed(_event(world, "MESSAGE_CREATE", message))


def edit(world: World, message: Message, *, length: int | None = None, content: str | None = None) -> None:
    """The author changes the text. Without a new one it is a link preview that arrives: no edit, but the same event."""
    if length is not None or content is not None:
        message.content = content
        message.length = len(content) if content is not None else length or 0
        message.edited_at = utc_now()
    else:
        message.embeds = [_preview()]
    revise(world, message)


def revise(world: World, message: Message) -> None:
    """Announce what was changed on a message."""
    world.changed(_event(world, "MESSAGE_UPDATE", message))


def delete(world: World, channel: Channel, message_ids: Sequence[int]) -> None:
    """Delete one message, or several in one event, as moderators do. Ids that are gone already are named too."""
    gone = set(message_ids)
    kept = [one for one in world.messages[channel.id] if one.id not in gone]
    world.messages[channel.id].clear()
    world.messages[channel.id].extend(kept)
    place: Json = {"channel_id": str(channel.id)}
    if channel.guild_id:
        place["guild_id"] = str(channel.guild_id)
    if len(message_ids) == 1:
        event = _of(channel.guild_id, "MESSAGE_DELETE", {"id": str(message_ids[0]), **place})
    else:
        ids = [str(one) for one in message_ids]
        event = _of(channel.guild_id, "MESSAGE_DELETE_BULK", {"ids": ids, **place})
    world.changed(event)


def _pictures(message_id: int, count: int) -> tuple[Attachment, ...]:
    """Attachments without bytes of their own; the CDN shows a small picture for each."""
    ids = range(message_id + 1, message_id + 1 + count)
    return tuple(Attachment(id_, "picture.png", 1024, "image/png", width=8, height=8) for id_ in ids)


def _file(world: World, channel: Channel, message: Message) -> None:
    """At its place among the recent ones; what is known, or older than all that are kept, is not kept again."""
    recent = world.messages[channel.id]
    if not recent or recent[-1].id < message.id:
        recent.append(message)
    elif message.id not in (one.id for one in recent):
        kept = sorted((*recent, message), key=lambda one: one.id)[-RECENT_MESSAGES:]
        recent.clear()
        recent.extend(kept)
    channel.last_message_id = max(channel.last_message_id or 0, message.id)
    channel.message_count += 1


def _event(world: World, name: str, message: Message) -> Event:
    plain = message.content is None and message.reply_to is None and message.webhook_id is None
    member = message.guild_id != 0 and message.author_id in world.guild(message.guild_id).members
    data, blanked = (plain_event if plain and member and name == "MESSAGE_CREATE" else message_event)(world, message)
    return _of(message.guild_id, name, data, blanked)


def _of(guild_id: int, name: str, data: Json | bytes, blanked: Json | bytes | None = None) -> Event:
    """An event of that guild's or, with 0, of a direct message."""
    return Event(name, data, guild_id=guild_id or None, blanked=blanked, direct=not guild_id)


def _preview() -> Json:
    when = snowflake_at(utc_now())
    return {"type": "link", "url": f"https://example.org/{when}", "title": "A page", "description": "Somewhere else"}
