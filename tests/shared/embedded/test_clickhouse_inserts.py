"""Inserts into the embedded ClickHouse engine: formats, compression, atomicity, deduplication by token."""

import gzip
from datetime import UTC, datetime
from itertools import count

import clickhouse_connect
import lz4.frame
import psutil
import pytest
import zstandard
from clickhouse_connect.driver.exceptions import DatabaseError

from herwa_shared.embedded import list_engines
from tests.support.waiting import wait_until_blocking

NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)
DEDUPLICATION_SETTINGS = {
    "async_insert": 0,
    "wait_end_of_query": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
}
_table_numbers = count()


@pytest.fixture
def table(client):
    """An empty table with the columns `id`, `name` and `at`, which deduplicates inserts by token."""
    name = f"rows_{next(_table_numbers)}"
    client.command(
        f"CREATE TABLE {name} (id UInt64, name String, at DateTime('UTC'), CONSTRAINT small CHECK id < 1000000)"
        " ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY id SETTINGS non_replicated_deduplication_window = 1000"
    )
    return name


@pytest.fixture
def summary(client, table):
    """A table with the number of rows per name, filled by a materialized view on `table`."""
    client.command(
        f"CREATE TABLE {table}_summary (name String, n UInt64) ENGINE = SummingMergeTree ORDER BY name"
        " SETTINGS non_replicated_deduplication_window = 1000"
    )
    view = f"CREATE MATERIALIZED VIEW {table}_view TO {table}_summary AS SELECT name, count() AS n FROM {table} GROUP BY name"
    client.command(view)
    return f"{table}_summary"


def build_rows(first_id: int, last_id: int) -> bytes:
    return b"".join(
        b"%d\tname %d\t2024-02-29 12:00:00\n" % (row_id, row_id % 10) for row_id in range(first_id, last_id)
    )


def insert(client, table, body, *, token=None, **options):
    settings = DEDUPLICATION_SETTINGS | ({"insert_deduplication_token": token} if token else {})
    return client.raw_insert(table, insert_block=body, fmt="TabSeparated", settings=settings, **options)


def count_rows(client, table) -> int:
    return client.query(f"SELECT count() FROM {table}").result_rows[0][0]


def get_summary_total(client, summary) -> int:
    return client.query(f"SELECT sum(n) FROM {summary}").result_rows[0][0]


def test_row_and_column_inserts_are_stored(client, table):
    column_names = ["id", "name", "at"]
    assert client.insert(table, [[1, "a\tb\n'\\", NOON], [2, "ü", NOON]], column_names=column_names).written_rows == 2
    client.insert(table, [[3, 4], ["c", "d"], [NOON, NOON]], column_names=column_names, column_oriented=True)
    stored = client.query(f"SELECT id, name FROM {table} ORDER BY id").result_rows
    assert stored == [(1, "a\tb\n'\\"), (2, "ü"), (3, "c"), (4, "d")]


async def test_async_client_inserts(clickhouse_lease, client, table):
    async_client = await clickhouse_connect.get_async_client(dsn=clickhouse_lease.urls.clickhouse_writer)
    await async_client.insert(table, [[1, "a", NOON]], column_names=["id", "name", "at"])

    async def generate_chunks():
        for first_id in range(0, 50_000, 1_000):
            yield build_rows(first_id, first_id + 1_000)

    await async_client.raw_insert(
        table, insert_block=generate_chunks(), fmt="TabSeparated", settings=DEDUPLICATION_SETTINGS
    )
    await async_client.close()
    assert count_rows(client, table) == 50_001


def test_insert_statements_are_executed(client, table):
    client.command(
        f"INSERT INTO {table} VALUES (1, 'a;b', '2024-02-29 12:00:00'), (2, 'x FORMAT CSV', '2024-03-01 00:00:00')"
    )
    client.command(f'INSERT INTO {table} (name, id) FORMAT CSV\n"c,d",3\n')
    client.command(f'INSERT INTO `{table}` SETTINGS max_threads = 1 FORMAT JSONEachRow {{"id": 4, "name": "e"}}')
    client.command(f"INSERT INTO {table} SELECT id + 10, name, at FROM {table}")
    assert count_rows(client, table) == 8


@pytest.mark.parametrize("compression", ["gzip", "lz4", "zstd"])
def test_compressed_body_of_several_frames_is_inserted_completely(client, table, compression):
    compress = {"gzip": gzip.compress, "lz4": lz4.frame.compress, "zstd": zstandard.ZstdCompressor().compress}[
        compression
    ]
    body = compress(build_rows(0, 100_000)) + compress(build_rows(100_000, 150_000))
    insert(client, table, body, compression=compression)
    assert count_rows(client, table) == 150_000


