"""The fields of Discord's JSON, read so that nothing impossible comes out of them; what is missing raises as well.

Both databases refuse a whole batch for one value out of range, so nothing of the kind may leave here.
"""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.pipeline.events import decode_snowflake_ms

Payload = Mapping[str, Any]
Value = TypeVar("Value")


class InvalidPayload(ValueError):
    """A value that Discord never sends. Its text names the field alone: what stands in it may be what was said."""


MAX_NAME_LENGTH = 100
MIN_YEAR = 2015
MAX_INT32 = (1 << 31) - 1
MAX_SNOWFLAKE_DIGITS = len(str(MAX_SNOWFLAKE))
MAX_SNOWFLAKE_MS = decode_snowflake_ms(MAX_SNOWFLAKE)


def parse_snowflake(data: Payload, field: str) -> int:
    """The id in that field, which both databases can hold. Raises Impossible."""
    value = data[field]
    if (
        type(value) is str
        and len(value) <= MAX_SNOWFLAKE_DIGITS
        and value.isdecimal()
        and 0 < (id_ := int(value)) <= MAX_SNOWFLAKE
    ):
        return id_
    raise InvalidPayload(field)


def parse_name(value: Any) -> str:
    """A name as databases take it: at most so long, and without the one character that PostgreSQL cannot store."""
    if not isinstance(value, str):
        raise InvalidPayload("name")
    name = value.replace("\0", "")
    if len(name) <= MAX_NAME_LENGTH:
        return name
    end = MAX_NAME_LENGTH
    while end > 1 and unicodedata.combining(name[end]):  # an accent stays with its letter, or both go
        end -= 1
    return name[:end]


def parse_int32(data: Payload, field: str) -> int:
    """A number that a column of four bytes takes; 0 where Discord leaves it out."""
    value = data.get(field) or 0
    if not isinstance(value, int) or not -MAX_INT32 <= value <= MAX_INT32:
        raise InvalidPayload(field)
    return value


def parse_datetime(data: Payload, field: str) -> datetime:
    """A moment with its zone."""
    try:
        timestamp = datetime.fromisoformat(require_type(data, field, str))
    except ValueError:
        raise InvalidPayload(field) from None
    if timestamp.tzinfo is None:
        raise InvalidPayload(field)
    return timestamp


def parse_optional_datetime(value: Any) -> datetime | None:
    """A moment that an event tells by the way; None where it does not, or nothing that can be."""
    try:
        timestamp = parse_datetime({"value": value}, "value")
    except InvalidPayload:
        return None
    return timestamp if timestamp.year >= MIN_YEAR else None


def parse_timestamp_ms(data: Payload, field: str) -> int:
    """The same in milliseconds since 1970, within what an id can carry."""
    timestamp_ms = round(parse_datetime(data, field).timestamp() * 1000)
    if not 0 <= timestamp_ms <= MAX_SNOWFLAKE_MS:
        raise InvalidPayload(field)
    return timestamp_ms


def require_type(data: Payload, field: str, value_type: type[Value]) -> Value:
    """What stands there, if it is of that kind."""
    value = data[field]
    if not isinstance(value, value_type):
        raise InvalidPayload(field)
    return value
