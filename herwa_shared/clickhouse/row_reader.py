"""Read rows of SELECTs from ClickHouse through its HTTP interface, as JSON.

`clickhouse-connect` spends several milliseconds of CPU on a statement: it parses the SQL for parameters, reads the
native format in a thread, and supports far more than reading numbers needs.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import orjson
from clickhouse_connect.driver.exceptions import DatabaseError
from yarl import URL

from herwa_shared.clickhouse.fair_share import FIRST_SETTINGS, FairShare

TIMEOUT_SECONDS = 60.0
ERROR_CODE_HEADER = "X-ClickHouse-Exception-Code"
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


class RowReader:
    """Reads rows over kept-alive connections, within a running event loop. Call `close()` at the end."""

    def __init__(self, target: ReaderTarget) -> None:
        self._target = target
        self._shares = FairShare()
        parameters = {
            "database": target.database,
            "default_format": "JSONCompactEachRow",
            "wait_end_of_query": "1",  # so that an error has a status of its own
            **target.settings,
        }
        scheme = "https" if target.is_secure else "http"
        self._url = f"{scheme}://{target.host}:{target.port}/?{urlencode(parameters)}"

    async def fetch(self, sql: str, parameters: Mapping[str, Any], *, guild_id: int | None = None) -> Rows:
        """Run a SELECT and return its rows. Integers, texts, arrays and nulls are returned as such.

        The statement counts as use of the server `guild_id`, and may yield to those of others.

        If the caller is cancelled, the connection is closed, which ends the statement. Raises DatabaseError with
        ClickHouse's message, OSError if it cannot be reached.
        """
        async with asyncio.timeout(TIMEOUT_SECONDS), self._share(guild_id) as settings:
            body = await self._request(self._build_url(parameters, settings), sql.encode())
        rows: Rows = orjson.loads(b"[" + body.strip().replace(b"\n", b",") + b"]")
        return rows

    def _share(self, guild_id: int | None) -> AbstractAsyncContextManager[Mapping[str, str]]:
        """Return a context that yields the settings of a statement, and ends with it."""
        if not self._target.is_fair:
            return nullcontext({})
        return nullcontext(FIRST_SETTINGS) if guild_id is None else self._shares.run(guild_id)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    @cached_property
    def _client(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(),
            headers={
                "X-ClickHouse-User": quote(self._target.user),
                "X-ClickHouse-Key": self._target.password,
                "User-Agent": "herwa",
            },
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type"),
        )

    def _build_url(self, parameters: Mapping[str, Any], settings: Mapping[str, str]) -> URL:
        query = "".join(f"&{name}={value}" for name, value in settings.items())
        query += "".join(f"&param_{name}={_quote(format_parameter(value))}" for name, value in parameters.items())
        return URL(self._url + query, encoded=True)

    async def _request(self, url: URL, sql: bytes) -> bytes:
        """Send a statement and return the body of the response.

        The server may have closed the connection that was kept, so a statement is repeated once.
        """
        try:
            return await self._send(url, sql)
        except ConnectionResetError:
            return await self._send(url, sql)

    async def _send(self, url: URL, sql: bytes) -> bytes:
        try:
            async with self._client.post(url, data=sql, allow_redirects=False) as response:
                body = await response.read()
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
            raise ConnectionResetError(str(error)) from error
        if response.status != 200 or ERROR_CODE_HEADER in response.headers:
            raise DatabaseError(body.decode(errors="replace")[:1_000])
        return body


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