def test_client_compression_is_supported(clickhouse_lease, client, table):
    for row_id, compression in enumerate(("lz4", "zstd", "gzip")):
        compressing_client = clickhouse_connect.get_client(
            dsn=clickhouse_lease.urls.clickhouse_writer, compress=compression
        )
        values = [[row_id, "x" * 50, NOON]] * 1_000
        compressing_client.insert(table, values, column_names=["id", "name", "at"])
        compressing_client.close()
    assert count_rows(client, table) == 3_000


def test_truncated_compressed_body_inserts_nothing(client, table):
    with pytest.raises(DatabaseError, match="ends in the middle"):
        insert(client, table, zstandard.ZstdCompressor().compress(build_rows(0, 100_000))[:-50], compression="zstd")
    assert count_rows(client, table) == 0


def test_aborted_body_inserts_nothing(client, table):
    def send_and_fail():
        yield build_rows(0, 100_000)
        raise ValueError("the sender has failed")

    with pytest.raises(ValueError, match="the sender has failed"):
        insert(client, table, send_and_fail())
    assert count_rows(client, table) == 0


def test_empty_insert_is_no_error(client, table):
    insert(client, table, b"")
    assert count_rows(client, table) == 0


def test_malformed_row_refuses_the_entire_insert(client, table):
    with pytest.raises(DatabaseError) as refusal:
        insert(client, table, build_rows(0, 1_000) + b"not a number\tx\ty\n")
    assert refusal.value.code == 27
    assert count_rows(client, table) == 0


def test_violated_constraint_refuses_the_entire_insert(client, table):
    with pytest.raises(DatabaseError) as refusal:
        insert(client, table, build_rows(0, 1_000) + b"1000000\ttoo large\t2024-02-29 12:00:00\n")
    assert (refusal.value.code, refusal.value.name) == (469, "VIOLATED_CONSTRAINT")
    assert count_rows(client, table) == 0


def test_too_many_partitions_refuse_the_entire_insert(client, table):
    rows_by_month = b"".join(
        b"%d\tx\t%d-%02d-01 00:00:00\n" % (month_index, 1990 + month_index // 12, month_index % 12 + 1)
        for month_index in range(120)
    )
    with pytest.raises(DatabaseError) as refusal:
        insert(client, table, rows_by_month)
    assert (refusal.value.code, refusal.value.name) == (252, "TOO_MANY_PARTS")
    assert count_rows(client, table) == 0


def test_insert_with_the_same_token_is_stored_once_in_table_and_view(client, table, summary):
    for _ in range(3):
        insert(client, table, build_rows(0, 20_000), token="one")
    assert (count_rows(client, table), get_summary_total(client, summary)) == (20_000, 20_000)
    insert(client, table, build_rows(0, 20_000), token="two")
    assert (count_rows(client, table), get_summary_total(client, summary)) == (40_000, 40_000)


def test_retry_with_the_same_token_completes_an_insert_that_failed_in_a_view(client, table, summary):
    """The engine keeps the rows stored before the view threw; a retry with the same token adds the missing ones."""
    client.command(f"DROP TABLE {table}_view")
    view = (
        f"CREATE MATERIALIZED VIEW {table}_view TO {table}_summary AS SELECT name, %s AS n FROM {table} GROUP BY name"
    )
    client.command(view % "count() + throwIf(max(id) = 19999)")
    for _ in range(2):
        with pytest.raises(DatabaseError) as refusal:
            insert(client, table, build_rows(0, 20_000), token="batch")
        assert (refusal.value.code, refusal.value.name) == (395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO")
        assert get_summary_total(client, summary) == 0

    client.command(f"DROP TABLE {table}_view")
    client.command(view % "count()")
    for _ in range(2):
        insert(client, table, build_rows(0, 20_000), token="batch")
        assert (count_rows(client, table), get_summary_total(client, summary)) == (20_000, 20_000)


def test_tokens_survive_sigkill_of_the_engine(client, clickhouse_lease, clickhouse_folder, table, summary):
    insert(client, table, build_rows(0, 20_000), token="before")
    process = psutil.Process(list_engines(clickhouse_folder)[1].pid)
    process.kill()
    wait_until_blocking(
        lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE,
        description="the end of the engine",
    )
    assert clickhouse_lease.restart_dead() == ["clickhouse"]

    insert(client, table, build_rows(0, 20_000), token="before")
    insert(client, table, build_rows(20_000, 30_000), token="after")
    assert (count_rows(client, table), get_summary_total(client, summary)) == (30_000, 30_000)
