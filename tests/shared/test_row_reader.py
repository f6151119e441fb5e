"""Rows that are read without `clickhouse-connect` are the same, and so are errors."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from herwa_shared.analytics.table_selection import fetch_rows
from herwa_shared.clickhouse.client import find_row_reader
from herwa_shared.clickhouse.row_reader import ReaderTarget, RowReader, format_parameter
from herwa_shared.errors import QuestionTooLarge, ServiceUnavailable
from tests.support.waiting import wait_until

TEXTS = [
    "",
    "plain",
    "it's",
    'a "quote"',
    "back\\slash",
    "tab\tnew\nline",
    "日本語 🎉",
    "[1,2]",
    "NULL",
    "\\N",
    "%&+#=?",
]
COMPLETE_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[1]\n"
NUMBERS = [0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63)]


@pytest.fixture
def reader(stores) -> RowReader:
    found = find_row_reader(stores.clickhouse)
    assert found is not None
    return found


async def test_texts_and_numbers_come_back_as_they_were_sent(reader):
    for text in TEXTS:
        assert await reader.fetch("SELECT {value:String}, [{value:String}]", {"value": text}) == [[text, [text]]]
    for number in NUMBERS:
        assert await reader.fetch("SELECT {value:Int64}", {"value": number}) == [[number]]
    assert await reader.fetch("SELECT {value:UInt64}", {"value": 2**64 - 1}) == [[2**64 - 1]]
    assert await reader.fetch(
        "SELECT {texts:Array(String)}, {numbers:Array(Int64)}", {"texts": TEXTS, "numbers": NUMBERS}
    ) == [[TEXTS, NUMBERS]]


async def test_rows_are_those_of_the_other_client(stores, reader):
    sql = (
        "SELECT number, toString(number), if(number % 2, NULL, number), [number, 1], (number, 'a'), number / 4,"
        " CAST(number % 2 AS Enum8('even' = 0, 'odd' = 1)) FROM numbers(100)"
    )
    expected = (await stores.clickhouse.query(sql)).result_rows
    rows = await reader.fetch(sql, {})
    assert [[*row[:4], tuple(row[4]), *row[5:]] for row in rows] == [list(row) for row in expected]


async def test_statement_without_rows_has_none(reader):
    assert await reader.fetch("SELECT 1 WHERE 0", {}) == []


async def test_error_has_the_message_of_clickhouse_and_the_reader_goes_on(reader):
    with pytest.raises(DatabaseError, match="no_such_table"):
        await reader.fetch("SELECT * FROM no_such_table", {})
    with pytest.raises(DatabaseError):
        await reader.fetch("SELECT throwIf(number = 90000) FROM numbers(100000)", {})
    assert await reader.fetch("SELECT 1", {}) == [[1]]


async def test_many_statements_at_once(reader):
    results = await asyncio.gather(*(reader.fetch("SELECT {n:UInt32}", {"n": n}) for n in range(40)))
    assert results == [[[n]] for n in range(40)]


@asynccontextmanager
async def open_reader_of_server(*responses: bytes) -> AsyncIterator[RowReader]:
    """Open a reader of a server that sends one response on each connection; what is missing in it is never sent."""
    remaining = iter(responses)

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"SELECT 1")
        writer.write(next(remaining))
        await asyncio.sleep(0.05)  # so that the reader keeps the connection
        writer.transport.abort()

    server = await asyncio.start_server(respond, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    reader = RowReader(
        ReaderTarget("127.0.0.1", port, is_secure=False, user="u", password="p", database="d", settings={})
    )
    try:
        yield reader
    finally:
        await reader.close()
        server.close()


async def test_statement_on_a_connection_that_the_server_closes_is_sent_on_another_one():
    async with open_reader_of_server(b"", COMPLETE_RESPONSE) as reader:
        assert await reader.fetch("SELECT 1", {}) == [[1]]
    async with open_reader_of_server(COMPLETE_RESPONSE[:-4], COMPLETE_RESPONSE) as reader:
        assert await reader.fetch("SELECT 1", {}) == [[1]]
    async with open_reader_of_server(COMPLETE_RESPONSE, COMPLETE_RESPONSE) as reader:
        assert await reader.fetch("SELECT 1", {}) == [[1]]
        assert await reader.fetch("SELECT 1", {}) == [[1]]


async def test_server_that_always_closes_is_an_os_error():
    async with open_reader_of_server(b"", b"") as reader:
        with pytest.raises(ConnectionResetError):
            await reader.fetch("SELECT 1", {})


async def test_unreachable_server_is_an_os_error():
    target = ReaderTarget("127.0.0.1", 9, is_secure=False, user="u", password="p", database="d", settings={})
    reader = RowReader(target)
    with pytest.raises(OSError, match="9"):
        await reader.fetch("SELECT 1", {})
    await reader.close()


async def test_cancelled_statement_ends_in_the_server(stores, reader):
    marker = f"cancelled_{uuid4().hex}"
    sql = f"SELECT sum(sipHash64(number)) AS {marker} FROM numbers(1900000000)"

    async def is_running() -> bool:
        found = (
            "SELECT count() FROM system.processes WHERE position(query, {marker:String}) > 0 AND query_id != queryID()"
        )
        return await reader.fetch(found, {"marker": marker}) != [[0]]

    task = asyncio.create_task(reader.fetch(sql, {}))
    await wait_until(is_running, description="the statement to run")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    async def is_over() -> bool:
        return not await is_running()

    await wait_until(is_over, description="the statement to end")


async def test_statement_beyond_its_limits_says_so(stores):
    with pytest.raises(QuestionTooLarge):
        await fetch_rows(stores.clickhouse, "SELECT groupArray(toString(number)) FROM numbers(100000000)", {})


async def test_closed_connection_is_service_unavailable(stores, monkeypatch):
    async def fail(*_, **__):
        raise ConnectionResetError

    monkeypatch.setattr(RowReader, "fetch", fail)
    with pytest.raises(ServiceUnavailable):
        await fetch_rows(stores.clickhouse, "SELECT 1", {})


@pytest.mark.parametrize("value", [None, True, {}, b"x"])
def test_other_parameters_are_refused(value):
    with pytest.raises(TypeError):
        format_parameter(value)
