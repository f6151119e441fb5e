"""Streamed results of the embedded ClickHouse: complete in every format, with errors, ended when the client leaves."""

import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import StreamFailureError

from herwa_shared.embedded import lease_engines, list_engines
from herwa_shared.embedded.clickhouse_server.sql_inspection import build_outfile_sql
from tests.support.embedded_engines import build_settings, create_data_folder
from tests.support.waiting import wait_until_blocking

REPOSITORY_ROOT = Path(__file__).parents[3]
RUNNING_QUERIES_SQL = (
    "SELECT count() FROM system.processes WHERE query LIKE '%e12%' AND query NOT LIKE '%system.processes%'"
)


def test_stream_returns_a_million_rows(client):
    with client.query_rows_stream("SELECT number, toString(number) FROM numbers(1000000)") as stream:
        assert sum(int(text) - number + 1 for number, text in stream) == 1_000_000


@pytest.mark.parametrize("rows", [0, 1, 70_000])
def test_csv_stream_has_one_header_and_every_row(client, rows):
    stream = client.raw_stream(f"SELECT number AS id, 'a,b' AS text FROM numbers({rows})", fmt="CSVWithNames")
    table = list(csv.reader(io.StringIO(stream.read().decode())))
    stream.close()
    assert table == [["id", "text"], *([str(number), "a,b"] for number in range(rows))]


def test_small_streams_are_complete(client):
    for number in range(200):
        stream = client.raw_stream(f"SELECT {number} AS n", fmt="JSONEachRow")
        assert json.loads(stream.read()) == {"n": number}
        stream.close()


def test_parquet_stream_is_one_file(client):
    stream = client.raw_stream("SELECT number FROM numbers(300000)", fmt="Parquet")
    body = stream.read()
    stream.close()
    assert (body[:4], body[-4:]) == (b"PAR1", b"PAR1")


def test_error_during_a_stream_is_raised(client):
    stream = client.query_rows_stream("SELECT throwIf(number = 900000) FROM numbers(1000000)")
    with stream, pytest.raises(StreamFailureError, match="395"):
        list(stream)


def read_briefly(url: str, query: str) -> None:
    """Send a query, read the beginning of the response if any arrives, and close the connection."""
    url_parts = urlsplit(url)
    request_head = (
        f"GET /?query={quote(query)} HTTP/1.1\r\nHost: herwa\r\nX-ClickHouse-User: herwa\r\n"
        f"X-ClickHouse-Key: {url_parts.password}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", url_parts.port)) as connection:
        connection.sendall(request_head.encode())
        connection.settimeout(0.5)
        with suppress(TimeoutError):
            connection.recv(4096)


@pytest.mark.parametrize(
    "query",
    ["SELECT number FROM numbers(1e12)", "SELECT sum(sipHash64(number)) FROM numbers(1e12)"],
    ids=["streaming", "silent"],
)
def test_query_ends_when_the_client_disconnects(client, clickhouse_lease, query):
    read_briefly(clickhouse_lease.urls.clickhouse, query)
    wait_until_blocking(
        lambda: client.query(RUNNING_QUERIES_SQL).result_rows == [(0,)],
        description="the end of the query",
        timeout_seconds=10,
    )


def test_shutdown_ends_running_queries_and_keeps_all_rows():
    script = "import clickhouse_connect, sys; clickhouse_connect.get_client(dsn=sys.argv[1]).query(sys.argv[2])"
    with create_data_folder() as folder:
        settings = build_settings(folder, postgres=False)
        with lease_engines(settings, folder) as lease:
            client = clickhouse_connect.get_client(dsn=lease.urls.clickhouse_writer)
            client.command("CREATE TABLE stored_numbers (n UInt64) ENGINE = MergeTree ORDER BY n")
            client.command("INSERT INTO stored_numbers SELECT number FROM numbers(1000)")
            argv = (
                sys.executable,
                "-c",
                script,
                lease.urls.clickhouse_writer,  # the other account's limits would end the query
                "SELECT sum(sipHash64(number)) FROM numbers(1e12)",
            )
            with subprocess.Popen(argv, cwd=REPOSITORY_ROOT, stderr=subprocess.PIPE) as query_process:
                try:
                    wait_until_blocking(
                        lambda: client.query(RUNNING_QUERIES_SQL).result_rows == [(1,)],
                        description="the start of the query",
                    )
                    client.close()
                    pid = list_engines(folder)[1].pid
                    os.kill(pid, signal.SIGTERM)
                    query_process.communicate(timeout=60)
                finally:
                    query_process.kill()
            assert query_process.returncode > 0
            assert lease.restart_dead() in (["clickhouse"], [])
        log = (folder.logs_dir / "clickhouse.log").read_text()
        assert "Traceback" not in log
        with lease_engines(settings, folder) as lease:
            client = clickhouse_connect.get_client(dsn=lease.urls.clickhouse_writer)
            assert client.query("SELECT count() FROM stored_numbers").result_rows == [(1000,)]
            client.close()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", "SELECT 1\nINTO OUTFILE 'p' APPEND FORMAT TabSeparated"),
        ("SELECT 1;", "SELECT 1\nINTO OUTFILE 'p' APPEND FORMAT TabSeparated"),
        ("SELECT 1\n FORMAT Native", "SELECT 1\n \nINTO OUTFILE 'p' APPEND FORMAT Native"),
        ("SELECT 1 FORMAT CSV SETTINGS a = 1", "SELECT 1 \nINTO OUTFILE 'p' APPEND FORMAT CSV SETTINGS a = 1"),
        ("SELECT ' FORMAT CSV'", "SELECT ' FORMAT CSV'\nINTO OUTFILE 'p' APPEND FORMAT TabSeparated"),
    ],
)
def test_outfile_clause_keeps_the_requested_format(sql, expected):
    assert build_outfile_sql(sql, "p", None) == expected
