"""Texts of the exports page."""

from herwa_shared.charts.formatting import format_duration, format_int
from herwa_shared.exports.tables import DataSet, ExportFormat

LEAD = "Take this server's history with you, as files that other programs can read."
NEW_EXPORT = "New export"
NO_EXPORTS = "No exports yet"
NO_EXPORTS_HINT = "An export is one ZIP file: tables by month, and a description of every column."
DATA = "Data"
DATA_SETS = {
    DataSet.SUMMARIES: ("Summaries", "Numbers by hour and channel, without members."),
    DataSet.MESSAGES: ("Messages", "Messages, edits, deletions, reactions, threads. Never what was written."),
    DataSet.VOICE: ("Voice", "Time in voice channels."),
    DataSet.MEMBERS: ("Joins and leaves", "When members joined and left."),
    DataSet.SERVER: ("Server", "Boosts, events, member counts."),
    DataSet.COMMANDS: ("Commands", "Commands of Herwa, and what blocked them."),
}
FORMAT = "Format"
FORMATS = {
    ExportFormat.CSV: ("CSV", "For spreadsheets and most programs."),
    ExportFormat.XLSX: ("Excel", "One workbook for each table and month."),
    ExportFormat.JSON_LINES: ("JSON lines", "For scripts."),
    ExportFormat.PARQUET: ("Parquet", "Small and fast, for DuckDB and pandas."),
}
PERIOD = "Time"
CUSTOM = "custom"
PERIODS = {
    "30": "Last 30 days",
    "90": "Last 90 days",
    "365": "Last year",
    CUSTOM: "Custom dates",
    "": "Everything your tier includes",
}
FIRST_DAY, LAST_DAY = "First day", "Last day"
INVALID_DATES = "Choose a first day and a last day."
CHANNEL, ALL_CHANNELS, UNKNOWN_CHANNEL = "Channel", "All channels", "one channel"
MEMBERS = "Include names and IDs of members"
MEMBERS_HINT = "Members who opted out are never included. Keep the file safe, and delete it when you don't need it."
MEMBERS_HIDDEN = "This server's settings don't show data about members to you."
PREMIUM = "Premium"
START = "Start export"
COUNTING = "Counting…"
EMPTY = "No data in this time."
PAUSE, RESUME, CANCEL_EXPORT, DOWNLOAD, DELETE = "Pause", "Resume", "Cancel export", "Download", "Delete"
QUESTIONS = {
    "cancel": "Cancel this export? What is written so far is deleted.",
    "delete": "Delete this file now? Otherwise it is deleted a week after it was made.",
}
CONFIRM = {"cancel": CANCEL_EXPORT, "delete": DELETE}
STATES = {
    "queued": "waiting",
    "running": "in progress",
    "paused": "paused",
    "ready": "ready",
    "failed": "failed",
    "canceled": "canceled",
    "deleted": "file deleted",
}
ERRORS = {
    "disk_full": "The server's disk is full. Tell the operator, then export again.",
    "too_many_rows": "It has more rows than this server's tier includes.",
    "unavailable": "A database didn't respond for a long time. Export again later.",
    "file_lost": "Its file is gone. Export again.",
}
STARTED = "Export started. You can leave this page."
DONE = {"pause": "Export paused.", "resume": "Export goes on.", "cancel": "Export canceled.", "delete": "File deleted."}
MESSAGES = "Message me directly"
MESSAGES_HINT = "Herwa sends you a direct message when an export of yours is ready or has failed. Only for you."
MESSAGES_ON = "Herwa will message you about your exports."
MESSAGES_OFF = "Herwa won't message you about exports."
READY = "An export is ready to download."
FAILED = "An export failed."
WITH_MEMBERS = "with names and IDs of members"
WITH_PSEUDONYMS = "with pseudonyms of members"


def format_deleted(channel: str) -> str:
    """Format a channel that was deleted."""
    return f"{channel}, deleted"


def format_size(size: int) -> str:
    """Format a size in bytes: `850 kB`, `1.4 GB`."""
    for unit, divisor in (("GB", 10**9), ("MB", 10**6)):
        if size >= divisor:
            return f"{size / divisor:.1f} {unit}"
    return f"{max(1, round(size / 1_000))} kB"


def format_rows(rows: int) -> str:
    """Format a number of rows."""
    return "1 row" if rows == 1 else f"{format_int(rows)} rows"


def format_preview(rows: int, size: int, files: int) -> str:
    """Format what an export would hold."""
    return f"About {format_rows(rows)}, {format_size(size)}, in {format_int(files)} {'file' if files == 1 else 'files'}"


def format_border(day: str) -> str:
    """Say from when on events are precise."""
    return f"Every event from {day} on; numbers by hour before."


def format_progress(rows: int, total: int, rate: float, seconds_left: int | None) -> str:
    """Format how far an export is."""
    parts = [f"{format_int(rows)} of about {format_rows(total)}"]
    if rate:
        parts.append(f"{format_int(rate)} per second")
    if seconds_left is not None:
        parts.append(f"{format_duration(seconds_left)} left")
    return ", ".join(parts)


def format_period(start: str, end: str) -> str:
    """Name the days of an export; an empty start is before the first event."""
    return f"{start} to {end}" if start else f"everything until {end}"


def format_expiry(time: str) -> str:
    """Say until when a file can be downloaded."""
    return f"download until {time}"


def format_title(data_sets: list[str]) -> str:
    """Name an export after its data."""
    titles = [title for data_set, (title, _) in DATA_SETS.items() if data_set in data_sets]
    return "All data" if len(titles) == len(DATA_SETS) else ", ".join(titles)
