"""Log events that cannot be read or stored: one line each, limited per minute and kind.

No number of such events may fill the log. Values of a payload are never logged, because they may be
message content: a line names the event, the field or the type of the error, and the line of code.
"""

from herwa_bot.collector.payload_fields import InvalidPayload
from herwa_shared.log import RateLimitedLogger, find_error_location, get_logger

MAX_FIELD_LENGTH = 40

_limited_log = RateLimitedLogger(get_logger(__name__))


def log_skipped_event(name: str, error: BaseException) -> None:
    """Log that an event was skipped because of an error."""
    _limited_log.warning("event skipped", kind=f"{name} {_describe_error(error)}", location=find_error_location(error))


def log_skipped_value(description: str, error: BaseException) -> None:
    """Log that a value was skipped because the database rejects it; `description` names the kind of value."""
    _limited_log.warning(f"{description} skipped, cannot be stored", kind=type(error).__name__)


def log_unreadable_payload(length: int) -> None:
    """Log that a gateway message of `length` characters was skipped because it is not a JSON object."""
    _limited_log.warning("gateway payload skipped", kind="not a JSON object", characters=length)


def _describe_error(error: BaseException) -> str:
    """Describe an error by its type, and by the field if the error names one."""
    field = str(error)[:MAX_FIELD_LENGTH] if isinstance(error, (InvalidPayload, KeyError)) else ""
    return f"{type(error).__name__} {field}".rstrip()
