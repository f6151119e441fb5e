"""Connections that send any bytes, from any loopback address, as a hostile client would."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

READ_TIMEOUT_SECONDS = 30
WEBSOCKET_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


@dataclass(frozen=True)
class RawResponse:
    """An HTTP response. `headers` keeps repeated headers."""

    status: int
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    def get_values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


class RawConnection:
    """A TCP connection to a server on this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes; a connection that the server has closed is no error."""
        with suppress(OSError):
            self.writer.write(data)
            await self.writer.drain()

    async def read_response(self) -> RawResponse:
        """Read a response and its body of known length."""
        async with asyncio.timeout(READ_TIMEOUT_SECONDS):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status_line, *lines = head.strip().split("\r\n")
            headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
            response = RawResponse(int(status_line.split()[1]), headers)
            length = int((response.get_values("content-length") or ["0"])[0])
            return RawResponse(response.status, headers, await self.reader.readexactly(length))

    async def wait_until_closed(self) -> None:
        """Discard what the server still sends until it closes the connection."""
        async with asyncio.timeout(READ_TIMEOUT_SECONDS):
            with suppress(OSError):
                while await self.reader.read(65_536):
                    pass

    async def read_frame(self) -> tuple[int, bytes]:
        """Read one WebSocket frame of the server: its opcode and payload."""
        async with asyncio.timeout(READ_TIMEOUT_SECONDS):
            first, length = await self.reader.readexactly(2)
            if length == 126:
                (length,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 0x0F, await self.reader.readexactly(length)

    async def wait_for_text(self, start: bytes) -> bytes:
        """Read WebSocket frames until one has a text that begins like this; return it."""
        while True:
            opcode, payload = await self.read_frame()
            if opcode == TEXT and payload.startswith(start):
                return payload


@asynccontextmanager
async def open_connection(port: int, *, source: str = "127.0.0.1") -> AsyncIterator[RawConnection]:
    """Connect from this loopback address."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        yield RawConnection(reader, writer)
    finally:
        await abort(writer)


async def abort(writer: asyncio.StreamWriter) -> None:
    """Reset the connection."""
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


def build_request(
    path: str, *, host: str, method: str = "GET", headers: Iterable[tuple[str, str]] = (), body: bytes = b""
) -> bytes:
    """Build an HTTP request with a `Host` header. A body is sent with its length unless a header announces it."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{name}:{value}" for name, value in headers)]
    if body and not any(name.lower() in {"content-length", "transfer-encoding"} for name, _ in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def build_handshake(path: str, *, host: str, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """Build a WebSocket handshake from a page of this host."""
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
    own = [*upgrade, ("Sec-WebSocket-Key", WEBSOCKET_KEY), ("Origin", f"http://{host}")]
    return build_request(path, host=host, headers=[*own, *headers])


def build_frame(opcode: int, payload: bytes = b"", *, is_final: bool = True, is_compressed: bool = False) -> bytes:
    """Build a masked WebSocket frame of a client."""
    first = opcode | (0x80 if is_final else 0) | (0x40 if is_compressed else 0)
    if len(payload) < 126:
        head = bytes([first, 0x80 | len(payload)])
    elif len(payload) < 65_536:
        head = bytes([first, 0x80 | 126]) + struct.pack("!H", len(payload))
    else:
        head = bytes([first, 0x80 | 127]) + struct.pack("!Q", len(payload))
    mask = os.urandom(4)
    repeated = (mask * (len(payload) // 4 + 1))[: len(payload)]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return head + mask + masked.to_bytes(len(payload), "big")
