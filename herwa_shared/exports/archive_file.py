"""The file of an export: bytes of its index and parts, read as one file without a copy of the parts.

The index is a JSON file beside the parts. It lists the pieces of the file in their order.
"""

import base64
import io
import json
import os
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

INDEX_NAME = "index.json"


class ArchiveChanged(OSError):
    """A part is not the one of the index."""


@dataclass(frozen=True, slots=True)
class ArchivePiece:
    """Consecutive bytes of the file: `content`, or the whole part file `part_name`. `size` is in bytes."""

    size: int
    content: bytes = b""
    part_name: str = ""


def write_index(path: Path, pieces: Sequence[ArchivePiece]) -> None:
    """Write the index and synchronize it with the disk."""
    with path.open("w") as file:
        json.dump([_encode(piece) for piece in pieces], file)
        file.flush()
        os.fsync(file.fileno())


class ArchiveFile(io.RawIOBase):
    """The file of an export, for `io.BufferedReader`, because one call reads from one piece only.

    Its folder stays open: if the export is deleted or written again meanwhile, reading fails and never mixes two files.
    """

    def __init__(self, folder: Path) -> None:
        """Open the file of an export. Raises FileNotFoundError if it has none."""
        self._part: tuple[str, int] | None = None
        self._position = 0
        self._folder = -1
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with open(INDEX_NAME, opener=partial(os.open, dir_fd=self._folder)) as file:
                self._pieces = [_decode(item) for item in json.load(file)]
        except BaseException:
            self.close()
            raise
        self._ends = list(accumulate(piece.size for piece in self._pieces))

    def readable(self) -> bool:
        """Return True: the file can be read."""
        return True

    def seekable(self) -> bool:
        """Return True: the file can be read from any position."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position, and return it. Raises ValueError for a negative one."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._ends[-1]}[whence]
        if start + offset < 0:
            raise ValueError(f"negative position {start + offset}")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Read bytes of one piece; 0 at the end. Raises ArchiveChanged, and FileNotFoundError if it was deleted."""
        index = bisect_right(self._ends, self._position)
        if index == len(self._pieces):
            return 0
        piece = self._pieces[index]
        offset = self._position - (self._ends[index] - piece.size)
        view = memoryview(buffer).cast("B")[: piece.size - offset]
        if piece.part_name:
            count = os.preadv(self._open_part(piece), [view], offset)
            if not count and view:
                raise ArchiveChanged(piece.part_name)
        else:
            count = len(view)
            view[:] = piece.content[offset : offset + count]
        self._position += count
        return count

    def close(self) -> None:
        """Close the folder and the part that is open."""
        if not self.closed and self._folder >= 0:
            self._close_part()
            os.close(self._folder)
        super().close()

    def _open_part(self, piece: ArchivePiece) -> int:
        """Return the descriptor of a part; one is open at a time."""
        if self._part is None or self._part[0] != piece.part_name:
            self._close_part()
            part = os.open(piece.part_name, os.O_RDONLY, dir_fd=self._folder)
            self._part = (piece.part_name, part)
            if os.fstat(part).st_size != piece.size:
                raise ArchiveChanged(piece.part_name)
        return self._part[1]

    def _close_part(self) -> None:
        if self._part is not None:
            os.close(self._part[1])
            self._part = None


def _encode(piece: ArchivePiece) -> dict[str, Any]:
    if piece.part_name:
        return {"part": piece.part_name, "size": piece.size}
    return {"content": base64.b64encode(piece.content).decode()}


def _decode(item: dict[str, Any]) -> ArchivePiece:
    if "part" in item:
        return ArchivePiece(item["size"], part_name=item["part"])
    content = base64.b64decode(item["content"])
    return ArchivePiece(len(content), content)
