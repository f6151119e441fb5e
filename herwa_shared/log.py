"""Structured logs: one line an event, readable on a terminal, no secret and no message content in any of them."""

import logging
import sys

import structlog

# Libraries that tell more than people need to know, and from which level on they are heard.
LIBRARY_LOG_LEVELS = {
    "alembic": logging.WARNING,
    "apscheduler": logging.WARNING,
    "clickhouse_connect": logging.WARNING,
    "discord": logging.WARNING,
    "discord.shard": logging.CRITICAL,  # every attempt to reconnect comes with forty lines
    "discord.client": logging.ERROR,  # on every start it regrets that voice cannot be played
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "uvicorn": logging.WARNING,
}


def configure_logging(level: str = "INFO") -> None:
    """Send everything, also what libraries log, to standard error as one line each."""
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
                # A plain traceback: the pretty one prints local variables, and with them secrets.
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
    """The logger of one module: `log = get_logger(__name__)`, then `log.info("what happened", key=value)`."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger
