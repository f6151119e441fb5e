"""Queries of the unmodified clickhouse-connect client, sync and async, to the embedded ClickHouse engine."""

import asyncio
import base64
import urllib.error
import urllib.request
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

HOSTILE_TEXT = "quote ' back\\slash tab\t line\n ü 漢 {x:String} \\N ; -- /* FORMAT CSV"


@pytest.fixture
async def async_client(clickhouse_lease):
    client = await clickhouse_connect.get_async_client(dsn=clickhouse_lease.urls.clickhouse_writer)
    yield client
    await client.close()


def test_database_is_herwa_and_time_zone_is_utc(client):
    assert client.query("SELECT currentDatabase(), timezone()").result_rows == [("herwa", "UTC")]
    assert client.ping()


def test_queries_are_not_logged(client):
    query = "SELECT value FROM system.settings WHERE name = 'log_queries'"
    assert client.query(query).result_rows == [("0",)]


def test_parameters_arrive_unchanged(client):
    result = client.query(
        "SELECT {text:String}, {list:Array(String)}, {number:UInt64}, {moment:DateTime64(3, 'UTC')}, {none:Nullable(String)}",
        parameters={
            "text": HOSTILE_TEXT,
            "list": [HOSTILE_TEXT, "two"],
            "number": 2**64 - 1,
            "moment": datetime(2024, 2, 29, 23, 59, 59, 123000, tzinfo=UTC),
            "none": None,
        },
    )
    text, texts, number, moment, none = result.result_rows[0]
    assert (text, texts, number, none) == (HOSTILE_TEXT, [HOSTILE_TEXT, "two"], 2**64 - 1, None)
    assert moment.replace(tzinfo=UTC) == datetime(2024, 2, 29, 23, 59, 59, 123000, tzinfo=UTC)


def test_large_parameters_are_sent_as_a_form(client):
    ids = list(range(20_000))
    result = client.query(
        "SELECT length({ids:Array(UInt64)}), {text:String}", parameters={"ids": ids, "text": HOSTILE_TEXT}
    )
    assert result.result_rows == [(20_000, HOSTILE_TEXT)]


def test_result_types_are_decoded(client):
    row = client.query(
        "SELECT toUInt64(18446744073709551615), toInt64(-1), 1.5, 'x', NULL, [1, 2], (1, 'a'), map('k', 1),"
        " toDate('2024-02-29'), true, toDecimal64('1.23', 2), toUUID('00000000-0000-0000-0000-000000000001')"
    ).result_rows[0]
    assert row[:9] == (2**64 - 1, -1, 1.5, "x", None, [1, 2], (1, "a"), {"k": 1}, date(2024, 2, 29))


def test_settings_apply_only_to_their_query(client):
    sql = "SELECT getSetting('max_block_size')"
    rows_before = client.query(sql).result_rows
    assert client.query(sql, settings={"max_block_size": 1234}).result_rows == [(1234,)]
    assert client.query(sql).result_rows == rows_before


def test_client_settings_do_not_affect_other_clients(clickhouse_lease, client):
    other_client = clickhouse_connect.get_client(
        dsn=clickhouse_lease.urls.clickhouse_writer, settings={"max_threads": 1}
    )
    assert other_client.query("SELECT getSetting('max_threads')").result_rows == [(1,)]
    assert client.query("SELECT value FROM system.settings WHERE name = 'max_threads'").result_rows != [("1",)]
    other_client.close()


def test_set_and_use_statements_do_not_affect_later_queries(client):
    client.command("SET max_block_size = 4321")
    client.command("USE system")
    for _ in range(3):
        result = client.query("SELECT currentDatabase(), getSetting('max_block_size') = 4321").result_rows
        assert result == [("herwa", False)]


