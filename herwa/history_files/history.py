"""Read and validate a message history: every invalid line is reported, not only the first."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from herwa.history_files.csv_records import read_records
from herwa.history_files.errors import HistoryFormatError, InvalidLine, LineProblem
from herwa.history_files.text_stream import open_text
from herwa.texts import history as texts
from herwa_shared.clock import utc_now
from herwa_shared.discord.constants import MAX_NAME_LENGTH
from herwa_shared.discord.event_times import DISCORD_EPOCH_MS, is_possible_event_time, to_unix_ms

MAX_REPORTED_LINES = 10
MAX_CONTENT_LENGTH = 4000
MAX_ATTACHMENTS = 10
"""Discord's limit for names of channels and threads. Longer names of authors are refused as well."""

CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")


class HistoryRow(NamedTuple):
    """One message: time, channel, author and length. It contains no message content."""

    sent_at: datetime
    category: str
    channel: str
    thread: str
    author: str
    content_length: int
    attachments: int


def read_history(file: Path, *, start: date | None, end: date | None) -> list[HistoryRow]:
    """Read the rows of the UTC days `[start, end)`, sorted by time.

    All rows are validated, including those outside of the days. Raises HistoryFormatError, OSError if the file cannot
    be opened.
    """
    with open_text(file) as lines:
        rows = _parse_rows(file.name, lines)
    rows.sort(key=lambda row: row.sent_at)
    return [row for row in rows if (not start or row.sent_at.date() >= start) and (not end or row.sent_at.date() < end)]


def _parse_rows(file_name: str, lines: Iterator[str]) -> list[HistoryRow]:
    now_ms, problem_count = to_unix_ms(utc_now()), 0
    rows: list[HistoryRow] = []
    problems: list[LineProblem] = []
    for record in read_records(file_name, lines):
        try:
            rows.append(_parse_row(record.values, record.problem, now_ms))
        except InvalidLine as error:
            problem_count += 1
            if len(problems) < MAX_REPORTED_LINES:
                problems.append(LineProblem(record.line, str(error)))
    if problems:
        raise HistoryFormatError(texts.format_invalid_lines(file_name, problem_count, problems), problems)
    if not rows:
        raise HistoryFormatError(texts.format_no_messages(file_name))
    return rows


def _parse_row(values: Sequence[str], problem: str | None, now_ms: int) -> HistoryRow:
    if problem is not None:
        raise InvalidLine(problem)
    sent_at, category, channel, thread, author, length, attachments = values
    return HistoryRow(
        _parse_time(sent_at, now_ms),
        _check_name(category, "category", required=False),
        _check_name(channel, "channel"),
        _check_name(thread, "thread", required=False),
        _check_name(author, "author"),
        _parse_number(length, "content_length", MAX_CONTENT_LENGTH),
        _parse_number(attachments, "attachments", MAX_ATTACHMENTS),
    )


def _parse_time(text: str, now_ms: int) -> datetime:
    try:
        parsed_time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidLine(texts.format_unreadable_time(text)) from None
    if parsed_time.tzinfo is None:
        raise InvalidLine(texts.format_time_without_zone(text))
    at_ms = to_unix_ms(parsed_time)
    if not is_possible_event_time(at_ms, now_ms=now_ms):
        raise InvalidLine(texts.format_impossible_time(text, is_early=at_ms < DISCORD_EPOCH_MS))
    return parsed_time.astimezone(UTC)


def _check_name(text: str, column: str, *, required: bool = True) -> str:
    if required and not text:
        raise InvalidLine(texts.format_missing_value(column))
    if len(text) > MAX_NAME_LENGTH:
        raise InvalidLine(texts.format_long_name(column, text, MAX_NAME_LENGTH))
    if CONTROL_CHARACTER.search(text):
        raise InvalidLine(texts.format_control_character(column, text))
    return text


def _parse_number(text: str, column: str, max_value: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) > max_value:
        raise InvalidLine(texts.format_invalid_number(column, text, max_value))
    return int(text)
