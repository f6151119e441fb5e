"""Texts of the page with the first steps."""

from herwa_shared.charts.formatting import format_int

LEAD = "What to check in the first hour. Everything here can be changed later."
DONE, TO_DO = "done", "to do"
CHANNELS = "Channels"
HIDDEN_HINT = "Give Herwa's role View Channel there if they should be counted:"
UNKNOWN_ACCESS = "Discord doesn't answer right now. This page tries again by itself."
PERMISSIONS = "Permissions"
ALL_PERMISSIONS = "Herwa has every permission that it uses."
FIX = "Fix in Discord"
TIME_ZONE = "Time zone"
CHOOSE_ZONE = "Choose time zone"
CHANGE = "Change"
NO_ZONE = "Days are counted in UTC until you choose a time zone."
HISTORY = "Past messages"
NO_HISTORY = "Messages from before Herwa was added can be imported: only who wrote when and where, never the text."
START_IMPORT = "Start import"
IMPORT_STARTED = "Import started."
IMPORT_PAUSED = "Paused. Run /history resume in Discord to go on."
IMPORT_PLANNED = "The import begins within a minute."
REQUESTS = "Requests for access"
NO_REQUEST_CHANNEL = "Choose a channel where members' requests for commands arrive."
CHOOSE_CHANNEL = "Choose channel"
NUMBERS = "First numbers"
NO_NUMBERS = "They appear within a minute of the first message that Herwa sees."
OPEN_OVERVIEW = "Open overview"
PERMISSION_NAMES = {
    "view_channel": "View Channels",
    "send_messages": "Send Messages",
    "embed_links": "Embed Links",
    "attach_files": "Attach Files",
    "read_message_history": "Read Message History",
}


def format_progress(done: int, total: int) -> str:
    """Format how many steps are done."""
    return f"{format_int(done)} of {format_int(total)} done"


def format_channels(visible: int, total: int) -> str:
    """Format how many channels the bot sees."""
    return f"Herwa sees {format_int(visible)} of {format_int(total)} channels."


def format_more_channels(count: int) -> str:
    """Format the number of channels that are not listed."""
    return f"and {format_int(count)} more"


def format_missing(names: list[str]) -> str:
    """Format which permissions are missing."""
    return f"Missing: {', '.join(names)}."


def format_zone(zone: str) -> str:
    """Format the chosen time zone."""
    return f"Days and hours follow {zone}."


def format_import(fetched: int, percent: int) -> str:
    """Format how far the import is."""
    return f"{format_int(fetched)} messages so far, about {percent}% done."


def format_import_begin(day: str) -> str:
    """Say how far back an import reaches."""
    return f"Your tier includes messages since {day}."


def format_imported(fetched: int) -> str:
    """Format the result of the import."""
    return f"Finished: {format_int(fetched)} messages."


def format_request_channel(channel: str) -> str:
    """Format where requests arrive."""
    return f"Requests arrive in {channel}."


def format_first_hour(time: str) -> str:
    """Format since when there are numbers."""
    return f"There are numbers since {time}."
