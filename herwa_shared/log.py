"""Structured logging: one line per event, readable in a terminal.

Log lines contain no secrets and no message content.
"""

import asyncio
import logging
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

LOG_WINDOW_SECONDS = 60.0
MAX_LOG_KINDS = 1_000  # within one minute; further kinds of an event are logged as one
OTHER_KINDS = "other"

# Minimum levels of libraries that log too much.
LIBRARY_LOG_LEVELS = {
    "alembic": logging.WARNING,
    "apscheduler": logging.WARNING,
    "clickhouse_connect": logging.WARNING,
    "discord": logging.WARNING,
    "discord.shard": logging.CRITICAL,  # every attempt to reconnect logs a traceback of forty lines
    "discord.client": logging.ERROR,  # every start logs a warning that voice support is not installed
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "uvicorn": logging.WARNING,
}


def configure_logging(level: str = "INFO") -> None:
    """Log everything, including records of libraries, to standard error, one line per event."""
    shared_processors: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # A plain traceback, because the rich one prints local variables, which may contain secrets.
                structlog.dev.ConsoleRenderer(
                    colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
                ),
            ],
            foreign_pre_chain=shared_processors,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    handler.addFilter(lambda record: record.name != "root" or record.levelno >= logging.WARNING)
    for library, min_level in LIBRARY_LOG_LEVELS.items():
        logging.getLogger(library).setLevel(max(root.level, min_level))
    structlog.configure(
        processors=[*shared_processors, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Get the logger of a module.

    Usage: `log = get_logger(__name__)`, then `log.info("what happened", key=value)`.
    """
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger


@dataclass(slots=True)
class _LogWindow:
    """The lines of one kind within one minute. `ends_at` is a time of the logger's clock."""

    event: str
    kind: str
    ends_at: float
    line_count: int = 0


class RateLimitedLogger:
    """Logs at most `max_lines` lines of one kind a minute, without stack traces.

    The lines beyond that are counted. When the minute ends, one line tells their number as `dropped`: at once within
    an asyncio loop, else before the next line of this logger. It is for failures that others can cause as often as
    they like, such as unreadable events.
    """

    def __init__(
        self, log: structlog.stdlib.BoundLogger, *, max_lines: int = 3, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log, self._max_lines, self._clock = log, max_lines, clock
        self._windows: dict[str, _LogWindow] = {}

    def warning(self, event: str, *, kind: str, **fields: Any) -> None:
        """Log a warning, or count it if there were too many of this event and kind within the minute."""
        self.report_dropped()
        key = f"{event} {kind}"
        if key not in self._windows and len(self._windows) >= MAX_LOG_KINDS:
            key, kind = event, OTHER_KINDS
        window = self._windows.setdefault(key, _LogWindow(event, kind, self._clock() + LOG_WINDOW_SECONDS))
        window.line_count += 1
        if window.line_count <= self._max_lines:
            self._log.warning(event, kind=kind, **fields)
        elif window.line_count == self._max_lines + 1:
            self._schedule_report(window)

    def report_dropped(self) -> None:
        """Log how many lines of each kind were dropped in the minutes that have ended."""
        now = self._clock()
        for key, window in [(key, window) for key, window in self._windows.items() if window.ends_at <= now]:
            del self._windows[key]
            if (dropped := window.line_count - self._max_lines) > 0:
                self._log.warning(window.event, kind=window.kind, dropped=dropped)

    def _schedule_report(self, window: _LogWindow) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        loop.call_later(window.ends_at - self._clock() + 0.1, self.report_dropped)


def find_error_location(error: BaseException) -> str:
    """Find where an exception was raised: `messages.py:48`. It takes the place of a stack trace."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"
