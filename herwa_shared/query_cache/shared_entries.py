"""A result that all processes share in Redis. It may be lost at any moment."""

import hashlib
import struct
from dataclasses import dataclass

KEY_PREFIX = "herwa:result:1"
"""The number at its end rises when the same question gets another result from the same data."""
MAX_ENTRY_BYTES = 256 << 10
_HEADER = struct.Struct(">d")  # until when the result holds, in Unix seconds


@dataclass(slots=True)
class SharedEntry:
    """The place of a result in Redis. `content` is what shall be stored there, for `lifetime_ms`; None for nothing."""

    key: str
    content: bytes | None = None
    lifetime_ms: int = 0

    def set_result(self, value: bytes, *, valid_until: float, now: float) -> None:
        """Set what shall be stored, unless the result is too large or ends now."""
        lifetime_ms = int(1000 * (valid_until - now))
        if len(value) <= MAX_ENTRY_BYTES and lifetime_ms >= 1:
            self.content, self.lifetime_ms = _HEADER.pack(valid_until) + value, lifetime_ms


def build_entry(guild_id: int, question: str, version: str) -> SharedEntry:
    """Build the entry of a question for a data version of its guild, with nothing to store."""
    digest = hashlib.sha256(question.encode()).hexdigest()[:32]
    return SharedEntry(f"{KEY_PREFIX}:{guild_id}:{version}:{digest}")


def parse_content(content: bytes, now: float) -> tuple[bytes, float] | None:
    """Parse what was stored: the result and until when it holds; None if it has ended."""
    if len(content) < _HEADER.size:
        return None
    (valid_until,) = _HEADER.unpack_from(content)
    return None if now >= valid_until else (content[_HEADER.size :], valid_until)
