"""The supervisor's own log file, `herwa.log`: starts, ends and stalls of processes as JSON lines."""

import contextlib
import logging

from herwa.console import print_line
from herwa_shared.config import Settings
from herwa_shared.log import configure_logging
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.runtime.log_file import LogFile

LOG_NAME = "herwa"


def configure_supervisor_log(settings: Settings, folder: DataFolder) -> None:
    """Log to `herwa.log` from now on. Warnings of libraries are printed, too: the supervisor prints its own events."""
    stream = _LogFileStream(LogFile(folder.logs_dir / f"{LOG_NAME}.log"))
    configure_logging(settings.log_level, process_name=LOG_NAME, stream=stream)
    logging.getLogger().addHandler(_LibraryWarningPrinter(logging.WARNING))


class _LogFileStream:
    """A log file as a stream for `logging`. If the disk is full, lines are lost, and nothing else fails."""

    def __init__(self, log_file: LogFile) -> None:
        self._log_file = log_file

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._log_file.write(text.encode())

    def flush(self) -> None:
        """Do nothing: the file is not buffered."""

    def isatty(self) -> bool:
        return False


class _LibraryWarningPrinter(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("herwa"):
            print_line(record.getMessage())
