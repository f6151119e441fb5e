"""Texts of `herwa export`."""

from pathlib import Path
from typing import Any

from herwa.texts.counts import format_count
from herwa.texts.history_import import format_duration

EXPORT_HELP = "Export a server's history to a file. The worker writes it."
GUILD_OPTION = "ID or exact name of the server."
EXPORT_ARGUMENT = "ID of the export, from `herwa export list`."
CREATE_HELP = "Create an export, or show with --dry-run what it would hold."
CREATE_EXAMPLE = "Example: herwa export create --guild 'My server' --data messages --data voice --format parquet"
DATA_OPTION = "What to export. Repeat it for several. Default: everything."
FORMAT_OPTION = "Format of the tables in the file."
FROM_OPTION = "First day (UTC). Default: from the beginning."
TO_OPTION = "End (UTC), exclusive. Default: now."
DATE_METAVAR = "YYYY-MM-DD"
CHANNEL_OPTION = "ID of the only channel whose events are exported. Threads count for their channel."
MEMBERS_OPTION = "Include ids and names of members. Members who opted out are never included."
DRY_RUN_OPTION = "Estimate rows and size only."
LIST_HELP = "List the newest exports of a server."
EVENTS_HELP = "List when exports of a server became ready or failed, oldest first: up to 100 events."
AFTER_OPTION = "Only events after the one with this ID."
DOWNLOAD_HELP = "Copy the file of a finished export."
DOWNLOAD_EXAMPLE = "Example: herwa export download 7 --guild 'My server' --to history.zip"
PATH_OPTION = "File to write."
ACTION_HELP = {
    "show": "Show the progress of an export.",
    "pause": "Pause an export.",
    "resume": "Let a paused export go on.",
    "cancel": "Cancel an export that isn't finished.",
    "delete": "Delete the file of a finished export now instead of after a week.",
}
NO_EXPORTS = "No exports yet."
NO_EVENTS = "No events."
NO_FILE = "This export has no file: it isn't finished, or its file was deleted."
_BYTES_PER_MEGABYTE = 1_000_000


def format_export(export: dict[str, Any]) -> str:
    """Format an export, or what it would hold, in one line."""
    if "state" not in export:
        size = _format_size(export["estimated_bytes"])
        return (
            f"About {format_count(export['estimated_rows'], 'row')}, {size}, in {format_count(export['parts'], 'file')}"
        )
    head = f"Export {export['id']}: {export['state']}"
    parts = [head if export["error"] is None else f"{head} ({export['error']})", f"{', '.join(export['data'])}"]
    if export["channel_id"] is not None:
        parts.append(f"channel {export['channel_id']}")
    parts.append(f"{export['format']}, {export['from'][:10]} to {export['to'][:10]}")
    if export["state"] in ("queued", "running", "paused"):
        parts.append(f"{export['rows']:,} of about {format_count(export['estimated_rows'], 'row')}")
        parts.append(f"{export['rows_per_second']:,.0f} per second")
    else:
        parts.append(format_count(export["rows"], "row"))
    if export["seconds_left"] is not None:
        parts.append(f"{format_duration(export['seconds_left'])} left")
    if export["bytes"] is not None:
        parts.append(_format_size(export["bytes"]))
    return ", ".join(parts)


def format_event(event: dict[str, Any]) -> str:
    """Format an event in one line."""
    return f"{event['id']}: {event['occurred_at'][:19]}Z, {event['type']}, export {event['export_id']}"


def format_copied(path: Path, size: int) -> str:
    """Format that a file was copied."""
    return f"Wrote {path} ({_format_size(size)})."


def _format_size(size: int) -> str:
    return f"{size / _BYTES_PER_MEGABYTE:,.1f} MB"
