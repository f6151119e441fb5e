"""The request's body as it arrives, decompressed on the way.

One HTTP request as its meaning: who asks, in which database, with which settings and parameters.
"""

import base64
import binascii
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

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


# Words of the protocol in the query string; whatever else stands there is a setting. Sessions, progress and compressed
# answers are legal to ignore.
_PROTOCOL_PARAMETERS = frozenset(
    {"query", "database", "default_format", "user", "password", "query_id", "quota_key", "role"}
    | {"session_id", "session_timeout", "session_check", "client_protocol_version"}
    | {"compress", "decompress", "enable_http_compression", "buffer_size", "wait_end_of_query"}
    | {"send_progress_in_http_headers", "http_headers_progress_interval_ms"}
    | {"cancel_http_readonly_queries_on_client_close"}
)
_DEFAULT_SETTINGS = {"async_insert": "0"}  # an insert is in the table when it has been answered


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """What an engine handle must be set to before the query runs."""

    database: str
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """What the query string and the headers say; the body comes apart."""

    path: str
    query: str
    connection_settings: ConnectionSettings
    parameters: Mapping[str, str]
    protocol: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)

    @property
    def waits_for_end(self) -> bool:
        """True when the client wants the whole answer, or an error with its status, and no stream."""
        return self.protocol.get("wait_end_of_query", "0") in ("1", "true")

    @property
    def credentials(self) -> tuple[str, str]:
        """User and password, from whichever of ClickHouse's three places."""
        kind, _, value = self.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                user, _, password = base64.b64decode(value).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return "", ""
            return user, password
        if "x-clickhouse-user" in self.headers:
            return self.headers["x-clickhouse-user"], self.headers.get("x-clickhouse-key", "")
        return self.protocol.get("user", ""), self.protocol.get("password", "")


def parse_request(scope: Mapping[str, Any], *, database: str) -> QueryRequest:
    """Read an ASGI scope; `database` is where a request that names none works."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query_fields = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    requested_database = headers.get("x-clickhouse-database") or query_fields.get("database") or database
    settings = {
        name: value
        for name, value in query_fields.items()
        if name not in _PROTOCOL_PARAMETERS and not name.startswith("param_")
    }
    return QueryRequest(
        path=scope["path"],
        query=query_fields.get("query", ""),
        connection_settings=ConnectionSettings(requested_database, _DEFAULT_SETTINGS | settings),
        parameters=extract_parameters(query_fields),
        protocol={name: value for name, value in query_fields.items() if name in _PROTOCOL_PARAMETERS},
        headers=headers,
    )


def extract_parameters(fields: Mapping[str, str]) -> dict[str, str]:
    """The query parameters (`param_x`) among these fields, by their names."""
    return {name.removeprefix("param_"): value for name, value in fields.items() if name.startswith("param_")}
