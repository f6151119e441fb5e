"""Read rows of SELECTs from ClickHouse through its HTTP interface, as JSON.

`clickhouse-connect` spends several milliseconds of CPU on a statement: it parses the SQL for parameters, reads the
native format in a thread, and supports far more than reading numbers needs. This reader sends the same requests over
connections of its own.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from clickhouse_connect.driver.exceptions import DatabaseError

from herwa_shared.clickhouse.fair_share import FIRST_SETTINGS, FairShare

MAX_IDLE_CONNECTIONS = 8
MAX_HEAD_BYTES = 1 << 16
TIMEOUT_SECONDS = 60.0
ERROR_CODE_HEADER = b"x-clickhouse-exception-code"
Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class ReaderTarget:
    """A ClickHouse server and the account that reads. `settings` are sent with each statement.

    `is_fair`: the account may set a priority, so that statements of servers with heavy questions yield.
    """

    host: str
    port: int
    is_secure: bool
    user: str
    password: str
    database: str
    settings: Mapping[str, str]
    is_fair: bool = False


@dataclass(frozen=True, slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    headers: Mapping[bytes, bytes]
    body: bytes


class RowReader:
    """Reads rows over kept-alive connections. Call `close()` at the end."""

    def __init__(self, target: ReaderTarget) -> None:
        self._target = target
        self._idle: list[_Connection] = []
        self._shares = FairShare()
        parameters = {
            "database": target.database,
            "default_format": "JSONCompactEachRow",
            "wait_end_of_query": "1",  # so that an error has a status of its own
            **target.settings,
        }
        self._path = f"/?{urlencode(parameters)}"
        headers = {
            "Host": f"{target.host}:{target.port}",
            "X-ClickHouse-User": quote(target.user),
            "X-ClickHouse-Key": target.password,
            "User-Agent": "herwa",
        }
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    async def fetch(self, sql: str, parameters: Mapping[str, Any], *, guild_id: int | None = None) -> Rows:
        """Run a SELECT and return its rows. Integers, texts, arrays and nulls are returned as such.

        The statement counts as use of the server `guild_id`, and may yield to those of others.

        If the caller is cancelled, the connection is closed, which ends the statement. Raises DatabaseError with
        ClickHouse's message, OSError if it cannot be reached.
        """
        async with asyncio.timeout(TIMEOUT_SECONDS), self._share(guild_id) as settings:
            response = await self._request(self._build_request(sql, parameters, settings))
        if response.status != 200 or ERROR_CODE_HEADER in response.headers:
            raise DatabaseError(response.body.decode(errors="replace")[:1_000])
        rows: Rows = orjson.loads(b"[" + response.body.strip().replace(b"\n", b",") + b"]")
        return rows

    def _share(self, guild_id: int | None) -> AbstractAsyncContextManager[Mapping[str, str]]:
        """Return a context that yields the settings of a statement, and ends with it."""
        if not self._target.is_fair:
            return nullcontext({})
        return nullcontext(FIRST_SETTINGS) if guild_id is None else self._shares.run(guild_id)

    async def close(self) -> None:
        """Close all idle connections."""
        for connection in self._idle:
            connection.writer.close()
        self._idle.clear()

    def _build_request(self, sql: str, parameters: Mapping[str, Any], settings: Mapping[str, str]) -> bytes:
        query = "".join(f"&{name}={value}" for name, value in settings.items())
        query += "".join(f"&param_{name}={_quote(format_parameter(value))}" for name, value in parameters.items())
        body = sql.encode()
        head = f"POST {self._path}{query} HTTP/1.1\r\n{self._headers}Content-Length: {len(body)}\r\n\r\n"
        return head.encode("latin-1") + body

    async def _request(self, request: bytes) -> _Response:
        """Send a request. The server may have closed an idle connection, so another one is tried."""
        while (connection := self._take_idle()) is not None:
            with suppress(ConnectionError, EOFError):
                return await self._send(connection, request)
        try:
            return await self._send(await self._connect(), request)
        except EOFError as error:
            raise ConnectionResetError(str(error)) from error

    async def _send(self, connection: _Connection, request: bytes) -> _Response:
        """Send a request and keep the connection, unless it fails."""
        is_complete = False
        try:
            response = await _exchange(connection, request)
            is_complete = response.headers.get(b"connection", b"").lower() != b"close"
            return response
        finally:
            if is_complete and len(self._idle) < MAX_IDLE_CONNECTIONS:
                self._idle.append(connection)
            else:
                connection.writer.close()

    def _take_idle(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not (connection.reader.at_eof() or connection.writer.is_closing()):
                return connection
            connection.writer.close()
        return None

    async def _connect(self) -> _Connection:
        context = ssl.create_default_context() if self._target.is_secure else None
        return _Connection(
            *await asyncio.open_connection(self._target.host, self._target.port, ssl=context, limit=MAX_HEAD_BYTES)
        )


def format_parameter(value: Any) -> str:
    """Format the value of a query parameter as ClickHouse's escaped text. Raises TypeError for other types."""
    if isinstance(value, bool) or value is None:
        message = f"unsupported parameter: {value!r}"
        raise TypeError(message)
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    if isinstance(value, list | tuple):
        return f"[{','.join(_format_element(element) for element in value)}]"
    message = f"unsupported parameter: {type(value).__name__}"
    raise TypeError(message)


def _quote(text: str) -> str:
    """Quote the value of a parameter of the URL. `quote` is fast for text of which nothing must be quoted."""
    is_array = text.startswith("[") and text.endswith("]")
    return f"%5B{quote(text[1:-1], safe=',')}%5D" if is_array else quote(text, safe=",")


def _format_element(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return format_parameter(value)


async def _exchange(connection: _Connection, request: bytes) -> _Response:
    connection.writer.write(request)
    await connection.writer.drain()
    head = await connection.reader.readuntil(b"\r\n\r\n")
    status_line, *lines = head.split(b"\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines if line)}
    return _Response(int(status_line.split()[1]), headers, await _read_body(connection.reader, headers))


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[bytes, bytes]) -> bytes:
    if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
        chunks = []
        while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
            chunks.append(await reader.readexactly(size))
            await reader.readexactly(2)
        await reader.readuntil(b"\r\n")
        return b"".join(chunks)
    return await reader.readexactly(int(headers.get(b"content-length", b"0")))
