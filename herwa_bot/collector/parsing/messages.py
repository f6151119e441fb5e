"""Parse payloads about messages, guilds and channels. Pure.

Missing fields raise LookupError, invalid ones InvalidPayload (see `collector.payload_fields`); the handlers skip such
an event.
"""

from collections.abc import Collection, Iterable
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
from herwa_shared.discord.constants import (
    BOOST_MESSAGE_TYPES,
    COMMAND_REPLY_MESSAGE_TYPES,
    FORUM_CHANNEL_TYPES,
    SUPPRESS_JOIN_MESSAGES_FLAG,
    THREAD_CHANNEL_TYPES,
    THREAD_PARENT_TYPES,
    USER_MESSAGE_TYPES,
    MessageType,
)
from herwa_shared.pipeline.catch_up import NewestMessage, ThreadTraces
from herwa_shared.pipeline.events import ActivityEvent, EventKind, decode_snowflake_ms
from herwa_shared.services.guilds import ChannelData, GuildData

MAX_ICON_LENGTH = 64
MAX_EDIT_AGE_MS = 3_600_000  # less than the retention of event keys, by which a repeated edit is recognized
MAX_ATTACHMENTS = 255  # the column is one byte; Discord allows ten attachments
HUMAN, BOT, WEBHOOK = EventKind.MESSAGE.value, EventKind.MESSAGE_BOT.value, EventKind.MESSAGE_WEBHOOK.value


def parse_message_create(
    data: Payload, *, parent_id: int, live_since_ms: int, can_read_content: bool
) -> ActivityEvent | None:
    """Parse a message; None for a system message, except for that about a boost.

    The reply of an app to a command is a message of a bot, also if it arrives through the app's webhook.

    `parent_id` is the thread's parent channel, 0 outside threads. `can_read_content`: the message content intent is
    granted. Without it the length and the number of attachments are None (unknown), not 0.
    """
    message_type = data["type"]
    is_command_reply = message_type in COMMAND_REPLY_MESSAGE_TYPES
    if message_type in BOOST_MESSAGE_TYPES:
        return _parse_boost(data, live_since_ms=live_since_ms)
    if message_type not in USER_MESSAGE_TYPES and not is_command_reply:
        return None
    author = data["author"]
    message_id, source_channel_id = parse_snowflake(data, "id"), parse_snowflake(data, "channel_id")
    webhook_id = data.get("webhook_id")
    if is_command_reply or (webhook_id and webhook_id == data.get("application_id")):
        event_kind = BOT
    elif webhook_id:
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
        message_type == MessageType.REPLY,
        len(require_type(data, "content", str)) if can_read_content else None,
        _count_attachments(data) if can_read_content else None,
        message_id,
        live_since_ms,
    )


def parse_message_edit(data: Payload, *, parent_id: int, now_ms: int) -> ActivityEvent | None:
    """Parse an edit by a person.

    Returns None for edits by apps and webhooks, and for Discord's own updates such as link previews. Discord repeats
    the time of the last edit in every later update, for example when the message is pinned, so that an edit older than
    MAX_EDIT_AGE_MS is not a new one.
    """
    edited_at = data.get("edited_timestamp")
    if edited_at is None or data.get("webhook_id") or data.get("type", MessageType.DEFAULT) not in USER_MESSAGE_TYPES:
        return None
    author = data.get("author")
    if author is None or author.get("bot"):
        return None
    at_ms = int(parse_datetime(data, "edited_timestamp").timestamp() * 1000)
    if not decode_snowflake_ms(parse_snowflake(data, "id")) <= at_ms <= MAX_SNOWFLAKE_MS:
        raise InvalidPayload("edited_timestamp")
    if at_ms < now_ms - MAX_EDIT_AGE_MS:
        return None
    return _build_event(data, EventKind.MESSAGE_EDIT, at_ms, parent_id=parent_id, user_id=parse_snowflake(author, "id"))


def parse_message_delete(data: Payload, *, parent_id: int, at_ms: int) -> ActivityEvent:
    """Parse a deletion.

    Discord sends neither author nor deleter nor time, so `at_ms` is our own clock.
    """
    return _build_event(data, EventKind.MESSAGE_DELETE, at_ms, parent_id=parent_id, user_id=0)


