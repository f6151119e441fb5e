"""Discord ids (snowflakes): a time in milliseconds and 22 low bits.

An id is generated for now, for a given time, or derived from stable parts.
"""

import hashlib
from datetime import UTC, datetime, timedelta

from herwa_shared.clock import utc_now

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
LOW_BITS = 22

_MILLISECOND = timedelta(milliseconds=1)
_STABLE_FROM = (datetime(2016, 1, 1, tzinfo=UTC) - EPOCH) // _MILLISECOND
_STABLE_SPAN = timedelta(days=730) // _MILLISECOND


def create_snowflake(moment: datetime, low: int = 0) -> int:
    """Return the id for this millisecond with these low bits."""
    return ((moment - EPOCH) // _MILLISECOND << LOW_BITS) | (low & ((1 << LOW_BITS) - 1))


def to_datetime(snowflake: int) -> datetime:
    """Return the creation time that the id encodes, in millisecond precision."""
    return EPOCH + (snowflake >> LOW_BITS) * _MILLISECOND


def digest(*parts: object) -> int:
    """Return a 64-bit hash that depends only on the parts, in every process."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def create_stable_snowflake(*parts: object) -> int:
    """Return a deterministic id for the parts.

    Its time is in 2016 or 2017, before every history that is replayed.
    """
    number = digest(*parts)
    return (_STABLE_FROM + (number >> LOW_BITS) % _STABLE_SPAN << LOW_BITS) | (number & ((1 << LOW_BITS) - 1))


class SnowflakeGenerator:
    """Generate strictly increasing ids for the current time."""

    def __init__(self) -> None:
        self._last = 0

    def generate(self) -> int:
        """Return a new id, greater than all before it."""
        self._last = max(self._last + 1, create_snowflake(utc_now()))
        return self._last
