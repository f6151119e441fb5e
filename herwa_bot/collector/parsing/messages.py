"""Discord's JSON about messages and places into what Herwa keeps. Pure; what is missing or impossible raises.

The tap skips such an event. What a field may hold is decided in `fields`.
"""

from dataclasses import replace

from herwa_bot.collector.payload_fields import LAST_MS, Impossible, Payload, moment, name_of, small, snowflake, typed
from herwa_shared.discord.constants import THREAD_CHANNEL_TYPES
from herwa_shared.pipeline.events import Event, EventKind, snowflake_ms
from herwa_shared.services.guilds import ChannelSeen, GuildSeen

DEFAULT, REPLY = 0, 19  # the message types that people write; all others are Discord's own or answers of apps
WRITTEN = frozenset((DEFAULT, REPLY))
ICON_LENGTH = 64
ATTACHMENTS_AT_MOST = 255  # Discord takes ten; the column one byte
HUMAN, BOT, WEBHOOK = EventKind.MESSAGE.value, EventKind.MESSAGE_BOT.value, EventKind.MESSAGE_WEBHOOK.value


def message_created(data: Payload, *, parent_id: int, live_since_ms: int, content: bool) -> Event | None:
    """A message, or None when nobody wrote it. `parent_id` is the thread's channel, 0 outside threads.

    `content` says whether Discord lets us see lengths and attachments; without it they are unknown, not 0.
    """
    kind = data["type"]
    if kind not in WRITTEN:
        return None
    author = data["author"]
    message_id, place_id = snowflake(data, "id"), snowflake(data, "channel_id")
    if data.get("webhook_id"):
        what = WEBHOOK
    elif author.get("bot"):
        what = BOT
    else:
        what = HUMAN
    return Event(
        snowflake(data, "guild_id"),
        what,
        snowflake_ms(message_id),
        parent_id or place_id,
        place_id if parent_id else 0,
        snowflake(author, "id"),
        kind == REPLY,
        len(typed(data, "content", str)) if content else None,
        _attachments(data) if content else None,
        message_id,
        live_since_ms,
    )


def message_edited(data: Payload, *, parent_id: int) -> Event | None:
    """An edit by a person, or None for what apps and webhooks change and for Discord's own doing, such as previews."""
    edited = data.get("edited_timestamp")
    if edited is None or data.get("webhook_id") or data.get("type", DEFAULT) not in WRITTEN:
        return None
    author = data.get("author")
    if author is None or author.get("bot"):
        return None
    at_ms = int(moment(data, "edited_timestamp").timestamp() * 1000)
    if not snowflake_ms(snowflake(data, "id")) <= at_ms <= LAST_MS:
        raise Impossible("edited_timestamp")
    return _mark(data, EventKind.MESSAGE_EDIT, at_ms, parent_id=parent_id, user_id=snowflake(author, "id"))


def message_deleted(data: Payload, *, parent_id: int, at_ms: int) -> Event:
    """A deletion. Discord says neither who wrote the message nor who deleted it, nor when: `at_ms` is our own clock."""
    return _mark(data, EventKind.MESSAGE_DELETE, at_ms, parent_id=parent_id, user_id=0)


def _mark(data: Payload, kind: EventKind, at_ms: int, *, parent_id: int, user_id: int) -> Event:
    snowflake(data, "id")
    place_id = snowflake(data, "channel_id")
    return Event(
        guild_id=snowflake(data, "guild_id"),
        kind=kind,
        at_ms=at_ms,
        channel_id=parent_id or place_id,
        thread_id=place_id if parent_id else 0,
        user_id=user_id,
        reply=False,
        value=None,
        attachments=None,
        message_id=0,
        live_since_ms=0,
    )


def member_name(member: Payload, user: Payload) -> str:
    """What the guild calls somebody: nickname, else display name, else user name."""
    return name_of(member.get("nick") or user.get("global_name") or user["username"])


def guild_created(data: Payload) -> GuildSeen:
    """A guild that the bot is in."""
    return GuildSeen(
        id=snowflake(data, "id"),
        name=name_of(data["name"]),
        owner_id=snowflake(data, "owner_id"),
        icon=_icon(data),
        member_count=small(data, "member_count"),
        joined_at=moment(data, "joined_at"),
    )


def guild_updated(data: Payload, known: GuildSeen) -> GuildSeen:
    """The same guild with what people changed; the update repeats neither its size nor when we joined."""
    return replace(known, name=name_of(data["name"]), owner_id=snowflake(data, "owner_id"), icon=_icon(data))


def channel_seen(data: Payload, *, guild_id: int) -> ChannelSeen:
    """A channel, category or thread; GUILD_CREATE leaves its guild's id out."""
    return ChannelSeen(
        id=snowflake(data, "id"),
        guild_id=guild_id,
        parent_id=snowflake(data, "parent_id") if data.get("parent_id") else None,
        kind=small(data, "type"),
        name=name_of(data.get("name") or ""),
        position=small(data, "position"),
    )


def is_thread(channel: ChannelSeen) -> bool:
    """Threads count for their parent."""
    return channel.kind in THREAD_CHANNEL_TYPES


def _attachments(data: Payload) -> int:
    count = len(typed(data, "attachments", list))
    if count > ATTACHMENTS_AT_MOST:
        raise Impossible("attachments")
    return count


def _icon(data: Payload) -> str | None:
    icon = data.get("icon")
    return icon if isinstance(icon, str) and len(icon) <= ICON_LENGTH else None
