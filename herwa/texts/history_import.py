"""Texts of `herwa import` and of the files that it reads."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from herwa.texts.counts import format_count
from herwa.texts.history import quote_value

IMPORT_HELP = "Import the past of a server: a Herwa history or a JSON file of DiscordChatExporter."
IMPORT_EXAMPLE = "Example: herwa import history.jsonl.gz --guild 'My server' --dry-run"
FILE_ARGUMENT = "A history file, gzipped or not."
GUILD_OPTION = "ID or exact name of the server to import into. The bot must be in it."
COMPLETE_OPTION = (
    "The export has all messages of its channel: no filter was used. Times without messages then count as 0,"
    " not as unknown."
)
DRY_RUN_OPTION = "Check the file and show what is in it, without importing it."

AN_ID = 'an ID as text, such as "81384788765712384"'
A_TIME = "a time with its offset, such as 2024-05-01T18:30:00Z"
TRUE_OR_FALSE = "true or false"
LATER_THAN_FROM = "a time after from"
EARLIER_THAN_AT = "a time before at"
NO_JSON_OBJECT = "expected a JSON object on one line."
OUTSIDE_OF_PERIOD = "the time must be within the period of the header, from from to before to."
LONG_LINE = "the line is too long."
EMPTY_FILE = "is empty."
UNKNOWN_FILE = (
    "is neither a Herwa history nor a JSON file of DiscordChatExporter. docs/history-files.md describes both formats."
)
CORRECT_AND_REPEAT = "Correct it and run the same command again. Nothing is counted twice."
MESSAGE_FIELDS_EXPECTED = "expected the fields id, type, and author with id and isBot."
KINDS_STATED = "is a Herwa history. Its header says which kinds are complete. Run the command without --complete."
DIRECT_MESSAGES = "contains direct messages, not a channel of a server."
INTERRUPTED = "Interrupted. Run the same command again to continue."
WAITING_FOR_WORKER = "Waiting until the worker has moved the imported events. Is it running? See `herwa status`."


def format_expected(name: str, expected: str, found: object) -> str:
    """Format that a field has another value than expected."""
    return f"{name} must be {expected}. Found: {quote_value(str(found))}."


def format_kinds(names: Iterable[str]) -> str:
    """Format the possible values of a field."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def format_missing_fields(names: Sequence[str]) -> str:
    """Format that a line lacks fields."""
    return f"the {'field' if len(names) == 1 else 'fields'} {', '.join(names)} must be present."


def format_unknown_fields(names: Sequence[str], expected: Sequence[str]) -> str:
    """Format that a line has fields that its kind does not have."""
    return f"unknown {'field' if len(names) == 1 else 'fields'} {', '.join(names)}. Expected: {', '.join(expected)}."


def format_number_range(limit: int) -> str:
    """Format which numbers are expected."""
    return f"a whole number from 0 to {limit:,}"


def format_name(limit: int) -> str:
    """Format which names are expected."""
    return f"a name of 1 to {limit} characters without line breaks"


def format_impossible_time(name: str, found: object, *, is_early: bool) -> str:
    """Format that a time is before Discord's start or in the future."""
    reason = "before 2015, when Discord started" if is_early else "in the future"
    return f"{name} {quote_value(str(found))} is {reason}."


def format_invalid_file(file_name: str, problem: str) -> str:
    """Format that a file cannot be imported."""
    return f"{file_name} {problem}"


def format_invalid_export(file_name: str, reason: str) -> str:
    """Format that a chat export is no valid JSON."""
    return f"{file_name} isn't valid JSON: {quote_value(reason)}. {CORRECT_AND_REPEAT}"


def format_invalid_message(file_name: str, number: int, problem: str) -> str:
    """Format that a message of a chat export is invalid. `number` counts from 1."""
    return f"{file_name}, message {number:,}: {problem} {CORRECT_AND_REPEAT}"


def format_other_guild(file_name: str, guild_id: int) -> str:
    """Format that a file belongs to another server."""
    return f"{file_name} belongs to the server {guild_id}. Choose it with --guild."


def format_already_imported(file_name: str, finished_at: datetime) -> str:
    """Format that there is nothing to do."""
    return f"{file_name} was imported on {finished_at:%Y-%m-%d %H:%M} UTC. There is nothing to do."


def format_unknown_coverage(file_name: str) -> str:
    """Format that times without messages stay unknown."""
    return (
        f"{file_name} may lack messages, so times without messages stay unknown. If no filter was used for the export,"
        " run the same command with --complete."
    )


def format_thread_coverage(file_name: str) -> str:
    """Format that a complete thread says nothing about its channel."""
    return f"{file_name} is a thread: other messages of its channel may be missing, so no time counts as complete."


def format_continued(position: int) -> str:
    """Format that an interrupted import goes on."""
    return f"Continuing after {format_count(position, 'row')}."


def format_title(file_name: str) -> str:
    """Format the label of the progress bar."""
    return f"Importing {file_name}"


def format_speed(rows: int, rate: float) -> str:
    """Format the number of rows and the rate, next to the progress bar."""
    return f"{format_count(rows, 'row')}, {rate:,.0f} per second"


def format_progress(rows: int, rate: float, seconds_left: float) -> str:
    """Format the progress where there is no bar: in a log or a pipe."""
    return f"{format_speed(rows, rate)}, {format_duration(seconds_left)} left"


def format_duration(seconds: float) -> str:
    """Format a duration in its largest two units."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
