"""Request parsing: credentials, database, settings, parameters, and the decompressed body."""

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

# Parameters of the protocol in the query string. Every other parameter is a ClickHouse setting. A server is allowed to
# ignore sessions, progress and compression of responses.
_PROTOCOL_PARAMETERS = frozenset(
    {"query", "database", "default_format", "user", "password", "query_id", "quota_key", "role"}
    | {"session_id", "session_timeout", "session_check", "client_protocol_version"}
    | {"compress", "decompress", "enable_http_compression", "buffer_size", "wait_end_of_query"}
    | {"send_progress_in_http_headers", "http_headers_progress_interval_ms"}
    | {"cancel_http_readonly_queries_on_client_close"}
)
_DEFAULT_SETTINGS = {"async_insert": "0"}  # the response to an insert is sent when its rows are in the table
_FRAME_FACTORIES: dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.decompressobj(wbits=zlib.MAX_WBITS | 16),
    "deflate": zlib.decompressobj,
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
}


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """The database and settings that a connection must have before the query runs.

    With `is_readonly` the connection can change nothing, neither data nor its own settings.
    """

    database: str
    settings: Mapping[str, str]
    is_readonly: bool = False


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """Query string and headers of a request. The body is read separately."""

    path: str
    query: str
    connection_settings: ConnectionSettings
    parameters: Mapping[str, str]
    protocol: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)

    @property
    def waits_for_end(self) -> bool:
        """Whether to send a complete result, or an error with its status, instead of a stream."""
        return self.protocol.get("wait_end_of_query", "0") in ("1", "true")

    @property
    def credentials(self) -> tuple[str, str]:
        """User and password: from basic authentication, ClickHouse's headers or the query string."""
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
    """Parse an ASGI scope. `database` is the default database."""
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
    """Extract the query parameters (`param_x`) by name."""
    return {name.removeprefix("param_"): value for name, value in fields.items() if name.startswith("param_")}


async def read_body(receive: Receive, encoding: str) -> AsyncIterator[bytes]:
    """Read the body in chunks and decompress it.

    Raises ClientDisconnect if it ends too early, EngineError if it cannot be decompressed.
    """
    if encoding in ("", "identity"):
        async for chunk in _receive_chunks(receive):
            yield chunk
        return
    if encoding not in _FRAME_FACTORIES:
        raise EngineError.from_code(NOT_IMPLEMENTED, "NOT_IMPLEMENTED", f"Unknown Content-Encoding {encoding}")
    async for chunk in _decompress(receive, _FRAME_FACTORIES[encoding]):
        yield chunk


async def wait_for_disconnect(receive: Receive) -> None:
    """Wait until the client has closed its connection. Call it after the body was read."""
    while (await receive())["type"] != "http.disconnect":
        pass


class _Decompressor(Protocol):
    """Decompresses one frame. `unused_data` belongs to the next frame."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, /) -> bytes: ...


async def _receive_chunks(receive: Receive) -> AsyncIterator[bytes]:
    has_more = True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        has_more = message.get("more_body", False)
        if chunk := message.get("body"):
            yield chunk


async def _decompress(receive: Receive, create_frame: Callable[[], _Decompressor]) -> AsyncIterator[bytes]:
    """Decompress a body of one or more consecutive frames. A truncated frame is an error."""
    frame = create_frame()
    is_complete = True
    async for chunk in _receive_chunks(receive):
        data = chunk
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