def _parse_boost(data: Payload, *, live_since_ms: int) -> ActivityEvent:
    """Parse the system message about a boost, whose author is the member who boosts the guild."""
    message_id = parse_snowflake(data, "id")
    event = _build_event(
        data,
        EventKind.BOOST,
        decode_snowflake_ms(message_id),
        parent_id=0,
        user_id=parse_snowflake(data["author"], "id"),
    )
    return event._replace(message_id=message_id, live_since_ms=live_since_ms)


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
    """Get a member's name in the guild: nickname, else display name, else user name."""
    return parse_name(member.get("nick") or user.get("global_name") or user["username"])


def parse_guild(data: Payload) -> GuildData:
    """Parse a guild from GUILD_CREATE."""
    return GuildData(
        id=parse_snowflake(data, "id"),
        name=parse_name(data["name"]),
        owner_id=parse_snowflake(data, "owner_id"),
        icon=_parse_icon(data),
        member_count=parse_int32(data, "member_count"),
        joined_at=parse_datetime(data, "joined_at"),
    )


def parse_guild_update(data: Payload, guild: GuildData) -> GuildData:
    """Apply GUILD_UPDATE to a guild.

    The event contains neither the member count nor the time at which the bot joined.
    """
    return replace(
        guild, name=parse_name(data["name"]), owner_id=parse_snowflake(data, "owner_id"), icon=_parse_icon(data)
    )


def get_join_message_channel_id(data: Payload) -> int:
    """Get the channel of a guild's join messages from GUILD_CREATE or GUILD_UPDATE; 0 if they are switched off."""
    is_suppressed = parse_int32(data, "system_channel_flags") & SUPPRESS_JOIN_MESSAGES_FLAG
    return parse_snowflake(data, "system_channel_id") if data.get("system_channel_id") and not is_suppressed else 0


def parse_channel(data: Payload, *, guild_id: int) -> ChannelData:
    """Parse a channel, category or thread.

    GUILD_CREATE omits the guild's ID in its channels, so it is a parameter.
    """
    return ChannelData(
        id=parse_snowflake(data, "id"),
        guild_id=guild_id,
        parent_id=parse_snowflake(data, "parent_id") if data.get("parent_id") else None,
        kind=parse_int32(data, "type"),
        name=parse_name(data.get("name") or ""),
        position=parse_int32(data, "position"),
    )


def list_newest_messages(channels: Iterable[Payload], *, hidden_ids: Collection[int] = ()) -> list[NewestMessage]:
    """Return the newest message of each of these channels and threads that has messages.

    Channels in `hidden_ids`, which the bot cannot read, and their threads are left out. Of a forum, Discord sends the
    id of its newest thread, which is no message of the forum.
    """
    newest_messages = []
    for channel in channels:
        if not channel.get("last_message_id") or channel.get("type") in FORUM_CHANNEL_TYPES:
            continue
        channel_id = parse_snowflake(channel, "id")
        parent_id = parse_snowflake(channel, "parent_id") if channel.get("type") in THREAD_CHANNEL_TYPES else 0
        if (parent_id or channel_id) not in hidden_ids:
            newest_messages.append(NewestMessage(channel_id, parent_id, parse_snowflake(channel, "last_message_id")))
    return newest_messages


def find_thread_traces(channels: Iterable[Payload], threads: Iterable[Payload]) -> ThreadTraces:
    """Find what the channels and active threads of GUILD_CREATE say about threads."""
    newest_ids = {
        parse_snowflake(channel, "id"): parse_snowflake(channel, "last_message_id")
        for channel in channels
        if channel.get("type") in THREAD_PARENT_TYPES and channel.get("last_message_id")
    }
    return ThreadTraces([parse_snowflake(thread, "id") for thread in threads], newest_ids)


def is_thread(channel: ChannelData) -> bool:
    """Whether the channel is a thread, whose events count for its parent channel."""
    return channel.kind in THREAD_CHANNEL_TYPES


def _count_attachments(data: Payload) -> int:
    count = len(require_type(data, "attachments", list))
    if count > MAX_ATTACHMENTS:
        raise InvalidPayload("attachments")
    return count


def _parse_icon(data: Payload) -> str | None:
    icon = data.get("icon")
    return icon if isinstance(icon, str) and len(icon) <= MAX_ICON_LENGTH else None
