"""Split the text of a history file into records: any common separator, blank lines, quoted fields.

A record is a tuple of the values of `COLUMNS`. The columns can have any order; further columns are ignored.
"""

import csv
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from herwa.history_files.errors import HistoryFormatError, LineProblem
from herwa.texts import history as texts

COLUMNS = ("created_at", "category", "channel", "thread", "author", "content_length", "attachments")
SEPARATORS = (",", ";", "\t", "|")
MAX_HEADER_LENGTH = 10_000


class CsvHeader(NamedTuple):
    """The header of a file: its line, the separator, and the position of each column of `COLUMNS`."""

    line: int
    separator: str
    names: tuple[str, ...]
    positions: tuple[int, ...]


class CsvRecord(NamedTuple):
    """One record: the line where it begins, its values, or the problem that prevented reading them."""

    line: int
    values: Sequence[str]
    problem: str | None = None


def read_records(file_name: str, lines: Iterator[str]) -> Iterator[CsvRecord]:
    """Read the records below the header. Blank records are skipped.

    Raises HistoryFormatError if the header is invalid.
    """
    header = _read_header(file_name, lines)
    reader = csv.reader(lines, delimiter=header.separator, strict=True)
    while True:
        line = header.line + reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield CsvRecord(line, (), texts.describe_csv_error(str(error)))
            continue
        if any(value and not value.isspace() for value in values):
            yield _select_values(line, values, header)


def _read_header(file_name: str, lines: Iterator[str]) -> CsvHeader:
    """Read the first line that is not blank. Excel's line `sep=;` may precede it."""
    separator = None
    for line_number, line in enumerate(lines, start=1):
        text = line.strip("\ufeff\r\n \t")
        if text.lower().startswith("sep=") and len(text) == len("sep=") + 1:
            separator = text[-1]
        elif line.strip('\ufeff\r\n\t ;,|"'):
            return _parse_header(file_name, line[:MAX_HEADER_LENGTH], line_number, separator)
    raise HistoryFormatError(texts.format_other_file(file_name, "empty"))


def _parse_header(file_name: str, line: str, line_number: int, separator: str | None) -> CsvHeader:
    separators = (separator,) if separator else SEPARATORS
    names_by_separator = {candidate: _split_names(line, candidate) for candidate in separators}
    best, names = max(names_by_separator.items(), key=lambda item: len(set(COLUMNS).intersection(item[1])))
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        raise _build_header_error(
            file_name, line_number, texts.format_missing_columns(missing, line.strip("\ufeff\r\n"), COLUMNS)
        )
    repeated = [column for column in COLUMNS if names.count(column) > 1]
    if repeated:
        raise _build_header_error(file_name, line_number, texts.format_repeated_columns(repeated))
    return CsvHeader(line_number, best, names, tuple(names.index(column) for column in COLUMNS))


def _split_names(line: str, separator: str) -> tuple[str, ...]:
    try:
        values = next(csv.reader([line.strip("\ufeff\r\n")], delimiter=separator), [])
    except csv.Error:
        return ()
    return tuple(value.strip().lower() for value in values)


def _build_header_error(file_name: str, line_number: int, text: str) -> HistoryFormatError:
    problem = LineProblem(line_number, text)
    return HistoryFormatError(texts.format_invalid_lines(file_name, 1, [problem]), [problem])


def _select_values(line: int, values: list[str], header: CsvHeader) -> CsvRecord:
    """Select the values of `COLUMNS`. Empty cells to the right of the header are tolerated."""
    width = len(header.names)
    if len(values) <= max(header.positions) or any(value.strip() for value in values[width:]):
        return CsvRecord(line, (), texts.format_wrong_value_count(len(values), width))
    return CsvRecord(line, [values[position].strip() for position in header.positions])
