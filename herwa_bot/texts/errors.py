"""Replies to failures and to input that the bot cannot use."""

from collections.abc import Sequence

from herwa_bot.texts.phrases import format_joined

INTERNAL_ERROR = "Something went wrong. Try again in a moment."
STATS_UNAVAILABLE = "Statistics are temporarily unavailable. Counting continues. Try again in a few minutes."
DATA_UNAVAILABLE = "Herwa's database is temporarily unavailable. Counting continues. Try again in a few minutes."
SAVING = "-# Saving takes longer than usual…"

NO_CHANGE = "Nothing has changed."
GUILD_ONLY = "Use this command in a server."
COMMAND_CHANGED = "This command was added or removed just now. Try again in a minute."
COMMAND_REMOVED = "This command no longer exists."
ACCESS_CHECK_FAILED = "Something went wrong while checking your access. Try again."
OPTION_NOT_FOUND = "No match for this option. Pick one from the list."
THREAD_CHANNEL_UNKNOWN = "This thread's channel isn't known yet. Try again in a minute."
THREAD_PARENT_UNKNOWN = "Threads follow their channel. Choose the channel instead."
BOT_NOT_IN_SERVER = "Herwa is no longer in that server."

PICK_FROM_LIST = "Pick one from the list."
EXPIRY_EXAMPLES = "Type a duration (30m, 2h, 3d, 1w) or a date (tomorrow, 2026-12-24, 2026-12-24 18:00)."
EXPIRY_TOO_LATE = 'The end can be at most five years away. Leave "until" empty for no end date.'
EXPIRY_UNREADABLE = f"I couldn't read that date. {EXPIRY_EXAMPLES}"
DEFAULT_EXPIRIES = {"1h": "1 hour", "24h": "24 hours", "7d": "7 days", "30d": "30 days"}


def format_no_match(query: str, suggestions: Sequence[str]) -> str:
    """Format the reply to a name that matches nothing, with similar names if there are any."""
    hint = f"Did you mean {format_joined(suggestions, 'or')}?" if suggestions else PICK_FROM_LIST
    return f'No match for "{query}". {hint}'


def format_expiry_passed(time: str) -> str:
    """Format the reply to an end that is in the past."""
    return f"{time} has passed. {EXPIRY_EXAMPLES}"


def format_expiry_choice(time: str, duration: str = "") -> str:
    """Format the label of a suggested end."""
    return f"{duration} (until {time})" if duration else f"Until {time}"
