"""Texts of the save bar."""

from herwa_shared.charts.formatting import format_int

UNSAVED_CHANGES = "Unsaved changes"
DISCARD = "Discard"
SAVE = "Save"
SAVING = "Saving…"
UNDO = "Undo"
UNDONE = "Undone. In force in Discord within a second."
REMOVE_CHANGE = "Discard this change"
KEEP_THEIRS = "Keep theirs"
USE_MINE = "Use mine"
ON, OFF = "on", "off"
EVERYWHERE = "everywhere"
NO_RULE = "no rule"
CONFLICT_TITLE = "Changed while you were editing. Nothing was saved yet."
YOURS = "Yours"
GUILD_SETTINGS = {
    "timezone": "Time zone",
    "week_start": "First day of the week",
    "member_audience": "Who sees data about members",
    "request_channel_id": "Channel for access requests",
}
AUDIENCES = {
    "insights": "View Server Insights and above",
    "managers": "Managers",
    "administrators": "Administrators",
    "none": "No one",
}
NO_REQUEST_CHANNEL = "no channel"
SUPPORT_CHANNEL = "Support channel"
NO_SUPPORT_CHANNEL = "not a support channel"
NOTHING_CHANGED = "Nothing has changed."


def format_change_count(count: int) -> str:
    """Count unsaved changes."""
    return "1 change" if count == 1 else f"{format_int(count)} changes"


def format_saved(count: int) -> str:
    """Say that changes were saved, and when they are in force."""
    return f"Saved {format_change_count(count)}. In force in Discord within a second."


def format_module(title: str) -> str:
    """Name a module among other settings."""
    return f"{title} (module)"


def format_list_title(target: str) -> str:
    """Name the setting of the channels where something works."""
    return f"Where {target} works"


def format_rule_title(rule_id: str) -> str:
    """Name a rule; a new one has no number yet."""
    return f"Rule #{rule_id}" if rule_id else "New rule"


def format_author(name: str, time: str) -> str:
    """Say who has changed a setting meanwhile, and when."""
    return f"{name} · {time}" if name else "someone else"
