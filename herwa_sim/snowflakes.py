"""Discord's ids: a time in milliseconds and 22 low bits, made for now, for a moment, or from what a thing is."""

import hashlib
from datetime import UTC, datetime, timedelta

from herwa_shared.clock import utc_now

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
LOW_BITS = 22

_MILLISECOND = timedelta(milliseconds=1)
_STABLE_FROM = (datetime(2016, 1, 1, tzinfo=UTC) - EPOCH) // _MILLISECOND
_STABLE_SPAN = timedelta(days=730) // _MILLISECOND


def create_snowflake(moment: datetime, low: int = 0) -> int:
    """The id of that millisecond with these low bits."""
    return ((moment - EPOCH) // _MILLISECOND << LOW_BITS) | (low & ((1 << LOW_BITS) - 1))


def to_datetime(snowflake: int) -> datetime:
    """When a thing with this id was made, to the millisecond."""
    return EPOCH + (snowflake >> LOW_BITS) * _MILLISECOND


def digest(*parts: object) -> int:
    """64 bits that depend on the parts alone, in every process and at every time."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def create_stable_snowflake(*parts: object) -> int:
    """The same id for the same parts, ever; dated in 2016 or 2017, before every history that is replayed."""
    number = digest(*parts)
    return (_STABLE_FROM + (number >> LOW_BITS) % _STABLE_SPAN << LOW_BITS) | (number & ((1 << LOW_BITS) - 1))


class SnowflakeGenerator:
    """Makes ids for the present moment, each greater than the last."""

    def __init__(self) -> None:
        self._last = 0

    def generate(self) -> int:
        self._last = max(self._last + 1, create_snowflake(utc_now()))
        return self._last
