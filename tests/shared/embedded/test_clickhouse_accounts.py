"""The accounts of the embedded ClickHouse engine: the reader reads, the writer writes, neither reaches files or URLs."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import clickhouse_connect
import httpx
import pytest

from herwa_shared.embedded.clickhouse_server.accounts import READER_LIMITS

READONLY, ACCESS_DENIED, SYNTAX_ERROR, CONSTRAINT, UNKNOWN_SETTING = 164, 497, 62, 452, 115
ROWS_OVER_LIMIT, TIMEOUT, RESULT_OVER_LIMIT = 158, 159, 396


class RawClient:
    """An attacker who has the URL of an account and sends requests without a client library."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{parts.port}",
            auth=(parts.username or "", parts.password or ""),
            timeout=30,
            verify=False,  # there is no TLS, and loading certificates takes time
        )

    def send(self, sql: str, **parameters: str) -> httpx.Response:
        return self._client.post("/", params=parameters, content=sql.encode())

    def close(self) -> None:
        self._client.close()

    def get_error_code(self, sql: str, **parameters: str) -> int:
        """Send a statement that must fail; return ClickHouse's error code."""
        response = self.send(sql, **parameters)
        assert response.is_error, response.text
        return int(response.headers["x-clickhouse-exception-code"])


@pytest.fixture(scope="module")
def reader(clickhouse_lease) -> Iterator[RawClient]:
    with closing(RawClient(clickhouse_lease.urls.clickhouse)) as client:
        yield client


@pytest.fixture(scope="module")
def writer(clickhouse_lease) -> Iterator[RawClient]:
    with closing(RawClient(clickhouse_lease.urls.clickhouse_writer)) as client:
        yield client


@pytest.fixture
def secrets_path(clickhouse_folder) -> Path:
    path = clickhouse_folder.path / "secrets.json"
    assert json.loads(path.read_text())
    return path


@pytest.fixture(scope="module")
def listener() -> Iterator[tuple[str, list[str]]]:
    """An HTTP server; yields its URL and the list of requests that it has received."""
    requests: list[str] = []

    class RecordingHandler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(200)
            self.end_headers()

        do_POST = do_HEAD = do_PUT = do_GET  # noqa: N815 - the names of the base class

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), RecordingHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", requests
        server.shutdown()


@pytest.fixture(scope="module")
def table(clickhouse_lease) -> Iterator[None]:
    """A table `kept` with three rows, which no test changes."""
    client = clickhouse_connect.get_client(dsn=clickhouse_lease.urls.clickhouse_writer)
    client.command("CREATE TABLE kept (n UInt64) ENGINE = MergeTree ORDER BY n")
    client.command("INSERT INTO kept SELECT number FROM numbers(3)")
    yield
    client.command("DROP TABLE IF EXISTS kept SYNC")
    client.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM file('{path}', 'LineAsString')",
        "SELECT file('{path}')",
        "SELECT `file`('{path}')",
        "SELECT `f\\x69le`('{path}')",
        "SELECT \"f\\x69le\"('{path}')",
        "SELECT file/* */('{path}')",
        "SELECT * APPLY(file) FROM (SELECT '{path}')",
        "WITH 1 AS x SELECT file('{path}')",
        "SELECT 1; SELECT file('{path}')",
        "SELECT * FROM '{path}'",
        "SELECT * FROM `{path}`",
        "SELECT * FROM fileCluster('default', '{path}', 'LineAsString')",
        "SELECT * FROM url('file://{path}', 'LineAsString')",
        "SELECT * FROM filesystem('{path}')",
        "SELECT * FROM sqlite('{path}', 't')",
        "SELECT * FROM eval('SELECT 1')",
        "SELECT * FROM Python(os)",
        "SELECT * FROM executable('{path}', 'TSV', 'n UInt8')",
        "DESCRIBE file('{path}')",
        "EXPLAIN SELECT file('{path}')",
        "SELECT \N{LEFT SINGLE QUOTATION MARK}'\N{RIGHT SINGLE QUOTATION MARK} || file('{path}')",
        "SELECT $q$'$q$ || file('{path}')",
        "INSERT INTO kept FROM INFILE '{path}' FORMAT TSV",
        "INSERT INTO FUNCTION file('{path}.copy', 'CSV', 'n UInt8') SELECT 1",
        "SELECT 1 INTO OUTFILE '{path}.copy'",
        "SELECT 1 INTO /* */ OUTFILE '{path}.copy'",
        "SELECT 1; SELECT 1 INTO OUTFILE '{path}.copy'",
        "CREATE TABLE leaked (line String) ENGINE = File('LineAsString', '{path}')",
        "ATTACH TABLE moved FROM '{path}' (n UInt8) ENGINE = MergeTree ORDER BY n",
        "BACKUP TABLE kept TO File('{path}.copy')",
        "INSERT INTO kept VALUES (length(file('{path}')))",
    ],
)
@pytest.mark.parametrize("account", ["reader", "writer"])
def test_no_account_reads_or_writes_files(request, table, secrets_path, account, sql):
    known_files = set(secrets_path.parent.iterdir())
    response = request.getfixturevalue(account).send(sql.format(path=secrets_path))
    assert response.is_error, response.text
    for secret in json.loads(secrets_path.read_text()).values():
        assert secret not in response.text
    assert set(secrets_path.parent.iterdir()) == known_files
    assert request.getfixturevalue("writer").send("SELECT count() FROM kept").text == "3\n"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM url('{url}/x', 'LineAsString', 'line String')",
        "SELECT * FROM urlCluster('default', '{url}/x', 'LineAsString')",
        "SELECT * FROM s3('{url}/bucket/x', 'CSV', 'n UInt8')",
        "SELECT * FROM gcs('{url}/bucket/x', 'CSV', 'n UInt8')",
        "SELECT * FROM remote('127.0.0.1:1', 'system', 'one')",
        "SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
        "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
        "SELECT * FROM mongodb('127.0.0.1:1', 'd', 'c', 'u', 'p', 'n UInt8')",
        "SELECT * FROM redis('127.0.0.1:1', 'k', 'k String, v String')",
        "INSERT INTO FUNCTION url('{url}/x', 'CSV', 'n UInt8') SELECT 1",
        "CREATE TABLE away (n UInt8) ENGINE = URL('{url}/x', 'CSV')",
        "SELECT aiGenerate('x')",
    ],
)
@pytest.mark.parametrize("account", ["reader", "writer"])
def test_no_account_opens_addresses(request, listener, account, sql):
    url, received_requests = listener
    assert request.getfixturevalue(account).send(sql.format(url=url)).is_error
    assert received_requests == []


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO kept VALUES (7)",
        "INSERT INTO kept FORMAT TabSeparated\n7\n",
        "INSERT INTO kept SELECT 7",
        "ALTER TABLE kept DELETE WHERE 1",
        "TRUNCATE TABLE kept",
        "DROP TABLE kept",
        "OPTIMIZE TABLE kept",
        "CREATE TABLE other (n UInt8) ENGINE = Memory",
        "CREATE TEMPORARY TABLE other (n UInt8)",
        "CREATE DATABASE other",
        "SET max_execution_time = 0",
        "SET readonly = 0",
        "KILL QUERY WHERE 1",
        "SYSTEM FLUSH LOGS",
        "/* SELECT */ DROP TABLE kept",
    ],
)
def test_reader_changes_nothing(reader, writer, table, sql):
    assert reader.get_error_code(sql) in (READONLY, ACCESS_DENIED)
    assert writer.send("SELECT count() FROM kept").text == "3\n"


