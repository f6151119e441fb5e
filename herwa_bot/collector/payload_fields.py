"""Read and validate single fields of Discord's JSON payloads. Pure.

A missing field raises LookupError, an invalid value InvalidPayload. Both databases reject an entire batch because of
one value out of range, so no such value may pass these functions.
"""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from herwa_shared.discord.constants import MAX_NAME_LENGTH, MAX_SNOWFLAKE
from herwa_shared.pipeline.events import decode_snowflake_ms

Payload = Mapping[str, Any]
Value = TypeVar("Value")


MIN_YEAR = 2015
MAX_INT32 = (1 << 31) - 1
MAX_SNOWFLAKE_DIGITS = len(str(MAX_SNOWFLAKE))
MAX_SNOWFLAKE_MS = decode_snowflake_ms(MAX_SNOWFLAKE)


class InvalidPayload(ValueError):
    """A field has a value that Discord never sends.

    The message is the name of the field only: the value may be message content, which is never logged.
    """


def parse_snowflake(data: Payload, field: str) -> int:
    """Parse an ID within the range of both databases. Raises InvalidPayload."""
    value = data[field]
    if (
        type(value) is str
        and len(value) <= MAX_SNOWFLAKE_DIGITS
        and value.isdecimal()
        and 0 < (id_ := int(value)) <= MAX_SNOWFLAKE
    ):
        return id_
    raise InvalidPayload(field)


def parse_permissions(data: Payload, field: str) -> int:
    """Parse a permission bit set, which Discord sends as a decimal string. Raises InvalidPayload."""
    value = data[field]
    if type(value) is str and len(value) <= MAX_SNOWFLAKE_DIGITS and value.isdecimal() and int(value) <= MAX_SNOWFLAKE:
        return int(value)
    raise InvalidPayload(field)


def parse_name(value: Any) -> str:
    """Parse a name, truncated to MAX_NAME_LENGTH and without NUL.

    PostgreSQL cannot store NUL characters. Raises InvalidPayload if the value is not a string.
    """
    if not isinstance(value, str):
        raise InvalidPayload("name")
    name = value.replace("\0", "")
    if len(name) <= MAX_NAME_LENGTH:
        return name
    end = MAX_NAME_LENGTH
    while end > 1 and unicodedata.combining(name[end]):  # never separate a combining accent from its letter
        end -= 1
    return name[:end]


def parse_int32(data: Payload, field: str) -> int:
    """Parse an integer that fits a 32-bit column; 0 if it is missing.

    Raises InvalidPayload.
    """
    value = data.get(field) or 0
    if not isinstance(value, int) or not -MAX_INT32 <= value <= MAX_INT32:
        raise InvalidPayload(field)
    return value


def parse_datetime(data: Payload, field: str) -> datetime:
    """Parse an ISO 8601 timestamp with a time zone. Raises InvalidPayload."""
    try:
        timestamp = datetime.fromisoformat(require_type(data, field, str))
    except ValueError:
        raise InvalidPayload(field) from None
    if timestamp.tzinfo is None:
        raise InvalidPayload(field)
    return timestamp


def parse_optional_datetime(value: Any) -> datetime | None:
    """Parse an optional timestamp; None if it is missing, invalid or before MIN_YEAR."""
    try:
        timestamp = parse_datetime({"value": value}, "value")
    except InvalidPayload:
        return None
    return timestamp if timestamp.year >= MIN_YEAR else None


def parse_timestamp_ms(data: Payload, field: str) -> int:
    """Parse a timestamp into milliseconds since 1970.

    Raises InvalidPayload, also for a time that a snowflake cannot carry.
    """
    timestamp_ms = round(parse_datetime(data, field).timestamp() * 1000)
    if not 0 <= timestamp_ms <= MAX_SNOWFLAKE_MS:
        raise InvalidPayload(field)
    return timestamp_ms


def require_type(data: Payload, field: str, value_type: type[Value]) -> Value:
    """Get the field if it is an instance of `value_type`. Raises InvalidPayload otherwise."""
    value = data[field]
    if not isinstance(value, value_type):
        raise InvalidPayload(field)
    return value
