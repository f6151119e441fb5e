"""The times that an event of Discord can have.

History files, the local Discord and the collector apply this rule, so that nothing is sent that is not counted.
"""

from datetime import UTC, datetime

DISCORD_EPOCH_MS = 1_420_070_400_000
"""The start of 2015 (UTC). Discord's ids count milliseconds from then on."""
DISCORD_EPOCH = datetime.fromtimestamp(DISCORD_EPOCH_MS / 1000, UTC)
"""Before all events."""
MAX_CLOCK_AHEAD_MS = 86_400_000
"""Discord's clock may be ahead of this machine's by one day: a wrong clock must not discard events."""


def is_possible_event_time(at_ms: int, *, now_ms: int) -> bool:
    """Return whether an event can have happened at this time. Both times are Unix timestamps in milliseconds."""
    return DISCORD_EPOCH_MS <= at_ms <= now_ms + MAX_CLOCK_AHEAD_MS


def to_unix_ms(moment: datetime) -> int:
    """Convert an aware datetime to a Unix timestamp in milliseconds."""
    return int(moment.timestamp() * 1000)