@pytest.mark.parametrize(
    "sql", ["SELECT 1; KILL QUERY WHERE 1", "SELECT 1; DROP TABLE kept", "SELECT ';' /* ; */; SELECT 2 -- ;"]
)
def test_reader_sends_one_statement_at_a_time(reader, table, sql):
    assert reader.get_error_code(sql) == SYNTAX_ERROR


def test_semicolons_in_literals_and_comments_are_no_second_statement(reader):
    assert reader.send("SELECT ';' /* ; */ || \"a;b\" FROM (SELECT '' AS \"a;b\");").text == ";\n"


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ({"readonly": "0"}, READONLY),
        ({"readonly": "2"}, READONLY),
        ({"allow_experimental_eval_table_function": "1"}, READONLY),
        ({"additional_result_filter": "file('/etc/passwd') = ''"}, READONLY),
        ({"max_threads = 1, readonly": "0"}, UNKNOWN_SETTING),
        *(({name: "0"}, CONSTRAINT) for name in READER_LIMITS),
        *(({name: str(limit + 1)}, CONSTRAINT) for name, limit in READER_LIMITS.items()),
        ({"max_execution_time": "-1"}, CONSTRAINT),
        ({"max_execution_time": "nan"}, CONSTRAINT),
    ],
)
def test_reader_cannot_change_its_limits(reader, setting, code):
    assert reader.get_error_code("SELECT 1", **setting) == code


def test_reader_cannot_change_a_limit_within_the_statement(reader):
    assert reader.get_error_code("SELECT 1 SETTINGS max_execution_time = 0") == READONLY


def test_reader_has_every_limit(reader):
    for name, limit in READER_LIMITS.items():
        assert float(reader.send(f"SELECT getSetting('{name}')").text) == limit, name


def test_limits_of_rows_time_and_result_end_a_query_of_the_reader(reader):
    huge = "SELECT sum(sipHash64(number)) FROM numbers(100000000000)"
    assert reader.get_error_code(huge, max_rows_to_read="1000000") == ROWS_OVER_LIMIT
    assert reader.get_error_code(huge) == ROWS_OVER_LIMIT
    endless = "SELECT sum(sipHash64(number)) FROM numbers(2000000000)"
    assert reader.get_error_code(endless, max_execution_time="0.2") == TIMEOUT
    assert reader.get_error_code("SELECT number FROM numbers(5000000)", wait_end_of_query="1") == RESULT_OVER_LIMIT


def test_reader_reads_with_the_unmodified_client(clickhouse_lease, table):
    client = clickhouse_connect.get_client(dsn=clickhouse_lease.urls.clickhouse)
    assert client.query("SELECT sum(n) FROM kept WHERE n > {low:UInt64}", parameters={"low": 1}).result_rows == [(2,)]
    assert client.command("EXISTS TABLE kept") == 1
    client.close()


def test_query_of_the_reader_does_not_restrict_a_later_query_of_the_writer(reader, writer, table):
    for _ in range(3):
        assert reader.send("SELECT count() FROM kept").text == "3\n"
        assert writer.send("SELECT getSetting('readonly'), getSetting('max_result_rows')").text == "0\t0\n"


def test_failed_statement_leaves_no_rows_in_the_next_result(writer):
    writer.get_error_code("SELECT 1; SELECT throwIf(1)")
    assert writer.send("SELECT 2").text == "2\n"


def test_password_of_one_account_does_not_open_the_other(clickhouse_lease):
    reader, writer = urlsplit(clickhouse_lease.urls.clickhouse), urlsplit(clickhouse_lease.urls.clickhouse_writer)
    assert reader.username != writer.username
    url = f"http://{writer.username}:{reader.password}@127.0.0.1:{reader.port}/herwa"
    with closing(RawClient(url)) as client:
        assert client.get_error_code("SELECT 1") == 516
