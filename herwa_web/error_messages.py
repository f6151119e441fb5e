"""What a failed handler says on the page: a sentence, never a stack trace. The unexpected gets an id to ask about."""

from traceback import format_exception
from uuid import uuid4

import reflex as rx
from clickhouse_connect.driver.exceptions import ClickHouseError
from reflex.event import EventSpec
from sqlalchemy.exc import InterfaceError, OperationalError

from herwa_shared.errors import HerwaError, Unreachable
from herwa_shared.log import get_logger

log = get_logger(__name__)


def words(error: Exception) -> str:
    """What to tell people about an error; the unexpected is logged."""
    if isinstance(error, HerwaError):
        return str(error)
    if isinstance(error, OSError | OperationalError | InterfaceError | ClickHouseError):
        log.warning("a store does not answer", error=type(error).__name__)
        return Unreachable.message
    fault_id = uuid4().hex[:12]
    log.error("a page failed", fault_id=fault_id, trace="".join(format_exception(error)))
    return f"Something went wrong on our side. Tell the operator this id: {fault_id}"


def told_friendly(error: Exception) -> EventSpec:
    """For every handler that lets an error escape."""
    said: EventSpec = rx.toast.error(words(error), id="fault")
    return said
