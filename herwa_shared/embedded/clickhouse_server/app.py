"""The ASGI application: who may ask, what is asked, and which way it goes."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from herwa_shared.embedded.clickhouse import DATABASE, USER
from herwa_shared.embedded.clickhouse_server import body, errors, form, statement
from herwa_shared.embedded.clickhouse_server.answer import (
    Send,
    headers_for,
    send_error,
    send_text,
    send_whole,
    summary_of,
)
from herwa_shared.embedded.clickhouse_server.errors import Disconnected, EngineError
from herwa_shared.embedded.clickhouse_server.inserts import run_insert
from herwa_shared.embedded.clickhouse_server.pool import Pool
from herwa_shared.embedded.clickhouse_server.request import Request, parameters_in, read_request
from herwa_shared.embedded.clickhouse_server.streams import run_stream

_HEAD_BYTES = 64 << 10


class App:
    """One user, one password, one engine."""

    def __init__(self, pool: Pool, *, spool: Path, password: str) -> None:
        self._pool = pool
        self._spool = spool
        self._secret = f"{USER}\n{password}".encode()
        spool.mkdir(exist_ok=True)

    async def __call__(self, scope: MutableMapping[str, Any], receive: body.Receive, send: Send) -> None:
        request = read_request(scope, database=DATABASE)
        try:
            await self._answer(request, receive, send)
        except EngineError as error:
            await send_error(send, error)
        except Disconnected:
            return

    async def _answer(self, request: Request, receive: body.Receive, send: Send) -> None:
        if request.path in ("/ping", "/replicas_status"):
            await send_text(send, "Ok.\n")
            return
        self._check(*request.credentials)
        content_type = request.headers.get("content-type", "")
        pieces = body.read_body(receive, request.headers.get("content-encoding", ""))
        if form.is_form(content_type):
            fields = form.read_form(content_type, b"".join([piece async for piece in pieces]))
            request = replace(request, parameters={**request.parameters, **parameters_in(fields)})
            await self._run(request, request.query + fields.get("query", ""), receive, send)
            return
        head = await _read_head(request.query, pieces)
        if insert := statement.find_insert(head):
            rows = _after(head, insert.data_from, pieces)
            await run_insert(self._pool, request, insert, rows, spool=self._spool, send=send)
            return
        sql = head + b"".join([piece async for piece in pieces])
        await self._run(request, sql.decode(), receive, send)

    async def _run(self, request: Request, sql: str, receive: body.Receive, send: Send) -> None:
        if not sql.strip():
            await send_text(send, "Ok.\n")
            return
        if not statement.is_read(sql):
            await self._send_result(request, sql, send)
            return
        tag = self._pool.new_tag()
        async with self._killed_when_gone(tag, receive) as is_gone:
            if request.waits_for_end:
                await self._send_result(request, sql + tag, send, is_gone=is_gone)
            else:
                await run_stream(self._pool, request, sql, tag=tag, send=send, is_gone=is_gone)

    async def _send_result(
        self, request: Request, sql: str, send: Send, *, is_gone: Callable[[], bool] = lambda: False
    ) -> None:
        """Run it to its end, then answer: an error has its status, an answer its summary."""
        answer_format = statement.format_of(sql, request.protocol.get("default_format"))
        async with self._pool.lend(request.session) as handle:
            if is_gone():
                return
            handle.spoiled = statement.leaves_traces(sql)
            result = await self._pool.run(handle.query, sql, answer_format, request.parameters)
        await send_whole(send, result.bytes(), headers_for(request, answer_format) | summary_of(result))

    @asynccontextmanager
    async def _killed_when_gone(self, tag: str, receive: body.Receive) -> AsyncIterator[Callable[[], bool]]:
        """While the block runs, a client that goes away takes its query along. Yields whether it has gone."""
        gone = asyncio.Event()

        async def watch() -> None:
            await body.until_gone(receive)
            gone.set()
            while True:  # it may not have begun
                await self._pool.kill(tag)
                await asyncio.sleep(0.2)

        watching = asyncio.create_task(watch())
        try:
            yield gone.is_set
        finally:
            watching.cancel()

    def _check(self, user: str, password: str) -> None:
        if not hmac.compare_digest(f"{user}\n{password}".encode(), self._secret):
            text = f"{user}: Authentication failed: password is incorrect, or there is no user with such name."
            raise EngineError.of(errors.AUTHENTICATION_FAILED, "AUTHENTICATION_FAILED", text)


async def _read_head(query: str, pieces: AsyncIterator[bytes]) -> bytes:
    """Enough of the statement to know what it is: the one of the address, or the body's beginning."""
    head = f"{query}\n".encode() if query else b""
    async for piece in pieces:
        head += piece
        if len(head) >= _HEAD_BYTES:
            break
    return head


async def _after(head: bytes, begin: int, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if begin < len(head):
        yield memoryview(head)[begin:].tobytes()
    async for piece in pieces:
        yield piece
