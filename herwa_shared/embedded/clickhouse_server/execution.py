"""Inserts: the rows go to a file first, and the engine reads that file in one query, which fails loudly or succeeds.

chDB's own streaming insert reports success where the engine failed behind the parser; it is not used.

Answers without an end in sight: the engine writes them into a pipe, in any format, in constant memory.
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


async def run_insert(
    pool: ConnectionPool,
    request: QueryRequest,
    insert: InsertStatement,
    rows: AsyncIterator[bytes],
    *,
    spool_dir: Path,
    send: Send,
) -> None:
    """Take all the rows, then insert them. A body that breaks off, or cannot be read, inserts nothing."""
    # Without a name, and gone with the process: nothing to clean up after a crash.
    with tempfile.TemporaryFile(dir=spool_dir) as file:
        size = 0
        async for piece in rows:
            size += file.write(piece)
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


_PIPE_BYTES = 1 << 20


async def run_stream(
    pool: ConnectionPool, request: QueryRequest, sql: str, *, tag: str, send: Send, is_disconnected: Callable[[], bool]
) -> None:
    """Run a read and send its answer as it comes. Raises EngineError when it failed before the first byte."""
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
    async for piece in _read_pieces(read_fd):
        if is_disconnected():
            return
        if not is_started:
            await start_response(send, headers)
            is_started = True
        await send({"type": "http.response.body", "body": piece, "more_body": True})
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
    """Runs in a thread. Our writing end closes when the query is over: the reader then sees the end, and not before."""
    try:
        connection.query(sql, "TabSeparated", parameters)
    finally:
        os.close(write_fd)


async def _read_pieces(read_fd: int) -> AsyncIterator[bytes]:
    """What comes out of the pipe, until every writer has closed it."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            piece = os.read(read_fd, _PIPE_BYTES)
        except BlockingIOError:
            future = loop.create_future()
            loop.add_reader(read_fd, _resolve_future, future)
            try:
                await future
            finally:
                loop.remove_reader(read_fd)
            continue
        if not piece:
            return
        yield piece


def _resolve_future(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _kill_query(pool: ConnectionPool, query: asyncio.Future[None], tag: str, read_fd: int) -> None:
    """Leave no query behind: a writer into a pipe that nobody reads does not end by itself."""
    os.close(read_fd)
    while not query.done():
        await pool.kill(tag)
        await asyncio.wait((query,), timeout=0.1)
    query.exception()


@contextmanager
def _open_pipe() -> Iterator[tuple[int, int]]:
    """A wide pipe: the end to read from without waiting, and the end to write to. Each is closed by its user."""
    read_fd, write_fd = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(write_fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    os.set_blocking(read_fd, False)
    yield read_fd, write_fd


def _build_error_trailer(error: EngineError, tag: str) -> bytes:
    """How ClickHouse reports an error in the middle of an answer whose status has been sent."""
    text = f"{error}\n"
    return f"\r\n__exception__\r\n{tag}\r\n{text}{len(text.encode())} {tag}\r\n__exception__\r\n".encode()
