"""Storage of the CDN: the files that the bot uploads, limited to the newest 300."""

import re
import struct
import zlib
from pathlib import Path

MAX_FILES = 300
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class FileStore:
    """Files in one folder, named by attachment id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, id_: int, content: bytes) -> None:
        """Store the file, and delete the oldest files above the limit."""
        (self._folder / str(id_)).write_bytes(content)
        paths = sorted(self._folder.iterdir(), key=lambda path: int(path.name))
        for expired in paths[:-MAX_FILES]:
            expired.unlink()

    def find(self, id_: int) -> bytes | None:
        """Return the file, or None if it was never stored or already evicted."""
        path = self._folder / str(id_)
        return path.read_bytes() if path.exists() else None


def sanitize_filename(name: str) -> str:
    """Return the file name as Discord would store it: without path and spaces."""
    return re.sub(r"[^\w.\-]+", "_", name.rsplit("/", 1)[-1]) or "file"


def read_png_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG in pixels, or None for other content."""
    if not content.startswith(_PNG_SIGNATURE) or len(content) < 24:
        return None
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def create_plain_png(seed: int, side: int = 64) -> bytes:
    """Create a single-color PNG; the color depends on the seed.

    It stands in for attachments that were never uploaded.
    """
    color = bytes(96 + (seed >> shift & 0x7F) for shift in (0, 7, 14))
    rows = (b"\0" + color * side) * side
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        _PNG_SIGNATURE
        + _encode_chunk(b"IHDR", header)
        + _encode_chunk(b"IDAT", zlib.compress(rows))
        + _encode_chunk(b"IEND", b"")
    )


def _encode_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
