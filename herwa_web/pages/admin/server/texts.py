"""Texts of one server in the operator's panel."""

from collections.abc import Mapping

from herwa_shared.catalog import Limit
from herwa_shared.charts.formatting import format_int

TIER, HISTORY = "Tier", "Subscription history"
USAGE, USAGE_HINT = "Usage", "Against the limits of the tier and of what was granted beyond it."
OVERRIDES = "Beyond the tier"
KEYS, ERRORS, ENTRIES, NOTES = "API keys", "Recent errors", "Audit log of the server", "Notes"
NOTES_HINT = "Only operators see them."
NO_HISTORY, NO_OVERRIDES, NO_KEYS = "No subscription yet.", "Nothing beyond the tier.", "No API key."
NO_ERRORS, NO_ENTRIES, NO_NOTES = "No failed requests.", "No entries.", "No notes."
ACT = "What"
ACTS: Mapping[str, str] = {
    "grant": "Grant a tier",
    "trial": "Grant a trial",
    "extend": "Extend the current tier",
    "revoke": "Revoke granted tiers",
}
SAVE = "Save"
WHAT, VALUE, VALUE_HINT = "Feature or limit", "New limit", "Empty: unlimited. Not for features"
FEATURES, LIMITS = "Features", "Limits"
ADD = "Add"
END, END_QUESTION = "End", "Why does it end?"
NOTE = "New note"
DELETE = "Delete"
VIEW_AS, VIEW_HINT = "View as owner", "Read-only, for an hour. The server's own audit log says so, with your reason."
START_VIEW, STOP_VIEW = "View", "Stop viewing"
VIEW_STOPPED = "Stopped viewing."
UNLIMITED = "unlimited"
GRANTED = "granted"
LIMIT_TITLES: Mapping[str, str] = {
    Limit.HISTORY_DAYS: "History days",
    Limit.WIDGETS: "Widgets",
    Limit.API_KEYS: "API keys",
    Limit.REQUESTS_PER_MINUTE: "Requests per minute",
    Limit.EXPORT_ROWS: "Export rows",
    Limit.MEMBER_COMMANDS_PER_MINUTE: "Commands of a member per minute",
    Limit.GUILD_COMMANDS_PER_MINUTE: "Commands of the server per minute",
}
USES: Mapping[str, str] = {
    Limit.HISTORY_DAYS: "days of data",
    Limit.WIDGETS: "now",
    Limit.API_KEYS: "now",
    Limit.REQUESTS_PER_MINUTE: "busiest minute of a key, 24 hours",
    Limit.EXPORT_ROWS: "largest export, 30 days",
    Limit.MEMBER_COMMANDS_PER_MINUTE: "busiest minute, 24 hours",
    Limit.GUILD_COMMANDS_PER_MINUTE: "busiest minute, 24 hours",
}
"""What is counted of each limit."""
SOURCES: Mapping[str, str] = {"manual": "granted", "trial": "trial", "discord": "bought in Discord"}
LIVE, ENDED, REVOKED, PLANNED = "now", "ended", "revoked", "planned"
UNKNOWN_ACT = "Choose what to do."
INVALID_NUMBER = "Give a number of days from 1 to 3650."


def format_limit(value: int | None) -> str:
    """Format the value of a limit."""
    return UNLIMITED if value is None else format_int(value)


def format_usage(used: int, allowed: int | None) -> str:
    """Format how much of a limit is used."""
    return f"{format_int(used)} of {format_limit(allowed)}"


def format_owner(owner_id: int) -> str:
    """Name the owner."""
    return f"Owner {owner_id}"


def format_joined(moment: str) -> str:
    """Say when the bot joined."""
    return f"Added {moment}"


def format_left(moment: str) -> str:
    """Say when the bot left."""
    return f"Bot left {moment}"


def format_last_event(moment: str) -> str:
    """Say when the last event was."""
    return f"Last event {moment}"


def format_period(starts: str, ends: str) -> str:
    """Format the period of a subscription."""
    return f"{starts} to {ends}"
