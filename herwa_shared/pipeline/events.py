"""What the collector hands to the buffer: one flat tuple an event, never what was said."""

from enum import StrEnum
from typing import NamedTuple

DISCORD_EPOCH_MS = 1_420_070_400_000


class EventKind(StrEnum):
    """What happened. Bots and webhooks are kinds of their own, so that no number about people contains them.

    The kinds of voice carry seconds: all of a member's time in a channel, and of it the muted, streamed and filmed
    part. A leave carries the seconds since the joining, where that is known; the counts are samples.
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
    MEMBER_COUNT = "member_count"
    ONLINE_COUNT = "online_count"


class ActivityEvent(NamedTuple):
    """One event. The first nine fields are the columns of the buffer, in their order.

    `channel_id` is the channel it counts for, `thread_id` the thread it happened in or 0; `user_id` is 0 where Discord
    does not say. `value` is the kind's one number (a message's length in characters) and like `attachments` None where
    it may not be known. The last two are for coverage: `message_id` is the id by which a message, or a thread that is
    opened, is known for ever (0 for all else), and `live_since_ms` is the moment from which their shard has been
    listening without a break.
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

    @property
    def source_channel_id(self) -> int:
        """Where Discord itself keeps it: a message in its thread or channel, an opened thread in the guild (0)."""
        if self.kind == EventKind.THREAD:
            return 0
        return self.thread_id or self.channel_id


BUFFER_COLUMNS = ActivityEvent._fields[:9]


def decode_snowflake_ms(snowflake: int) -> int:
    """The moment that a snowflake carries, in milliseconds since 1970."""
    return (snowflake >> 22) + DISCORD_EPOCH_MS
