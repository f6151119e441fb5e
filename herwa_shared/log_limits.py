"""Limit log lines: at most a number of lines of one kind a minute, and a count of those that were dropped."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)

LOG_WINDOW_SECONDS = 60.0
MAX_LOG_KINDS = 1_000  # within one minute; further kinds of an event are counted as one
MAX_LINES_PER_MINUTE = 60
OTHER_KINDS = "other"

COMPLETE_LOGGER = "audit"
"""The name of a logger without limit: only Herwa itself decides how much it logs, and none of it may be missing."""


class LogStream(Protocol):
    """What log lines are written to."""

    def write(self, text: str, /) -> object:
        """Write a text."""

    def flush(self) -> None:
        """Write what is buffered."""

    def isatty(self) -> bool:
        """Return whether a terminal shows the lines."""


@dataclass(slots=True)
class _LogWindow:
    """The lines of one kind within one minute. `ends_at` is a time of the clock of its limits."""

    event: str
    kind: str
    ends_at: float
    line_count: int = 0


class LineLimits:
    """Counts the lines of each kind within a minute.

    `on_first_drop` is called with the seconds until the end of the minute when the first line of a kind is dropped, so
    that the caller can arrange for `take_dropped` to be called then. Not for use by several threads at once.
    """

    def __init__(self, max_lines: int, on_first_drop: Callable[[float], None], clock: Callable[[], float]) -> None:
        self._max_lines, self._on_first_drop, self._clock = max_lines, on_first_drop, clock
        self._windows: dict[str, _LogWindow] = {}

    def allow(self, event: str, kind: str) -> bool:
        """Count a line and return whether it may be written."""
        key = f"{event} {kind}"
        if key not in self._windows and len(self._windows) >= MAX_LOG_KINDS:
            key, kind = event, OTHER_KINDS
        window = self._windows.setdefault(key, _LogWindow(event, kind, self._clock() + LOG_WINDOW_SECONDS))
        window.line_count += 1
        if window.line_count == self._max_lines + 1:
            self._on_first_drop(window.ends_at - self._clock())
        return window.line_count <= self._max_lines

    def take_dropped(self) -> list[tuple[str, str, int]]:
        """End the minutes that are over. Return event, kind and number of the dropped lines."""
        now = self._clock()
        ended = {key: window for key, window in self._windows.items() if window.ends_at <= now}
        for key in ended:
            del self._windows[key]
        return [
            (window.event, window.kind, window.line_count - self._max_lines)
            for window in ended.values()
            if window.line_count > self._max_lines
        ]


class LimitedHandler(logging.StreamHandler[LogStream]):
    """Writes at most `MAX_LINES_PER_MINUTE` lines of one kind a minute, then one line with the number of the others.

    The kind of a structured line is its event. The kind of a library's line is where it was logged, because its text
    may contain anything that a client has sent.
    """

    def __init__(self, stream: LogStream, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream)
        self._limits = LineLimits(
            MAX_LINES_PER_MINUTE, lambda seconds: schedule_report(seconds, self._report_dropped), clock
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or count it. `logging` holds the handler's lock meanwhile."""
        self._report_dropped()
        if record.name == COMPLETE_LOGGER or self._limits.allow(*_describe_record(record)):
            super().emit(record)

    def _report_dropped(self) -> None:
        assert self.lock is not None
        with self.lock:
            dropped_lines = self._limits.take_dropped()
            for event, kind, count in dropped_lines:
                log.warning("log lines dropped", source=event, kind=kind, dropped=count)


def schedule_report(seconds: float, report: Callable[[], None]) -> None:
    """Call `report` when the minute has ended. Outside of an asyncio loop the next line has to do it."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return
    loop.call_later(seconds + 0.1, report)


def _describe_record(record: logging.LogRecord) -> tuple[str, str]:
    if isinstance(record.msg, dict):
        return str(record.msg.get("event")), f"{record.name} {record.levelname}"
    return record.name, f"{record.filename}:{record.lineno}"
