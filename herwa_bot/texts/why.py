"""Texts of `/why`."""

DESCRIPTION = "Check why a command works or is blocked"
OPTION_COMMAND = "Command"
OPTION_MEMBER = "Check for another member (managers only)"
OPTION_CHANNEL = "Channel (default: this one)"

ALLOWED_MARK = "✅"
BLOCKED_MARK = "⛔"
MANAGERS_ONLY = "You need Manage Server to check for other members."
CHANNEL_HIDDEN = "You can't see that channel."


def format_verdict(command: str, member: str | None, channel: str, *, allowed: bool) -> str:
    """Format the first line. `member` is None for the caller; `channel` is empty outside of channels."""
    mark, verb = (ALLOWED_MARK, "can") if allowed else (BLOCKED_MARK, "can't")
    place = f" in {channel}" if channel else ""
    return f"**{mark} {member or 'You'} {verb} use {command}{place}.**"


def format_choice(command: str, title: str) -> str:
    """Format the label of a suggested command."""
    return f"{command}: {title}"