def test_unknown_setting_is_refused_without_side_effects(client):
    with pytest.raises(DatabaseError) as refusal:
        client.raw_query("SELECT 1", settings={"no_such_setting": "1", "max_block_size": "99"})
    assert "no_such_setting" in str(refusal.value) or refusal.value.code == 115
    assert client.query("SELECT getSetting('max_block_size') = 99").result_rows == [(False,)]


@pytest.mark.parametrize(
    ("sql", "code", "name"),
    [
        ("SELECT * FROM no_such_table", 60, "UNKNOWN_TABLE"),
        ("SELECT no_such_column", 47, "UNKNOWN_IDENTIFIER"),
        ("SELEC 1", 62, "SYNTAX_ERROR"),
        ("SELECT throwIf(1)", 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
        ("SELECT * FROM no_such_database.t", 81, "UNKNOWN_DATABASE"),
    ],
)
async def test_errors_have_clickhouse_code_and_name(client, async_client, sql, code, name):
    for method in (client.query, client.command, client.raw_query):
        with pytest.raises(DatabaseError) as failure:
            method(sql)
        assert (failure.value.code, failure.value.name) == (code, name)
    with pytest.raises(DatabaseError) as failure:
        await async_client.query(sql)
    assert (failure.value.code, failure.value.name) == (code, name)


def test_query_over_its_time_limit_ends_with_the_timeout_code(client):
    with pytest.raises(DatabaseError) as failure:
        client.query("SELECT sum(sipHash64(number)) FROM numbers(1e11)", settings={"max_execution_time": 0.2})
    assert failure.value.code == 159


async def test_async_client_queries_and_streams(async_client):
    result = await async_client.query("SELECT {n:UInt8} + 1", parameters={"n": 41})
    assert result.result_rows == [(42,)]
    async with await async_client.query_rows_stream("SELECT number FROM numbers(100000)") as stream:
        assert sum([row[0] async for row in stream]) == sum(range(100_000))


async def test_concurrent_queries_get_their_own_results(async_client):
    results = await asyncio.gather(
        *(
            async_client.query("SELECT {n:UInt32}, sum(number) FROM numbers(10000)", parameters={"n": number})
            for number in range(60)
        )
    )
    assert [result.result_rows[0] for result in results] == [(number, 49995000) for number in range(60)]


def test_request_without_the_password_is_refused(clickhouse_lease):
    url_parts = urlsplit(clickhouse_lease.urls.clickhouse)
    with pytest.raises(DatabaseError) as refusal:
        clickhouse_connect.get_client(host="127.0.0.1", port=url_parts.port, username="herwa", password="wrong")
    assert (refusal.value.code, refusal.value.name) == (516, "AUTHENTICATION_FAILED")
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(f"http://127.0.0.1:{url_parts.port}/?query=SELECT+1")
    assert error.value.status == 403
    error.value.close()


def send_raw_request(url: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> bytes:
    url_parts = urlsplit(url)
    request = urllib.request.Request(f"http://127.0.0.1:{url_parts.port}/{path}", data=body, headers=headers or {})
    with urllib.request.urlopen(request) as response:
        return response.read()


def test_all_three_authentication_methods_are_accepted(clickhouse_lease):
    url_parts = urlsplit(clickhouse_lease.urls.clickhouse)
    credentials = base64.b64encode(f"herwa:{url_parts.password}".encode()).decode()
    url = clickhouse_lease.urls.clickhouse
    assert send_raw_request(url, "?query=SELECT+1", {"Authorization": f"Basic {credentials}"}) == b"1\n"
    headers = {"X-ClickHouse-User": "herwa", "X-ClickHouse-Key": url_parts.password}
    assert send_raw_request(url, "", headers, b"SELECT 2 FORMAT JSONEachRow") == b'{"2":2}\n'
    assert send_raw_request(url, f"?query=SELECT+3&user=herwa&password={url_parts.password}") == b"3\n"


def test_ping_needs_no_authentication(clickhouse_lease):
    assert send_raw_request(clickhouse_lease.urls.clickhouse, "ping") == b"Ok.\n"
