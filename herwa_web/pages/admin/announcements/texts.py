"""Texts of announcements in the operator's panel."""

from collections.abc import Mapping

LEAD = "Shown on the pages of the chosen servers and in the bot's /help, within a second."
NEW = "New announcement"
TEXT, TEXT_HINT = "Text", "On Sunday from 10:00 to 10:20 UTC Herwa is offline."
SEGMENT, EVERYONE = "For", "All servers"
ENDS = "Ends"
HOURS: Mapping[str, str] = {
    "1": "in 1 hour",
    "24": "in 1 day",
    "72": "in 3 days",
    "168": "in 7 days",
    "720": "in 30 days",
}
PUBLISH, END = "Publish", "End now"
PUBLISHED, ENDED_NOW = "Published.", "Ended."
SHOWN, ENDED = "shown now", "ended"
LIST = "Announcements"
NO_ANNOUNCEMENTS = "No announcements yet."


def format_segment(tier: str | None) -> str:
    """Name the servers that see an announcement."""
    return EVERYONE if tier is None else f"Servers with {tier}"


def format_period(starts: str, ends: str) -> str:
    """Format from when to when an announcement is shown."""
    return f"{starts} to {ends}"
