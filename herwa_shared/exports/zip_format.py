"""The bytes of an uncompressed ZIP64 file around the content of its members.

Python's `zipfile` writes the same bytes, but only together with the content, which exports do not copy.
Source: PKWARE's APPNOTE.TXT, version 6.3.10.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

VERSION = 45
"""Of the format that is needed to read ZIP64."""
UNIX = 3
FIXED_DATE = 33
"""1980-01-01 as MS-DOS writes it: equal parts give equal files."""
FILE_MODE = 0o100644 << 16
ZIP64_FIELD = 1
MAX_SHORT_SIZE = (1 << 31) - 1
"""The largest size or offset outside of ZIP64 fields: some programs read 32 bits as a signed number."""
MAX_SHORT_COUNT = (1 << 16) - 1
IN_ZIP64_FIELD = (1 << 32) - 1

_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_DIRECTORY_ENTRY = struct.Struct("<4s4B4H3L5H2L")
_DIRECTORY_END = struct.Struct("<4s4H2LH")
_DIRECTORY_END_64 = struct.Struct("<4sQ2H2L4Q")
_DIRECTORY_LOCATOR_64 = struct.Struct("<4sLQL")


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A member of a ZIP file: its ASCII name, its size in bytes and its CRC-32."""

    name: str
    size: int
    crc: int


def build_local_header(member: ZipMember) -> bytes:
    """Build what precedes the content of a member."""
    name = member.name.encode("ascii")
    sizes = struct.pack("<2H2Q", ZIP64_FIELD, 16, member.size, member.size)
    fixed = _LOCAL_HEADER.pack(
        b"PK\3\4", VERSION, 0, 0, 0, FIXED_DATE, member.crc, IN_ZIP64_FIELD, IN_ZIP64_FIELD, len(name), len(sizes)
    )
    return fixed + name + sizes


def build_directory(members: Sequence[tuple[ZipMember, int]], start: int) -> bytes:
    """Build the central directory, which ends the file and begins at the offset `start`.

    `members` are in order, each with the offset of its local header.
    """
    entries = b"".join(_build_entry(member, offset) for member, offset in members)
    return entries + _build_end(len(members), len(entries), start)


def _build_entry(member: ZipMember, offset: int) -> bytes:
    name = member.name.encode("ascii")
    is_large, is_far = member.size > MAX_SHORT_SIZE, offset > MAX_SHORT_SIZE
    extra = _build_zip64_field([member.size, member.size] * is_large + [offset] * is_far)
    size = IN_ZIP64_FIELD if is_large else member.size
    fixed = _DIRECTORY_ENTRY.pack(
        b"PK\1\2",
        VERSION,
        UNIX,
        VERSION,
        0,
        0,  # flags
        0,  # uncompressed
        0,  # time
        FIXED_DATE,
        member.crc,
        size,
        size,
        len(name),
        len(extra),
        0,  # comment
        0,  # disk
        0,  # internal attributes
        FILE_MODE,
        IN_ZIP64_FIELD if is_far else offset,
    )
    return fixed + name + extra


def _build_zip64_field(values: Iterable[int]) -> bytes:
    content = b"".join(struct.pack("<Q", value) for value in values)
    return struct.pack("<2H", ZIP64_FIELD, len(content)) + content if content else b""


def _build_end(count: int, size: int, start: int) -> bytes:
    end64 = b""
    if count > MAX_SHORT_COUNT or max(size, start) > MAX_SHORT_SIZE:
        end64 = _DIRECTORY_END_64.pack(b"PK\6\6", 44, VERSION, VERSION, 0, 0, count, count, size, start)
        end64 += _DIRECTORY_LOCATOR_64.pack(b"PK\6\7", 0, start + size, 1)
    short_count = min(count, MAX_SHORT_COUNT)
    short_size, short_start = min(size, IN_ZIP64_FIELD), min(start, IN_ZIP64_FIELD)
    return end64 + _DIRECTORY_END.pack(b"PK\5\6", 0, 0, short_count, short_count, short_size, short_start, 0)
