"""Answers without an end in sight: the engine writes them into a pipe, in any format, in constant memory."""

import asyncio
import fcntl
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager

from herwa_shared.embedded.clickhouse_server.answer import Send, headers_for, start
from herwa_shared.embedded.clickhouse_server.errors import EngineError
from herwa_shared.embedded.clickhouse_server.handle import Handle
from herwa_shared.embedded.clickhouse_server.pool import Pool
from herwa_shared.embedded.clickhouse_server.request import Request
from herwa_shared.embedded.clickhouse_server.statement import format_of, into_outfile

_PIPE_BYTES = 1 << 20


async def run_stream(
    pool: Pool, request: Request, sql: str, *, tag: str, send: Send, is_gone: Callable[[], bool]
) -> None:
    """Run a read and send its answer as it comes. Raises EngineError when it failed before the first byte."""
    async with pool.lend(request.session) as handle:
        with _pipe() as (reading, writing):
            form = request.protocol.get("default_format")
            sql_to_pipe = into_outfile(sql, f"/dev/fd/{writing}", form) + tag
            query = pool.run(_query_into, handle, sql_to_pipe, request.parameters, writing)
            try:
                exception_tag = secrets.token_hex(8)
                headers = headers_for(request, format_of(sql, form)) | {"x-clickhouse-exception-tag": exception_tag}
                await _pass_on(reading, query, headers, exception_tag, send=send, is_gone=is_gone)
            finally:
                await _end(pool, query, tag, reading)


async def _pass_on(
    reading: int,
    query: asyncio.Future[None],
    headers: dict[str, str],
    exception_tag: str,
    *,
    send: Send,
    is_gone: Callable[[], bool],
) -> None:
    started = False
    async for piece in _pieces(reading):
        if is_gone():
            return
        if not started:
            await start(send, headers)
            started = True
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    last = b""
    try:
        await query
    except EngineError as error:
        if not started:
            raise
        last = _trailer(error, exception_tag)
    if not started:
        await start(send, headers)
    await send({"type": "http.response.body", "body": last})


def _query_into(handle: Handle, sql: str, parameters: Mapping[str, str], writing: int) -> None:
    """Runs in a thread. Our writing end closes when the query is over: the reader then sees the end, and not before."""
    try:
        handle.query(sql, "TabSeparated", parameters)
    finally:
        os.close(writing)


async def _pieces(reading: int) -> AsyncIterator[bytes]:
    """What comes out of the pipe, until every writer has closed it."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            piece = os.read(reading, _PIPE_BYTES)
        except BlockingIOError:
            readable = loop.create_future()
            loop.add_reader(reading, _settle, readable)
            try:
                await readable
            finally:
                loop.remove_reader(reading)
            continue
        if not piece:
            return
        yield piece


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _end(pool: Pool, query: asyncio.Future[None], tag: str, reading: int) -> None:
    """Leave no query behind: a writer into a pipe that nobody reads does not end by itself."""
    os.close(reading)
    while not query.done():
        await pool.kill(tag)
        await asyncio.wait((query,), timeout=0.1)
    query.exception()


@contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    """A wide pipe: the end to read from without waiting, and the end to write to. Each is closed by its user."""
    reading, writing = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    os.set_blocking(reading, False)
    yield reading, writing


def _trailer(error: EngineError, tag: str) -> bytes:
    """How ClickHouse reports an error in the middle of an answer whose status has been sent."""
    text = f"{error}\n"
    return f"\r\n__exception__\r\n{tag}\r\n{text}{len(text.encode())} {tag}\r\n__exception__\r\n".encode()
