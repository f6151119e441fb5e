"""Send a file that is not one file on the disk, or one range of it (RFC 9110, section 14)."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import BinaryIO

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

BLOCK_BYTES = 1 << 18
_RANGE = re.compile(r"bytes\s*=\s*(?P<first>[0-9]{0,19})\s*-\s*(?P<last>[0-9]{0,19})\s*", re.IGNORECASE)


def find_range(request: Request, size: int, *, etag: str) -> range | None:
    """Find the bytes that a request asks for, as `parse_range` does; None for the whole file.

    A request for several ranges gets the whole file, which the RFC allows.
    """
    if request.headers.get("If-Range", etag) != etag:
        return None
    return parse_range(request.headers.get("Range", ""), size)


def send_file(
    file: BinaryIO, size: int, wanted: range | None, *, etag: str, media_type: str, headers: Mapping[str, str]
) -> Response:
    """Send these bytes of a file of `size` bytes, by default all. The response closes the file."""
    headers = {**headers, "ETag": etag, "Accept-Ranges": "bytes"}
    if wanted is None:
        headers["Content-Length"] = str(size)
        return StreamingResponse(_read(file, range(size)), headers=headers, media_type=media_type)
    if not wanted:
        file.close()
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers |= {
        "Content-Length": str(len(wanted)),
        "Content-Range": f"bytes {wanted.start}-{wanted.stop - 1}/{size}",
    }
    return StreamingResponse(_read(file, wanted), status_code=206, headers=headers, media_type=media_type)


def parse_range(value: str, size: int) -> range | None:
    """Parse a `Range` header to the bytes of a file of `size` bytes: empty if it has none of them.

    None for a header that is to be ignored: none at all, an invalid one, or one with several ranges.
    """
    match = _RANGE.fullmatch(value.strip())
    if match is None:
        return None
    first, last = match["first"], match["last"]
    if not first:
        return range(max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(size, int(last) + 1) if last else size)


async def _read(file: BinaryIO, wanted: range) -> AsyncIterator[bytes]:
    with file:
        file.seek(wanted.start)
        remaining = len(wanted)
        while remaining:
            block = await asyncio.to_thread(file.read, min(BLOCK_BYTES, remaining))
            if not block:
                raise EOFError("the file is shorter than it was")
            remaining -= len(block)
            yield block
