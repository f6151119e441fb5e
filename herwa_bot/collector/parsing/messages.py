"""Discord's JSON about messages and places into what Herwa keeps. Pure; what is missing or impossible raises.

The tap skips such an event. What a field may hold is decided in `fields`.
"""

from dataclasses import replace

from herwa_bot.collector.payload_fields import (
    MAX_SNOWFLAKE_MS,
    InvalidPayload,
    Payload,
    parse_datetime,
    parse_int32,
    parse_name,
    parse_snowflake,
    require_type,
)
from herwa_shared.discord.constants import THREAD_CHANNEL_TYPES
from herwa_shared.pipeline.events import ActivityEvent, EventKind, decode_snowflake_ms
from herwa_shared.services.guilds import ChannelData, GuildData

DEFAULT, REPLY = 0, 19  # the message types that people write; all others are Discord's own or answers of apps
USER_MESSAGE_TYPES = frozenset((DEFAULT, REPLY))
MAX_ICON_LENGTH = 64
MAX_ATTACHMENTS = 255  # Discord takes ten; the column one byte
HUMAN, BOT, WEBHOOK = EventKind.MESSAGE.value, EventKind.MESSAGE_BOT.value, EventKind.MESSAGE_WEBHOOK.value


def parse_message_create(
    data: Payload, *, parent_id: int, live_since_ms: int, can_read_content: bool
) -> ActivityEvent | None:
    """A message, or None when nobody wrote it. `parent_id` is the thread's channel, 0 outside threads.

    `content` says whether Discord lets us see lengths and attachments; without it they are unknown, not 0.
    """
    message_type = data["type"]
    if message_type not in USER_MESSAGE_TYPES:
        return None
    author = data["author"]
    message_id, source_channel_id = parse_snowflake(data, "id"), parse_snowflake(data, "channel_id")
    if data.get("webhook_id"):
        event_kind = WEBHOOK
    elif author.get("bot"):
        event_kind = BOT
    else:
        event_kind = HUMAN
    return ActivityEvent(
        parse_snowflake(data, "guild_id"),
        event_kind,
        decode_snowflake_ms(message_id),
        parent_id or source_channel_id,
        source_channel_id if parent_id else 0,
        parse_snowflake(author, "id"),
        message_type == REPLY,
        len(require_type(data, "content", str)) if can_read_content else None,
        _count_attachments(data) if can_read_content else None,
        message_id,
        live_since_ms,
    )


def parse_message_edit(data: Payload, *, parent_id: int) -> ActivityEvent | None:
    """An edit by a person, or None for what apps and webhooks change and for Discord's own doing, such as previews."""
    edited_at = data.get("edited_timestamp")
    if edited_at is None or data.get("webhook_id") or data.get("type", DEFAULT) not in USER_MESSAGE_TYPES:
        return None
    author = data.get("author")
    if author is None or author.get("bot"):
        return None
    at_ms = int(parse_datetime(data, "edited_timestamp").timestamp() * 1000)
    if not decode_snowflake_ms(parse_snowflake(data, "id")) <= at_ms <= MAX_SNOWFLAKE_MS:
        raise InvalidPayload("edited_timestamp")
    return _build_event(data, EventKind.MESSAGE_EDIT, at_ms, parent_id=parent_id, user_id=parse_snowflake(author, "id"))


def parse_message_delete(data: Payload, *, parent_id: int, at_ms: int) -> ActivityEvent:
    """A deletion. Discord says neither who wrote the message nor who deleted it, nor when: `at_ms` is our own clock."""
    return _build_event(data, EventKind.MESSAGE_DELETE, at_ms, parent_id=parent_id, user_id=0)


def _build_event(data: Payload, kind: EventKind, at_ms: int, *, parent_id: int, user_id: int) -> ActivityEvent:
    parse_snowflake(data, "id")
    source_channel_id = parse_snowflake(data, "channel_id")
    return ActivityEvent(
        guild_id=parse_snowflake(data, "guild_id"),
        kind=kind,
        at_ms=at_ms,
        channel_id=parent_id or source_channel_id,
        thread_id=source_channel_id if parent_id else 0,
        user_id=user_id,
        reply=False,
        value=None,
        attachments=None,
        message_id=0,
        live_since_ms=0,
    )


def get_member_name(member: Payload, user: Payload) -> str:
    """What the guild calls somebody: nickname, else display name, else user name."""
    return parse_name(member.get("nick") or user.get("global_name") or user["username"])


def parse_guild(data: Payload) -> GuildData:
    """A guild that the bot is in."""
    return GuildData(
        id=parse_snowflake(data, "id"),
        name=parse_name(data["name"]),
        owner_id=parse_snowflake(data, "owner_id"),
        icon=_parse_icon(data),
        member_count=parse_int32(data, "member_count"),
        joined_at=parse_datetime(data, "joined_at"),
    )


def parse_guild_update(data: Payload, guild: GuildData) -> GuildData:
    """The same guild with what people changed; the update repeats neither its size nor when we joined."""
    return replace(
        guild, name=parse_name(data["name"]), owner_id=parse_snowflake(data, "owner_id"), icon=_parse_icon(data)
    )


def parse_channel(data: Payload, *, guild_id: int) -> ChannelData:
    """A channel, category or thread; GUILD_CREATE leaves its guild's id out."""
    return ChannelData(
        id=parse_snowflake(data, "id"),
        guild_id=guild_id,
        parent_id=parse_snowflake(data, "parent_id") if data.get("parent_id") else None,
        kind=parse_int32(data, "type"),
        name=parse_name(data.get("name") or ""),
        position=parse_int32(data, "position"),
    )


def is_thread(channel: ChannelData) -> bool:
    """Threads count for their parent."""
    return channel.kind in THREAD_CHANNEL_TYPES


def _count_attachments(data: Payload) -> int:
    count = len(require_type(data, "attachments", list))
    if count > MAX_ATTACHMENTS:
        raise InvalidPayload("attachments")
    return count


def _parse_icon(data: Payload) -> str | None:
    icon = data.get("icon")
    return icon if isinstance(icon, str) and len(icon) <= MAX_ICON_LENGTH else None
