"""Execution of inserts and of streamed reads.

Inserts: the rows are written to a file, which the engine reads in one query. That query either reports an error or has
succeeded. chDB's own streaming insert is not used, because it reports success when the engine failed after parsing.

Streamed reads: the engine writes the result into a pipe, in any format. Memory use is constant.
"""

import asyncio
import fcntl
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from herwa_shared.embedded.clickhouse_server.errors import EngineError
from herwa_shared.embedded.clickhouse_server.pool import ConnectionPool, EngineConnection
from herwa_shared.embedded.clickhouse_server.request import QueryRequest
from herwa_shared.embedded.clickhouse_server.responses import (
    Send,
    build_headers,
    build_summary,
    send_response,
    start_response,
)
from herwa_shared.embedded.clickhouse_server.sql_inspection import InsertStatement, build_outfile_sql, get_output_format

_PIPE_BYTES = 1 << 20
_READ_BYTES = 1 << 17  # fits into the cache of a processor: larger pieces are copied more slowly


async def run_insert(
    pool: ConnectionPool,
    request: QueryRequest,
    insert: InsertStatement,
    rows: AsyncIterator[bytes],
    *,
    spool_dir: Path,
    send: Send,
) -> None:
    """Receive all rows, then insert them. An incomplete or unreadable body inserts nothing."""
    # The file has no name and disappears with the process, so nothing needs cleaning up after a crash.
    with tempfile.TemporaryFile(dir=spool_dir) as file:
        size = 0
        async for chunk in rows:
            size += file.write(chunk)
        file.flush()
        file.seek(0)
        headers = build_headers(request, insert.format)
        if size == 0:
            await send_response(send, b"", headers | {"x-clickhouse-summary": '{"written_rows": "0"}'})
            return
        sql = insert.build_infile_sql(f"/dev/fd/{file.fileno()}")
        async with pool.acquire(request.connection_settings) as connection:
            result = await pool.run(connection.query, sql, "TabSeparated", request.parameters)
        await send_response(send, b"", headers | build_summary(result))


async def run_stream(
    pool: ConnectionPool, request: QueryRequest, sql: str, *, tag: str, send: Send, is_disconnected: Callable[[], bool]
) -> None:
    """Run a read and stream its result. Raises EngineError if it fails before the first byte."""
    async with pool.acquire(request.connection_settings) as connection:
        with _open_pipe() as (read_fd, write_fd):
            default_format = request.protocol.get("default_format")
            sql_to_pipe = build_outfile_sql(sql, f"/dev/fd/{write_fd}", default_format) + tag
            query = pool.run(_run_into_pipe, connection, sql_to_pipe, request.parameters, write_fd)
            try:
                exception_tag = secrets.token_hex(8)
                headers = build_headers(request, get_output_format(sql, default_format)) | {
                    "x-clickhouse-exception-tag": exception_tag
                }
                await _forward(read_fd, query, headers, exception_tag, send=send, is_disconnected=is_disconnected)
            finally:
                await _kill_query(pool, query, tag, read_fd)


async def _forward(
    read_fd: int,
    query: asyncio.Future[None],
    headers: dict[str, str],
    exception_tag: str,
    *,
    send: Send,
    is_disconnected: Callable[[], bool],
) -> None:
    is_started = False
    async for chunk in _read_chunks(read_fd):
        if is_disconnected():
            return
        if not is_started:
            await start_response(send, headers)
            is_started = True
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    trailer = b""
    try:
        await query
    except EngineError as error:
        if not is_started:
            raise
        trailer = _build_error_trailer(error, exception_tag)
    if not is_started:
        await start_response(send, headers)
    await send({"type": "http.response.body", "body": trailer})


def _run_into_pipe(connection: EngineConnection, sql: str, parameters: Mapping[str, str], write_fd: int) -> None:
    """Run a query that writes into the pipe. Called in a thread.

    Our write end is closed when the query has ended, so the reader sees the end of the file then and not earlier.
    """
    try:
        connection.query(sql, "TabSeparated", parameters)
    finally:
        os.close(write_fd)


async def _read_chunks(read_fd: int) -> AsyncIterator[bytes]:
    """Read from the pipe until every writer has closed it."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            chunk = os.read(read_fd, _READ_BYTES)
        except BlockingIOError:
            future = loop.create_future()
            loop.add_reader(read_fd, _resolve_future, future)
            try:
                await future
            finally:
                loop.remove_reader(read_fd)
            continue
        if not chunk:
            return
        yield chunk


def _resolve_future(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _kill_query(pool: ConnectionPool, query: asyncio.Future[None], tag: str, read_fd: int) -> None:
    """Close the read end and kill the query until it has ended.

    A query that writes into a pipe without a reader does not end on its own.
    """
    os.close(read_fd)
    while not query.done():
        await pool.kill(tag)
        await asyncio.wait((query,), timeout=0.1)
    query.exception()


@contextmanager
def _open_pipe() -> Iterator[tuple[int, int]]:
    """Open a pipe with a large buffer: (non-blocking read end, write end). The users close both."""
    read_fd, write_fd = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(write_fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    os.set_blocking(read_fd, False)
    yield read_fd, write_fd


def _build_error_trailer(error: EngineError, tag: str) -> bytes:
    """Build ClickHouse's trailer for an error that occurs after the status has been sent."""
    text = f"{error}\n"
    return f"\r\n__exception__\r\n{tag}\r\n{text}{len(text.encode())} {tag}\r\n__exception__\r\n".encode()
