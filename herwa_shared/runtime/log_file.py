"""Log files of engines and processes: rotation at each start, tail for error messages."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from herwa_shared.runtime.data_dir import DataFolder

MAX_LOG_BYTES = 16 << 20
_TAIL_BYTES = 4096
_TAIL_LINES = 15


@dataclass(frozen=True, slots=True)
class LogFile:
    """The part of a log file that belongs to one start of a process: from `start_offset` on."""

    path: Path
    descriptor: int
    start_offset: int

    def write(self, line: bytes) -> None:
        """Append a line, unbuffered. Raises OSError if the disk is full."""
        os.write(self.descriptor, line)

    def read_tail(self) -> str:
        """Read the last lines written since this start."""
        with self.path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(self.start_offset, size - _TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])


@contextmanager
def open_log_file(folder: DataFolder, name: str) -> Iterator[LogFile]:
    """Open `<logs>/<name>.log` for one start of a process.

    A file above `MAX_LOG_BYTES` is first renamed to `<name>.log.1`, which replaces the previous one.
    """
    path = folder.logs_dir / f"{name}.log"
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    with path.open("ab") as file:
        yield LogFile(path, file.fileno(), file.tell())
