"""The unmodified client, sync and async, asking the embedded ClickHouse engine as it would a server."""

import asyncio
import base64
import urllib.error
import urllib.request
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

HOSTILE = "quote ' back\\slash tab\t line\n ü 漢 {x:String} \\N ; -- /* FORMAT CSV"


@pytest.fixture
async def async_client(clickhouse_lease):
    client = await clickhouse_connect.get_async_client(dsn=clickhouse_lease.urls.clickhouse)
    yield client
    await client.close()


def test_the_database_of_herwa_is_there_and_the_zone_is_utc(client):
    assert client.query("SELECT currentDatabase(), timezone()").result_rows == [("herwa", "UTC")]
    assert client.ping()


def test_parameters_arrive_as_they_were_sent(client):
    answer = client.query(
        "SELECT {text:String}, {list:Array(String)}, {number:UInt64}, {moment:DateTime64(3, 'UTC')}, {none:Nullable(String)}",
        parameters={
            "text": HOSTILE,
            "list": [HOSTILE, "two"],
            "number": 2**64 - 1,
            "moment": datetime(2024, 2, 29, 23, 59, 59, 123000, tzinfo=UTC),
            "none": None,
        },
    )
    text, texts, number, moment, none = answer.result_rows[0]
    assert (text, texts, number, none) == (HOSTILE, [HOSTILE, "two"], 2**64 - 1, None)
    assert moment.replace(tzinfo=UTC) == datetime(2024, 2, 29, 23, 59, 59, 123000, tzinfo=UTC)


def test_large_parameters_travel_as_a_form(client):
    ids = list(range(20_000))
    answer = client.query("SELECT length({ids:Array(UInt64)}), {text:String}", parameters={"ids": ids, "text": HOSTILE})
    assert answer.result_rows == [(20_000, HOSTILE)]


def test_every_answer_type_survives(client):
    row = client.query(
        "SELECT toUInt64(18446744073709551615), toInt64(-1), 1.5, 'x', NULL, [1, 2], (1, 'a'), map('k', 1),"
        " toDate('2024-02-29'), true, toDecimal64('1.23', 2), toUUID('00000000-0000-0000-0000-000000000001')"
    ).result_rows[0]
    assert row[:9] == (2**64 - 1, -1, 1.5, "x", None, [1, 2], (1, "a"), {"k": 1}, date(2024, 2, 29))


def test_settings_hold_for_their_query_alone(client):
    ask = "SELECT getSetting('max_block_size')"
    before = client.query(ask).result_rows
    assert client.query(ask, settings={"max_block_size": 1234}).result_rows == [(1234,)]
    assert client.query(ask).result_rows == before


def test_settings_of_one_client_do_not_reach_another(clickhouse_lease, client):
    own = clickhouse_connect.get_client(dsn=clickhouse_lease.urls.clickhouse, settings={"max_threads": 1})
    assert own.query("SELECT getSetting('max_threads')").result_rows == [(1,)]
    assert client.query("SELECT value FROM system.settings WHERE name = 'max_threads'").result_rows != [("1",)]
    own.close()


def test_a_client_s_own_set_and_use_reach_nobody_else(client):
    client.command("SET max_block_size = 4321")
    client.command("USE system")
    for _ in range(3):
        answer = client.query("SELECT currentDatabase(), getSetting('max_block_size') = 4321").result_rows
        assert answer == [("herwa", False)]


def test_an_unknown_setting_is_refused_and_spoils_nothing(client):
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
async def test_errors_keep_their_code_and_their_name(client, async_client, sql, code, name):
    for ask in (client.query, client.command, client.raw_query):
        with pytest.raises(DatabaseError) as failure:
            ask(sql)
        assert (failure.value.code, failure.value.name) == (code, name)
    with pytest.raises(DatabaseError) as failure:
        await async_client.query(sql)
    assert (failure.value.code, failure.value.name) == (code, name)


def test_a_query_over_its_time_is_ended_with_the_code_for_it(client):
    with pytest.raises(DatabaseError) as failure:
        client.query("SELECT sum(sipHash64(number)) FROM numbers(1e11)", settings={"max_execution_time": 0.2})
    assert failure.value.code == 159


async def test_the_async_client_asks_and_streams(async_client):
    answer = await async_client.query("SELECT {n:UInt8} + 1", parameters={"n": 41})
    assert answer.result_rows == [(42,)]
    async with await async_client.query_rows_stream("SELECT number FROM numbers(100000)") as stream:
        assert sum([row[0] async for row in stream]) == sum(range(100_000))


async def test_many_queries_at_once_each_get_their_own_answer(async_client):
    answers = await asyncio.gather(
        *(
            async_client.query("SELECT {n:UInt32}, sum(number) FROM numbers(10000)", parameters={"n": n})
            for n in range(60)
        )
    )
    assert [answer.result_rows[0] for answer in answers] == [(n, 49995000) for n in range(60)]


def test_without_the_password_nothing_is_answered(clickhouse_lease):
    address = urlsplit(clickhouse_lease.urls.clickhouse)
    with pytest.raises(DatabaseError) as refusal:
        clickhouse_connect.get_client(host="127.0.0.1", port=address.port, username="herwa", password="wrong")
    assert (refusal.value.code, refusal.value.name) == (516, "AUTHENTICATION_FAILED")
    with pytest.raises(urllib.error.HTTPError) as anonymous:
        urllib.request.urlopen(f"http://127.0.0.1:{address.port}/?query=SELECT+1")
    assert anonymous.value.status == 403
    anonymous.value.close()


def ask_bare(url: str, query: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> bytes:
    address = urlsplit(url)
    request = urllib.request.Request(f"http://127.0.0.1:{address.port}/{query}", data=body, headers=headers or {})
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def test_all_three_ways_to_name_the_user_are_taken(clickhouse_lease):
    address = urlsplit(clickhouse_lease.urls.clickhouse)
    basic = base64.b64encode(f"herwa:{address.password}".encode()).decode()
    url = clickhouse_lease.urls.clickhouse
    assert ask_bare(url, "?query=SELECT+1", {"Authorization": f"Basic {basic}"}) == b"1\n"
    own = {"X-ClickHouse-User": "herwa", "X-ClickHouse-Key": address.password}
    assert ask_bare(url, "", own, b"SELECT 2 FORMAT JSONEachRow") == b'{"2":2}\n'
    assert ask_bare(url, f"?query=SELECT+3&user=herwa&password={address.password}") == b"3\n"


def test_anyone_may_ping(clickhouse_lease):
    assert ask_bare(clickhouse_lease.urls.clickhouse, "ping") == b"Ok.\n"
