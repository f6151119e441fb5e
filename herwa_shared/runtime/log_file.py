"""Log files of engines and processes: rotation by size while they are written, tail for error messages.

`<name>.log` is the current file, `<name>.log.1` the previous one. Only their owner can read them.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from herwa_shared.runtime.data_dir import DataFolder

MAX_LOG_BYTES = 10 << 20
PREVIOUS_FILES = 4
_TAIL_BYTES = 4096
_TAIL_LINES = 15


class LogFile:
    """The log file of one start of a process. Another process may write to `descriptor`, which appends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = _open_for_append(path)
        self._start_offset = self._size = os.fstat(self.descriptor).st_size

    def write(self, line: bytes) -> None:
        """Append a line, unbuffered; first start a new file if this one is full. Raises OSError if the disk is full.

        Only for a file that no other process writes.
        """
        if self._size and self._size + len(line) > MAX_LOG_BYTES:
            self._start_new_file()
        self._size += os.write(self.descriptor, line)

    def read_tail(self) -> str:
        """Read the last lines written since this start."""
        with self.path.open("rb") as file:
            size = file.seek(0, 2)
            start_offset = self._start_offset if self._start_offset <= size else 0  # the file was rotated
            file.seek(max(start_offset, size - _TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)

    def _start_new_file(self) -> None:
        _rename_previous_files(self.path)
        self.path.replace(_get_previous_path(self.path, 1))
        descriptor = _open_for_append(self.path)
        os.close(self.descriptor)
        self.descriptor, self._size, self._start_offset = descriptor, 0, 0


@contextmanager
def open_log_file(folder: DataFolder, name: str) -> Iterator[LogFile]:
    """Open `<logs>/<name>.log` for one start of a process. It continues the existing file."""
    log = LogFile(folder.logs_dir / f"{name}.log")
    try:
        yield log
    finally:
        log.close()


def rotate_open_file(folder: DataFolder, name: str) -> None:
    """Empty `<logs>/<name>.log` if it is full, after its content was copied to `<name>.log.1`.

    For a file that a running engine writes: it keeps its descriptor and appends, so it continues at the new end. Lines
    that it writes during the copy are lost.
    """
    path = folder.logs_dir / f"{name}.log"
    with folder.lock("logs"):
        if not path.exists() or path.stat().st_size <= MAX_LOG_BYTES:
            return
        _rename_previous_files(path)
        copy_path = _get_previous_path(path, 1)
        with path.open("rb") as source, open(_open_for_append(copy_path), "ab") as copy:
            shutil.copyfileobj(source, copy)
        os.truncate(path, 0)


def _open_for_append(path: Path) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.fchmod(descriptor, 0o600)  # an older version created it with the permissions of the umask
    return descriptor


def _rename_previous_files(path: Path) -> None:
    """Make room for a new `.1`. The oldest file is overwritten."""
    for number in range(PREVIOUS_FILES - 1, 0, -1):
        if (previous := _get_previous_path(path, number)).exists():
            previous.replace(_get_previous_path(path, number + 1))


def _get_previous_path(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")
