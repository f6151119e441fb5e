"""Structured logging: one line per event, as JSON for programs or as text in a terminal.

Log lines contain no secrets, no addresses of clients, no message content and no ids of users: a deletion cannot reach
lines that are written.
"""

import faulthandler
import hashlib
import hmac
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from herwa_shared.log_limits import LimitedHandler, LineLimits, LogStream, schedule_report
from herwa_shared.runtime.process_report import error_counter

STDERR_DESCRIPTOR = 2
MAX_VALUE_LENGTH = 8_000
MAX_LINE_LENGTH = 60_000
FIRST_FIELDS = ("time", "level", "process", "logger", "event")

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


def configure_logging(level: str, *, process_name: str, stream: LogStream | None = None, user_key: str = "") -> None:
    """Log everything, including records of libraries, one line per event, to `stream` or standard error.

    Lines are text if the stream is a terminal and no supervisor reads it, else JSON with `process_name`. If the process
    crashes or gets SIGABRT, the stacks of its threads are written to standard error.

    `user_key` is the key with which ids of users in the field `user` become pseudonyms.
    """
    faulthandler.enable(STDERR_DESCRIPTOR)
    stream = sys.stderr if stream is None else stream
    is_for_people = stream.isatty() and not os.environ.get("HERWA_SUPERVISED")
    time_format = {"fmt": "%H:%M:%S"} if is_for_people else {"fmt": "%Y-%m-%dT%H:%M:%S.%fZ", "key": "time"}
    shared_processors: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(utc=True, **time_format),
        *((_build_user_pseudonymizer(user_key),) if user_key else ()),
    ]
    handler = LimitedHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_build_text_renderers() if is_for_people else _build_json_renderers(process_name)),
            ],
            foreign_pre_chain=shared_processors,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler, error_counter]
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


class RateLimitedLogger:
    """Logs at most `max_lines` lines of one kind a minute, without stack traces.

    The lines beyond that are counted. When the minute ends, one line has their number as `dropped`: at once within
    an asyncio loop, else before the next line of this logger. It is for events that others can cause as often as they
    like, such as unreadable events or refused keys.
    """

    def __init__(
        self, log: structlog.stdlib.BoundLogger, *, max_lines: int = 3, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._limits = LineLimits(max_lines, lambda seconds: schedule_report(seconds, self.report_dropped), clock)

    def info(self, event: str, *, kind: str, **fields: Any) -> None:
        """Log an event, or count it if there were too many of this event and kind within the minute."""
        self._write(self._log.info, event, kind, fields)

    def warning(self, event: str, *, kind: str, **fields: Any) -> None:
        """Log a warning, or count it if there were too many of this event and kind within the minute."""
        self._write(self._log.warning, event, kind, fields)

    def error(self, event: str, *, kind: str, **fields: Any) -> None:
        """Log an error, or count it if there were too many of this event and kind within the minute."""
        self._write(self._log.error, event, kind, fields)

    def report_dropped(self) -> None:
        """Log how many lines of each kind were dropped in the minutes that have ended."""
        for event, kind, dropped in self._limits.take_dropped():
            self._log.warning(event, kind=kind, dropped=dropped)

    def _write(self, write: Callable[..., Any], event: str, kind: str, fields: dict[str, Any]) -> None:
        self.report_dropped()
        if self._limits.allow(event, kind):
            write(event, kind=kind, **fields)


def pseudonymize_user(user_id: int, user_key: str) -> str:
    """Compute the pseudonym of a user in logs; without the key it does not show who the user is."""
    return hmac.new(user_key.encode(), str(user_id).encode(), hashlib.sha256).hexdigest()[:16]


def find_error_location(error: BaseException) -> str:
    """Find where an exception was raised: `messages.py:48`. It takes the place of a stack trace."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"


def _build_user_pseudonymizer(user_key: str) -> structlog.typing.Processor:
    def pseudonymize(_: Any, __: str, fields: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if isinstance(user_id := fields.get("user"), int):
            fields["user"] = pseudonymize_user(user_id, user_key)
        return fields

    return pseudonymize


def _build_text_renderers() -> list[structlog.typing.Processor]:
    # A plain traceback, because the rich one prints local variables, which may contain secrets.
    return [structlog.dev.ConsoleRenderer(colors=True, exception_formatter=structlog.dev.plain_traceback)]


def _build_json_renderers(process_name: str) -> list[structlog.typing.Processor]:
    def format_json(_: Any, __: str, fields: structlog.typing.EventDict) -> str:
        return format_json_line({"process": process_name, **fields})

    return [structlog.processors.format_exc_info, format_json]


def format_json_line(fields: structlog.typing.EventDict) -> str:
    """Format a log line as JSON of at most `MAX_LINE_LENGTH` characters, all of them ASCII.

    So whatever others have sent is neither a second line nor a control sequence of a terminal.
    """
    ordered = {name: _shorten(fields[name]) for name in (*FIRST_FIELDS, *fields) if name in fields}
    line = json.dumps(ordered, default=lambda value: _shorten(repr(value)))
    if len(line) > MAX_LINE_LENGTH:
        first_fields = {name: str(ordered[name])[:200] for name in FIRST_FIELDS if name in ordered}
        line = json.dumps({**first_fields, "truncated": len(line)})
    return line


def _shorten(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_VALUE_LENGTH:
        return f"{value[:MAX_VALUE_LENGTH]}…"
    return value
