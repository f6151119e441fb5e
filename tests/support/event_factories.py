"""Builds events as the collector records them."""

from herwa_shared.discord.event_times import DISCORD_EPOCH_MS
from herwa_shared.pipeline.events import ActivityEvent, EventKind, decode_snowflake_ms


def build_snowflake(ms: int, low_bits: int = 0) -> int:
    """Build a snowflake id for a time in milliseconds since 1970."""
    return ((ms - DISCORD_EPOCH_MS) << 22) | low_bits


def build_message_event(
    guild_id: int, message_id: int, *, channel: int = 1, thread: int = 0, user: int = 7, since_ms: int = 0
) -> ActivityEvent:
    """Build a member's message; `since_ms` is when the collector's gateway session started."""
    at_ms = decode_snowflake_ms(message_id)
    return ActivityEvent(
        guild_id, EventKind.MESSAGE, at_ms, channel, thread, user, False, None, None, message_id, since_ms
    )
