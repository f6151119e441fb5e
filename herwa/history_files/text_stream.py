"""Open a file as lines of text, gzipped or not. A file that is something else is refused with its name."""

import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from herwa.history_files.errors import HistoryFormatError
from herwa.history_files.file_formats import GZIP_MAGIC, HEAD_BYTES, FileFormat, detect_encoding, detect_format
from herwa.texts import history as texts


@contextmanager
def open_text(file: Path) -> Iterator[Iterator[str]]:
    """Open the lines of a text file, with their line ends. Nothing is read twice, so that a pipe works as well.

    Raises HistoryFormatError, also while the lines are read; OSError if the file cannot be opened.
    """
    with ExitStack() as stack:
        stream: io.BufferedReader[Any] = io.BufferedReader(
            stack.enter_context(file.open("rb", buffering=0)), HEAD_BYTES
        )
        if stream.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC):
            stream = io.BufferedReader(gzip.GzipFile(fileobj=stream), HEAD_BYTES)
        head = _read_head(file, stream)
        file_format = detect_format(head)
        if file_format is not FileFormat.TEXT:
            raise HistoryFormatError(texts.format_other_file(file.name, file_format))
        # Bytes that are not UTF-8 become surrogates, so that the line that contains them can be named.
        lines = io.TextIOWrapper(stream, encoding=detect_encoding(head), errors="surrogateescape", newline="")
        yield _read_lines(file, lines)


def _read_head(file: Path, stream: "io.BufferedReader[Any]") -> bytes:
    try:
        return stream.peek(HEAD_BYTES)[:HEAD_BYTES]
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise HistoryFormatError(texts.format_damaged_gzip(file.name)) from error


def _read_lines(file: Path, lines: Iterable[str]) -> Iterator[str]:
    try:
        for number, line in enumerate(lines, start=1):
            if not line.isascii():
                _check_encoding(file, line, number)
            yield line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise HistoryFormatError(texts.format_damaged_gzip(file.name)) from error
    except UnicodeDecodeError as error:
        raise HistoryFormatError(texts.format_damaged_text(file.name, error.encoding)) from error


def _check_encoding(file: Path, line: str, number: int) -> None:
    try:
        line.encode()
    except UnicodeEncodeError as error:
        found = (
            line[max(0, error.start - 20) : error.end + 20].encode(errors="surrogateescape").decode("cp1252", "replace")
        )
        raise HistoryFormatError(texts.format_wrong_encoding(file.name, number, found.strip())) from error
