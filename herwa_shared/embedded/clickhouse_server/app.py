"""The ASGI application: authenticates a request, classifies its statement and dispatches it."""

import asyncio
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from herwa_shared.embedded.clickhouse import DATABASE
from herwa_shared.embedded.clickhouse_server import form, sql_inspection
from herwa_shared.embedded.clickhouse_server.accounts import (
    WRITER_SETTINGS,
    Account,
    apply_reader_limits,
    check_setting_names,
    find_account,
)
from herwa_shared.embedded.clickhouse_server.errors import ClientDisconnect, EngineError
from herwa_shared.embedded.clickhouse_server.execution import run_insert, run_stream
from herwa_shared.embedded.clickhouse_server.pool import ConnectionPool
from herwa_shared.embedded.clickhouse_server.request import (
    QueryRequest,
    Receive,
    extract_parameters,
    parse_request,
    read_body,
    wait_for_disconnect,
)
from herwa_shared.embedded.clickhouse_server.responses import (
    Send,
    build_headers,
    build_summary,
    send_error,
    send_response,
    send_text,
)
from herwa_shared.embedded.clickhouse_server.sql_inspection import InsertStatement
from herwa_shared.embedded.clickhouse_server.statement_policy import check_reader_statement, check_statement

_MAX_HEAD_BYTES = 64 << 10


class ClickHouseApp:
    """ASGI application for one engine."""

    def __init__(self, pool: ConnectionPool, *, spool_dir: Path, accounts: tuple[Account, ...]) -> None:
        self._pool = pool
        self._spool_dir = spool_dir
        self._accounts = accounts
        spool_dir.mkdir(exist_ok=True)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        request = parse_request(scope, database=DATABASE)
        try:
            await self._dispatch(request, receive, send)
        except EngineError as error:
            await send_error(send, error)
        except ClientDisconnect:
            return

    async def _dispatch(self, request: QueryRequest, receive: Receive, send: Send) -> None:
        if request.path in ("/ping", "/replicas_status"):
            await send_text(send, "Ok.\n")
            return
        request = _restrict(request, find_account(self._accounts, *request.credentials))
        content_type = request.headers.get("content-type", "")
        chunks = read_body(receive, request.headers.get("content-encoding", ""))
        if form.is_form(content_type):
            fields = form.read_form(content_type, b"".join([chunk async for chunk in chunks]))
            request = replace(request, parameters={**request.parameters, **extract_parameters(fields)})
            await self._run_query(request, request.query + fields.get("query", ""), receive, send)
            return
        head = await _read_head(request.query, chunks)
        if insert := sql_inspection.find_insert(head):
            _check_insert(request, insert)
            rows = _read_rows(head, insert.data_offset, chunks)
            await run_insert(self._pool, request, insert, rows, spool_dir=self._spool_dir, send=send)
            return
        sql = head + b"".join([chunk async for chunk in chunks])
        await self._run_query(request, sql.decode(), receive, send)

    async def _run_query(self, request: QueryRequest, sql: str, receive: Receive, send: Send) -> None:
        if not sql.strip():
            await send_text(send, "Ok.\n")
            return
        check_statement(sql)
        if request.connection_settings.is_readonly:
            check_reader_statement(sql)
        if not sql_inspection.is_read(sql):
            await self._send_result(request, sql, send)
            return
        tag = self._pool.create_tag()
        async with self._kill_on_disconnect(tag, receive) as is_disconnected:
            if request.waits_for_end:
                await self._send_result(request, sql + tag, send, is_disconnected=is_disconnected)
            else:
                await run_stream(self._pool, request, sql, tag=tag, send=send, is_disconnected=is_disconnected)

    async def _send_result(
        self, request: QueryRequest, sql: str, send: Send, *, is_disconnected: Callable[[], bool] = lambda: False
    ) -> None:
        """Run a statement to its end, then send its result with a summary, or an error status."""
        output_format = sql_inspection.get_output_format(sql, request.protocol.get("default_format"))
        async with self._pool.acquire(request.connection_settings) as connection:
            if is_disconnected():
                return
            result = await self._pool.run(connection.query, sql, output_format, request.parameters)
            connection.is_dirty = sql_inspection.is_session_change(sql)
        await send_response(send, result.bytes(), build_headers(request, output_format) | build_summary(result))

    @asynccontextmanager
    async def _kill_on_disconnect(self, tag: str, receive: Receive) -> AsyncIterator[Callable[[], bool]]:
        """Kill the query if the client disconnects during the block.

        Yields a function that returns whether the client has disconnected.
        """
        disconnect_event = asyncio.Event()

        async def watch() -> None:
            await wait_for_disconnect(receive)
            disconnect_event.set()
            while True:  # repeated, because the query may not have started yet
                await self._pool.kill(tag)
                await asyncio.sleep(0.2)

        watch_task = asyncio.create_task(watch())
        try:
            yield disconnect_event.is_set
        finally:
            watch_task.cancel()


def _restrict(request: QueryRequest, account: Account) -> QueryRequest:
    """Add the limits of the account to the request. Raises EngineError for a setting that it may not change."""
    target = request.connection_settings
    check_setting_names(target.settings)
    settings = apply_reader_limits(target.settings) if account.is_reader else {**target.settings, **WRITER_SETTINGS}
    return replace(request, connection_settings=replace(target, settings=settings, is_readonly=account.is_reader))


def _check_insert(request: QueryRequest, insert: InsertStatement) -> None:
    """Refuse an insert of a reader, and one whose target or settings are not allowed. Its rows are not SQL."""
    check_statement(insert.target + insert.settings)
    if request.connection_settings.is_readonly:
        check_reader_statement(insert.target)


async def _read_head(query: str, chunks: AsyncIterator[bytes]) -> bytes:
    """Read enough of a statement to classify it: the URL's query, then the start of the body."""
    head = f"{query}\n".encode() if query else b""
    async for chunk in chunks:
        head += chunk
        if len(head) >= _MAX_HEAD_BYTES:
            break
    return head


async def _read_rows(head: bytes, offset: int, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if offset < len(head):
        yield memoryview(head)[offset:].tobytes()
    async for chunk in chunks:
        yield chunk
