"""Texts of `/history`."""

from herwa_bot.texts.phrases import format_count

DESCRIPTION = "Import this server's messages from before Herwa was added"
IMPORT_DESCRIPTION = "Start the import"
PAUSE_DESCRIPTION = "Pause the import"
RESUME_DESCRIPTION = "Let a paused import go on"
STATUS_DESCRIPTION = "How far the import is"

PAUSED = "The import is paused. `/history resume` lets it go on."
RESUMED = "The import goes on. `/history status` shows how far it is."
NOT_STARTED = "No import was started. `/history import` starts one."
LISTING_CHANNELS = "- Listing the channels"
LIMITS = (
    "-# Discord doesn't keep voice time, and doesn't tell when people reacted, joined or left. Deleted messages can't"
    " be counted either. Archived private threads are counted if I may manage threads. What people wrote is never"
    " stored."
)
HEADINGS = {
    "running": "**The import is running**",
    "paused": "**The import is paused**",
    "finished": "**The import is finished**",
}
"""By `BackfillState`."""


def format_started(begin: str) -> str:
    """Format that an import was started. `begin` is a date."""
    return f"The import has started, back to {begin}. `/history status` shows how far it is.\n{LIMITS}"


def format_period(begin: str, end: str) -> str:
    """Format the period of an import."""
    return f"- From {begin} to {end}"


def format_messages(fetched: int, rate: float) -> str:
    """Format the number of messages and the messages per second."""
    return f"- {format_count(fetched, 'message')}, {rate:,.0f} per second"


def format_channels(done: int, channels: int, share: float) -> str:
    """Format the progress. `share` is from 0 to 1."""
    return f"- {done:,} of {format_count(channels, 'channel')} and threads, {share:.0%}"


def format_time_left(relative_time: str) -> str:
    """Format when the import will be finished."""
    return f"- Finished about {relative_time}"


def format_refused(channels: int) -> str:
    """Format that channels could not be read."""
    return f"- {format_count(channels, 'channel')} can't be read with the bot's permissions"
