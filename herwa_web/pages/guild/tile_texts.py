"""Texts of the tiles and of the lists of members and commands, on the page and in files."""

from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.charts.formatting import format_int

MORE_METRICS = "More metrics"
UNNAMED_MEMBER = "Unnamed member"
UNNAMED_MEMBER_REASON = "Names are kept for 13 months, and for 90 days after a member left."
COMMAND_PANEL_TITLES = {Metric.COMMANDS: "Top commands", Metric.COMMANDS_DENIED: "Why commands were blocked"}
MISSING_MEMBER_EVENTS = {
    Metric.JOINS: "No data: turn on join messages in a channel that Herwa can see, or enable the Server Members intent"
    " in Discord's developer portal.",
    Metric.LEAVES: "No data: enable the Server Members intent in Discord's developer portal.",
}
"""Why a tile has no data while Discord does not grant the Server Members intent."""
CHECK_FAILED = "Check failed"
COMMANDS_SHEET = "Commands"
COMMAND_COLUMN, SURFACE_COLUMN, OUTCOME_COLUMN = "Command", "Used as", "Result"
MILLISECONDS_COLUMN = "Total time (ms)"
FILE_NAME_PARTS = {
    "course": "by-date",
    "channels": "channels",
    "members": "members",
    "commands": "commands",
    "week": "busiest-times",
}
"""The part of a file's name that names its panel, by `Panel`."""


def describe_long_wait(duration: str) -> str:
    """Give the time within which 9 of 10 tickets were answered."""
    return f"9 of 10 within {duration}."


def format_seconds_column(title: str) -> str:
    """Title a column of a file that has durations in seconds."""
    return f"{title} (seconds)"


def format_command(name: str) -> str:
    """Format the name of a command."""
    return f"/{name}"


def format_mean_duration(milliseconds: int) -> str:
    """Give the mean time that a command took."""
    return f"Average time: {format_int(milliseconds)} ms"


def format_clicks(count: int) -> str:
    """Give how many of the uses were of buttons and forms in replies."""
    return f"Buttons and forms in replies: {format_int(count)}"


def format_failed(count: int) -> str:
    """Give how many uses failed."""
    return f"{format_int(count)} failed"
