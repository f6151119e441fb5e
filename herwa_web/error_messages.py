"""What a failed handler says on the page: a sentence, never a stack trace. The unexpected gets an id to ask about."""

from traceback import format_exception
from uuid import uuid4

import reflex as rx
from clickhouse_connect.driver.exceptions import ClickHouseError
from reflex.event import EventSpec
from sqlalchemy.exc import InterfaceError, OperationalError

from herwa_shared.errors import HerwaError, ServiceUnavailable
from herwa_shared.log import get_logger

log = get_logger(__name__)


def describe_error(error: Exception) -> str:
    """What to tell people about an error; the unexpected is logged."""
    if isinstance(error, HerwaError):
        return str(error)
    if isinstance(error, OSError | OperationalError | InterfaceError | ClickHouseError):
        log.warning("a store does not answer", error=type(error).__name__)
        return ServiceUnavailable.message
    error_id = uuid4().hex[:12]
    log.error("a page failed", fault_id=error_id, trace="".join(format_exception(error)))
    return f"Something went wrong on our side. Tell the operator this id: {error_id}"


def build_error_toast(error: Exception) -> EventSpec:
    """For every handler that lets an error escape."""
    toast: EventSpec = rx.toast.error(describe_error(error), id="fault")
    return toast
