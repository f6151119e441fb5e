"""The fields of Discord's JSON, read so that nothing impossible comes out of them; what is missing raises as well.

Both databases refuse a whole batch for one value out of range, so nothing of the kind may leave here.
"""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from herwa_shared.discord.constants import MAX_SNOWFLAKE
from herwa_shared.pipeline.events import snowflake_ms

Payload = Mapping[str, Any]
Kind = TypeVar("Kind")


class Impossible(ValueError):
    """A value that Discord never sends. Its text names the field alone: what stands in it may be what was said."""


NAME_LENGTH = 100
FIRST_YEAR = 2015
LAST_SMALL = (1 << 31) - 1
ID_LENGTH = len(str(MAX_SNOWFLAKE))
LAST_MS = snowflake_ms(MAX_SNOWFLAKE)


def snowflake(data: Payload, field: str) -> int:
    """The id in that field, which both databases can hold. Raises Impossible."""
    value = data[field]
    if (
        type(value) is str
        and len(value) <= ID_LENGTH
        and value.isdecimal()
        and 0 < (id_ := int(value)) <= MAX_SNOWFLAKE
    ):
        return id_
    raise Impossible(field)


def name_of(value: Any) -> str:
    """A name as databases take it: at most so long, and without the one character that PostgreSQL cannot store."""
    if not isinstance(value, str):
        raise Impossible("name")
    name = value.replace("\0", "")
    if len(name) <= NAME_LENGTH:
        return name
    end = NAME_LENGTH
    while end > 1 and unicodedata.combining(name[end]):  # an accent stays with its letter, or both go
        end -= 1
    return name[:end]


def small(data: Payload, field: str) -> int:
    """A number that a column of four bytes takes; 0 where Discord leaves it out."""
    value = data.get(field) or 0
    if not isinstance(value, int) or not -LAST_SMALL <= value <= LAST_SMALL:
        raise Impossible(field)
    return value


def moment(data: Payload, field: str) -> datetime:
    """A moment with its zone."""
    try:
        found = datetime.fromisoformat(typed(data, field, str))
    except ValueError:
        raise Impossible(field) from None
    if found.tzinfo is None:
        raise Impossible(field)
    return found


def told_moment(value: Any) -> datetime | None:
    """A moment that an event tells by the way; None where it does not, or nothing that can be."""
    try:
        found = moment({"told": value}, "told")
    except Impossible:
        return None
    return found if found.year >= FIRST_YEAR else None


def moment_ms(data: Payload, field: str) -> int:
    """The same in milliseconds since 1970, within what an id can carry."""
    ms = round(moment(data, field).timestamp() * 1000)
    if not 0 <= ms <= LAST_MS:
        raise Impossible(field)
    return ms


def typed(data: Payload, field: str, kind: type[Kind]) -> Kind:
    """What stands there, if it is of that kind."""
    value = data[field]
    if not isinstance(value, kind):
        raise Impossible(field)
    return value
