"""Texts of `herwa sim replay` and of history files."""

from collections.abc import Mapping, Sequence

from herwa.texts.counts import format_count

MAX_QUOTED_CHARS, MAX_QUOTED_HEADER_CHARS = 60, 200

REPLAY_HELP = "Import a message history into the local Discord. Every message keeps its time."
REPLAY_EXAMPLE = "Example: herwa sim replay history.csv.gz --guild 'My server' --from 2025-01-01"
HISTORY_FILE_ARGUMENT = "A CSV file with a header, gzipped or not."
HISTORY_GUILD_OPTION = "Name of the server to import into. It's created if it doesn't exist."
DATE_METAVAR = "YYYY-MM-DD"
FROM_OPTION = "First day (UTC)."
TO_OPTION = "Day after the last day (UTC)."
END_BEFORE_START = "--to must be after --from."
DRY_RUN_OPTION = "Check the file without importing it."
GUILD_NOT_STORED = "The messages were sent, but the bot hasn't stored the server. See `herwa status`."

# History files
SAVE_AS_CSV = "Save it as CSV (UTF-8) and try again."
EXPORT_AS_CSV = "Export the history as CSV and try again."
EXTRACT_CSV = "Extract the CSV file and try again."
NOTHING_IMPORTED = "Nothing was imported."
OTHER_FILES: Mapping[str, str] = {
    "empty": f"is empty. {EXPORT_AS_CSV}",
    "excel": f"is an Excel workbook. {SAVE_AS_CSV}",
    "open_document": f"is an OpenDocument file. {SAVE_AS_CSV}",
    "zip": f"is a ZIP archive. {EXTRACT_CSV}",
    "tar": f"is a tar archive. {EXTRACT_CSV}",
    "compressed": f"is compressed in an unsupported format. {EXTRACT_CSV}",
    "json": f"is JSON. {EXPORT_AS_CSV}",
    "html": "is a web page. Download the CSV file itself and try again.",
    "xml": f"is XML. {EXPORT_AS_CSV}",
    "pdf": f"is a PDF. {EXPORT_AS_CSV}",
    "image": f"is an image. {EXPORT_AS_CSV}",
    "parquet": f"is a Parquet file. {EXPORT_AS_CSV}",
    "database": f"is an SQLite database. {EXPORT_AS_CSV}",
    "binary": f"isn't a text file. {EXPORT_AS_CSV}",
}
"""What a file is that is no history, by `FileFormat`. The file's name precedes it."""


def format_other_file(file_name: str, file_format: str) -> str:
    """Format that a file is something else than CSV."""
    return f"{file_name} {OTHER_FILES[file_format]}"


def format_damaged_gzip(file_name: str) -> str:
    """Format that a gzipped file cannot be decompressed to its end."""
    return f"{file_name} is damaged or incomplete. Copy or download it again."


def format_damaged_text(file_name: str, encoding: str) -> str:
    """Format that a file contains bytes that are invalid in its encoding."""
    return f"{file_name} isn't valid {encoding.upper()} text. {SAVE_AS_CSV}"


def format_wrong_encoding(file_name: str, line: int, found: str) -> str:
    """Format that a line of a file is not UTF-8, with an excerpt."""
    return f"{file_name}, line {line}: {quote_value(found)} isn't UTF-8. {SAVE_AS_CSV}"


def format_no_messages(file_name: str) -> str:
    """Format that a file has a header only."""
    return f"{file_name} has a header, but no messages. {EXPORT_AS_CSV}"


def format_invalid_lines(file_name: str, count: int, problems: Sequence[tuple[int, str]]) -> str:
    """Format the number of invalid lines and, one per line, the first ones."""
    title = f"{file_name} has {format_count(count, 'invalid line')}. {NOTHING_IMPORTED}"
    if count > len(problems):
        title = f"{title} The first {len(problems)}:"
    return "\n".join([title, *(f"Line {line}: {text}" for line, text in problems)])


def format_missing_columns(missing: Sequence[str], found: str, expected: Sequence[str]) -> str:
    """Format that the header lacks columns, with what it is; for an entirely different line what it should be."""
    quoted = quote_value(found, MAX_QUOTED_HEADER_CHARS)
    if len(missing) == len(expected):
        return f"the header must be {','.join(expected)}. Found: {quoted}."
    noun = "column" if len(missing) == 1 else "columns"
    return f"the header has no {noun} {', '.join(missing)}. Found: {quoted}."


def format_repeated_columns(repeated: Sequence[str]) -> str:
    """Format that the header has a column more than once."""
    return f"the header has more than one column {', '.join(repeated)}. Remove the others."


def describe_csv_error(error: str) -> str:
    """Describe an error of Python's csv module, which is about quotation marks."""
    if "expected after" in error:
        return "there is text after a closing quotation mark."
    return "a quotation mark is never closed."


def format_wrong_value_count(found: int, expected: int) -> str:
    """Format that a line has more or fewer values than the header."""
    return f"{format_count(found, 'value')}, but the header has {format_count(expected, 'column')}."


def format_missing_value(column: str) -> str:
    """Format that a required value is empty."""
    return f"{column} is empty."


def format_unreadable_time(found: str) -> str:
    """Format that a value is not a time."""
    return f"created_at {quote_value(found)} isn't a time like 2024-05-01T18:30:00Z."


def format_time_without_zone(found: str) -> str:
    """Format that a time has no UTC offset."""
    return f"created_at {quote_value(found)} has no time zone. Add Z for UTC."


def format_impossible_time(found: str, is_early: bool) -> str:
    """Format that a time is before Discord's start or in the future."""
    return f"created_at {quote_value(found)} is {'before 2015, when Discord started' if is_early else 'in the future'}."


def format_long_name(column: str, found: str, limit: int) -> str:
    """Format that a name is too long."""
    return f"{column} {quote_value(found)} has {len(found):,} characters. The limit is {limit}."


def format_control_character(column: str, found: str) -> str:
    """Format that a name contains a line break or another control character."""
    return f"{column} {quote_value(found)} contains a control character or line break."


def format_invalid_number(column: str, found: str, limit: int) -> str:
    """Format that a value is not a number within its limits."""
    return f"{column} {quote_value(found)} isn't a whole number from 0 to {limit:,}."


def quote_value(text: str, max_chars: int = MAX_QUOTED_CHARS) -> str:
    """Quote what was found, shortened, with control characters as escape sequences."""
    shortened = text if len(text) <= max_chars else f"{text[: max_chars - 1]}…"
    visible = (char if char.isprintable() else char.encode("unicode_escape").decode() for char in shortened)
    return f'"{"".join(visible)}"'


def format_replay_title(guild: str) -> str:
    """Format the label of the progress bar."""
    return f"Importing into {guild}"


def format_replay_progress(sent: int, total: int) -> str:
    """Format the progress where there is no bar: in a log or a pipe."""
    return f"{sent:,} of {format_count(total, 'message')} imported"
