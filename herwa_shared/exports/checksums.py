"""SHA-256 and CRC-32 of the parts of exports: the first for people, the second for ZIP files."""

import hashlib
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

READ_BYTES = 1 << 20


@dataclass(slots=True)
class Checksums:
    """The checksums and the size in bytes of content that arrives block by block."""

    size: int = 0
    crc: int = 0
    _sha256: Any = field(default_factory=hashlib.sha256)

    def add(self, block: bytes) -> None:
        """Add the next block. Large blocks release the GIL."""
        self.size += len(block)
        self.crc = zlib.crc32(block, self.crc)
        self._sha256.update(block)

    @property
    def digest(self) -> bytes:
        """The SHA-256 of all blocks."""
        return bytes(self._sha256.digest())


def compute_checksums(path: Path) -> Checksums:
    """Compute the checksums of a file."""
    checksums = Checksums()
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            checksums.add(block)
    return checksums


def compute_crc(path: Path) -> int:
    """Compute the CRC-32 of a file."""
    buffer, crc = bytearray(READ_BYTES), 0
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            crc = zlib.crc32(view[:count], crc)
    return crc
