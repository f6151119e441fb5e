"""Open a history file as bytes, gzipped or not, and tell how much of it is read."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from herwa.history_files.errors import HistoryFormatError
from herwa.history_files.file_formats import GZIP_MAGIC
from herwa.texts import history as texts

BUFFER_BYTES = 1 << 18
GZIP_ERRORS = (EOFError, gzip.BadGzipFile, zlib.error)


class ByteStream:
    """The decompressed content of a file. `read_share` is the part of the file that is read, from 0 to 1."""

    def __init__(self, file: Path, raw: "io.BufferedReader[Any]", content: "io.BufferedReader[Any]") -> None:
        self.content = content
        self._file_name = file.name
        self._raw = raw
        self._size = max(file.stat().st_size, 1)

    @property
    def read_share(self) -> float:
        """The part of the file that is read, from 0 to 1."""
        return min(self._raw.tell() / self._size, 1.0)

    def iterate_lines(self, max_bytes: int) -> Iterator[bytes]:
        """Yield the lines with their ends. A longer line is cut: its first part ends without a line end.

        Raises HistoryFormatError for a damaged gzip file.
        """
        try:
            while line := self.content.readline(max_bytes):
                yield line
        except GZIP_ERRORS as error:
            raise HistoryFormatError(texts.format_damaged_gzip(self._file_name)) from error


@contextmanager
def open_bytes(file: Path) -> Iterator[ByteStream]:
    """Open a file. Raises OSError if it cannot be opened."""
    with ExitStack() as stack:
        raw = io.BufferedReader(stack.enter_context(file.open("rb", buffering=0)), BUFFER_BYTES)
        content: io.BufferedReader[Any] = raw
        if raw.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC):
            content = io.BufferedReader(gzip.GzipFile(fileobj=raw), BUFFER_BYTES)
        yield ByteStream(file, raw, content)


def compute_file_digest(file: Path) -> bytes:
    """Compute the SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
