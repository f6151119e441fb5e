"""Structured logging: one line per event, readable in a terminal.

Log lines contain no secrets and no message content.
"""

import logging
import sys

import structlog

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
