"""The request's body as it arrives, decompressed on the way."""

import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

import lz4.frame  # type: ignore[import-untyped]  # ships no types
import zstandard

from herwa_shared.embedded.clickhouse_server.errors import (
    INCORRECT_DATA,
    NOT_IMPLEMENTED,
    ClientDisconnect,
    EngineError,
)

Receive = Callable[[], Awaitable[Any]]


class _Decompressor(Protocol):
    """One frame: more bytes in, more bytes out; `unused_data` belongs to the next frame."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, /) -> bytes: ...


_FRAME_FACTORIES: dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.decompressobj(wbits=zlib.MAX_WBITS | 16),
    "deflate": zlib.decompressobj,
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
}


async def read_body(receive: Receive, encoding: str) -> AsyncIterator[bytes]:
    """The body in pieces. Raises Disconnected when it ends too early, EngineError when it cannot be decompressed."""
    if encoding in ("", "identity"):
        async for piece in _receive_pieces(receive):
            yield piece
        return
    if encoding not in _FRAME_FACTORIES:
        raise EngineError.from_code(NOT_IMPLEMENTED, "NOT_IMPLEMENTED", f"Unknown Content-Encoding {encoding}")
    async for piece in _decompress(receive, _FRAME_FACTORIES[encoding]):
        yield piece


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client has closed its connection. For use after the body."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _receive_pieces(receive: Receive) -> AsyncIterator[bytes]:
    has_more = True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        has_more = message.get("more_body", False)
        if piece := message.get("body"):
            yield piece


async def _decompress(receive: Receive, create_frame: Callable[[], _Decompressor]) -> AsyncIterator[bytes]:
    """A body may be several frames, one after the other; one cut short is an error."""
    frame = create_frame()
    is_complete = True
    async for piece in _receive_pieces(receive):
        data = piece
        while data:
            if frame.eof:
                frame = create_frame()
            try:
                output = frame.decompress(data)
            except (zlib.error, RuntimeError, zstandard.ZstdError) as error:
                raise EngineError.from_code(
                    INCORRECT_DATA, "INCORRECT_DATA", f"The body cannot be decompressed: {error}"
                ) from None
            data = (frame.unused_data or b"") if frame.eof else b""
            is_complete = frame.eof
            if output:
                yield output
    if not is_complete:
        raise EngineError.from_code(INCORRECT_DATA, "INCORRECT_DATA", "The compressed body ends in the middle")
