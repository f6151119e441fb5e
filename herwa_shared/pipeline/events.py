"""The activity event: a flat tuple that the collector passes to the buffer.

It never contains message content.
"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from herwa_shared.discord.event_times import DISCORD_EPOCH_MS


class EventKind(StrEnum):
    """The kind of an event.

    Bots and webhooks have their own kinds, so that no metric about members includes them. `value` depends on the kind.
    Voice kinds carry seconds: the total time of a member in a channel, and the parts of it spent muted, streaming, with
    video and as audience of a stage; time in the AFK channel is no part of the total. A leave carries the seconds since
    the join, if known. The two counts are samples. A command carries the milliseconds that it took.
    """

    MESSAGE = "message"
    MESSAGE_BOT = "message_bot"
    MESSAGE_WEBHOOK = "message_webhook"
    MESSAGE_EDIT = "message_edit"
    MESSAGE_DELETE = "message_delete"
    REACTION = "reaction"
    THREAD = "thread"
    JOIN = "join"
    LEAVE = "leave"
    VOICE = "voice"
    VOICE_MUTED = "voice_muted"
    VOICE_STREAM = "voice_stream"
    VOICE_VIDEO = "voice_video"
    VOICE_AUDIENCE = "voice_audience"
    VOICE_AFK = "voice_afk"
    BOOST = "boost"
    SCHEDULED_EVENT = "scheduled_event"
    SCHEDULED_EVENT_START = "scheduled_event_start"
    SCHEDULED_EVENT_END = "scheduled_event_end"
    SCHEDULED_EVENT_CANCEL = "scheduled_event_cancel"
    MEMBER_COUNT = "member_count"
    ONLINE_COUNT = "online_count"
    COMMAND = "command"
    COMMAND_DENIED = "command_denied"


class CommandSurface(StrEnum):
    """How a member used a command: as itself, or through a component or form of a reply."""

    COMMAND = "command"
    MENU = "menu"
    COMPONENT = "component"
    FORM = "form"


class CommandOutcome(StrEnum):
    """How a command that was allowed to run ended. The outcome of a refused one is the reason of the guardrail."""

    OK = "ok"
    INVALID = "invalid"
    """The input could not be used."""
    FAILED = "failed"


class ActivityEvent(NamedTuple):
    """One event. The fields in BUFFER_COLUMNS are the columns of the buffer.

    `channel_id` is the channel that the event counts for; `thread_id` is the thread in which it happened, or 0.
    `user_id` is 0 if Discord does not send it. `value` is the number of the kind (for a message its length in
    characters); `value` and `attachments` are None if the bot cannot know them.

    `message_id`, `live_since_ms` and `key` are for deduplication. `message_id` is the permanent id of a message or a
    created thread (0 for all other kinds). `live_since_ms` is the time since which the collector has been receiving the
    events of this guild and channel without interruption. `key` is the hash of the natural key of an event without an
    id (see `key_dedup`), else 0.

    The last three fields are None except for commands: the name of the command, a CommandSurface, and a CommandOutcome
    or the reason of a refusal.
    """

    guild_id: int
    kind: str
    at_ms: int
    channel_id: int
    thread_id: int
    user_id: int
    reply: bool
    value: int | None
    attachments: int | None
    message_id: int
    live_since_ms: int
    key: int = 0
    command: str | None = None
    command_surface: str | None = None
    command_outcome: str | None = None

    @property
    def source_channel_id(self) -> int:
        """The id of its container in Discord: the thread or channel of a message.

        A created thread is its own container, with a negative id: its id is no clock (a thread on a message has the
        id of the message), and a forum post and its first message share one id.
        """
        if self.kind == EventKind.THREAD:
            return -self.thread_id
        return self.thread_id or self.channel_id


BUFFER_COLUMNS = (*ActivityEvent._fields[:9], *ActivityEvent._fields[-3:])


def encode_snowflake(moment: datetime) -> int:
    """Return the lowest snowflake of a moment."""
    return max(int(moment.timestamp() * 1000) - DISCORD_EPOCH_MS, 0) << 22


def decode_snowflake_ms(snowflake: int) -> int:
    """Return the creation time that a snowflake encodes, as a Unix timestamp in milliseconds."""
    return (snowflake >> 22) + DISCORD_EPOCH_MS
