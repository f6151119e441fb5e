"""User-facing messages of failed handlers: a sentence, never a stack trace.

An unexpected error is logged with an id, which the message contains.
"""

from traceback import format_exception
from uuid import uuid4

import reflex as rx
from clickhouse_connect.driver.exceptions import ClickHouseError
from reflex.event import EventSpec
from sqlalchemy.exc import InterfaceError, OperationalError

from herwa_shared.errors import HerwaError, ServiceUnavailable, format_reason
from herwa_shared.log import RateLimitedLogger, find_error_location, get_logger
from herwa_web import texts

limited_log = RateLimitedLogger(get_logger(__name__))


def describe_error(error: Exception) -> str:
    """Return the message for users. Side effect: logs database failures and unexpected errors."""
    if isinstance(error, HerwaError):
        return str(error)
    if isinstance(error, OSError | OperationalError | InterfaceError | ClickHouseError):
        limited_log.warning("database unreachable", kind=type(error).__name__, error=format_reason(error))
        return ServiceUnavailable.message
    error_id = uuid4().hex[:12]
    limited_log.error(
        "page handler failed",
        kind=f"{type(error).__name__} {find_error_location(error)}",
        fault_id=error_id,
        trace="".join(format_exception(error)),
    )
    return texts.describe_unexpected_error(error_id)


def build_error_toast(error: Exception) -> EventSpec:
    """Build the toast for an error that a handler did not catch.

    It is the backend exception handler of the Reflex application.
    """
    toast: EventSpec = rx.toast.error(describe_error(error), id="fault")
    return toast
