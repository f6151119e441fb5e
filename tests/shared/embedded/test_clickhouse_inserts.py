"""Inserts into the embedded ClickHouse engine: every way in, all or an error, once by token."""

import gzip
from datetime import UTC, datetime
from itertools import count

import clickhouse_connect
import lz4.frame
import psutil
import pytest
import zstandard
from clickhouse_connect.driver.exceptions import DatabaseError

from herwa_shared.embedded import engine_states

NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)
ONCE = {"async_insert": 0, "wait_end_of_query": 1, "deduplicate_blocks_in_dependent_materialized_views": 1}
_numbers = count()


@pytest.fixture
def table(client):
    """An empty table `id, name, at` that remembers tokens."""
    name = f"rows_{next(_numbers)}"
    client.command(
        f"CREATE TABLE {name} (id UInt64, name String, at DateTime('UTC'), CONSTRAINT small CHECK id < 1000000)"
        " ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY id SETTINGS non_replicated_deduplication_window = 1000"
    )
    return name


@pytest.fixture
def summary(client, table):
    """A summary of the table's names, fed by a view."""
    client.command(
        f"CREATE TABLE {table}_summary (name String, n UInt64) ENGINE = SummingMergeTree ORDER BY name"
        " SETTINGS non_replicated_deduplication_window = 1000"
    )
    view = f"CREATE MATERIALIZED VIEW {table}_view TO {table}_summary AS SELECT name, count() AS n FROM {table} GROUP BY name"
    client.command(view)
    return f"{table}_summary"


def lines(first: int, last: int) -> bytes:
    return b"".join(b"%d\tname %d\t2024-02-29 12:00:00\n" % (n, n % 10) for n in range(first, last))


def insert(client, table, body, *, token=None, **how):
    settings = ONCE | ({"insert_deduplication_token": token} if token else {})
    return client.raw_insert(table, insert_block=body, fmt="TabSeparated", settings=settings, **how)


def rows(client, table) -> int:
    return client.query(f"SELECT count() FROM {table}").result_rows[0][0]


def total(client, summary) -> int:
    return client.query(f"SELECT sum(n) FROM {summary}").result_rows[0][0]


def test_rows_and_columns_are_inserted_and_counted(client, table):
    names = ["id", "name", "at"]
    assert client.insert(table, [[1, "a\tb\n'\\", NOON], [2, "ü", NOON]], column_names=names).written_rows == 2
    client.insert(table, [[3, 4], ["c", "d"], [NOON, NOON]], column_names=names, column_oriented=True)
    stored = client.query(f"SELECT id, name FROM {table} ORDER BY id").result_rows
    assert stored == [(1, "a\tb\n'\\"), (2, "ü"), (3, "c"), (4, "d")]


async def test_the_async_client_inserts(clickhouse_lease, client, table):
    other = await clickhouse_connect.get_async_client(dsn=clickhouse_lease.urls.clickhouse)
    await other.insert(table, [[1, "a", NOON]], column_names=["id", "name", "at"])

    async def pieces():
        for first in range(0, 50_000, 1_000):
            yield lines(first, first + 1_000)

    await other.raw_insert(table, insert_block=pieces(), fmt="TabSeparated", settings=ONCE)
    await other.close()
    assert rows(client, table) == 50_001


def test_plain_statements_insert_too(client, table):
    client.command(f"INSERT INTO {table} VALUES (1, 'a;b', '2024-02-29 12:00:00'), (2, 'x FORMAT CSV', now())")
    client.command(f'INSERT INTO {table} (name, id) FORMAT CSV\n"c,d",3\n')
    client.command(f'INSERT INTO `{table}` SETTINGS max_threads = 1 FORMAT JSONEachRow {{"id": 4, "name": "e"}}')
    client.command(f"INSERT INTO {table} SELECT id + 10, name, at FROM {table}")
    assert rows(client, table) == 8


@pytest.mark.parametrize("compression", ["gzip", "lz4", "zstd"])
def test_compressed_bodies_of_several_frames_arrive_whole(client, table, compression):
    pack = {"gzip": gzip.compress, "lz4": lz4.frame.compress, "zstd": zstandard.ZstdCompressor().compress}[compression]
    body = pack(lines(0, 100_000)) + pack(lines(100_000, 150_000))
    insert(client, table, body, compression=compression)
    assert rows(client, table) == 150_000


def test_the_client_s_own_compression_is_understood(clickhouse_lease, client, table):
    for first, compress in enumerate(("lz4", "zstd", "gzip")):
        packing = clickhouse_connect.get_client(dsn=clickhouse_lease.urls.clickhouse, compress=compress)
        values = [[first, "x" * 50, NOON]] * 1_000
        packing.insert(table, values, column_names=["id", "name", "at"])
        packing.close()
    assert rows(client, table) == 3_000


def test_a_compressed_body_that_breaks_off_inserts_nothing(client, table):
    with pytest.raises(DatabaseError, match="ends in the middle"):
        insert(client, table, zstandard.ZstdCompressor().compress(lines(0, 100_000))[:-50], compression="zstd")
    assert rows(client, table) == 0


def test_a_body_whose_sender_fails_inserts_nothing(client, table):
    def breaking_off():
        yield lines(0, 100_000)
        raise ValueError("the sender has failed")

    with pytest.raises(ValueError, match="the sender has failed"):
        insert(client, table, breaking_off())
    assert rows(client, table) == 0


def test_an_insert_of_nothing_is_no_error(client, table):
    insert(client, table, b"")
    assert rows(client, table) == 0


def test_malformed_rows_are_refused_together_with_the_good_ones(client, table):
    with pytest.raises(DatabaseError) as refusal:
        insert(client, table, lines(0, 1_000) + b"not a number\tx\ty\n")
    assert refusal.value.code == 27
    assert rows(client, table) == 0


def test_a_violated_constraint_is_an_error_and_stores_nothing(client, table):
    with pytest.raises(DatabaseError) as refusal:
        insert(client, table, lines(0, 1_000) + b"1000000\ttoo large\t2024-02-29 12:00:00\n")
    assert (refusal.value.code, refusal.value.name) == (469, "VIOLATED_CONSTRAINT")
    assert rows(client, table) == 0


def test_too_many_partitions_are_an_error_and_store_nothing(client, table):
    months = b"".join(b"%d\tx\t%d-%02d-01 00:00:00\n" % (n, 1990 + n // 12, n % 12 + 1) for n in range(120))
    with pytest.raises(DatabaseError) as refusal:
        insert(client, table, months)
    assert (refusal.value.code, refusal.value.name) == (252, "TOO_MANY_PARTS")
    assert rows(client, table) == 0


def test_the_same_token_is_stored_once_also_through_a_view(client, table, summary):
    for _ in range(3):
        insert(client, table, lines(0, 20_000), token="one")
    assert (rows(client, table), total(client, summary)) == (20_000, 20_000)
    insert(client, table, lines(0, 20_000), token="two")
    assert (rows(client, table), total(client, summary)) == (40_000, 40_000)


def test_a_throwing_view_refuses_the_batch_and_the_same_token_completes_it(client, table, summary):
    """The engine keeps the rows that it had stored before the view threw; only the same token makes them whole."""
    client.command(f"DROP TABLE {table}_view")
    view = (
        f"CREATE MATERIALIZED VIEW {table}_view TO {table}_summary AS SELECT name, %s AS n FROM {table} GROUP BY name"
    )
    client.command(view % "count() + throwIf(max(id) = 19999)")
    for _ in range(2):
        with pytest.raises(DatabaseError) as refusal:
            insert(client, table, lines(0, 20_000), token="batch")
        assert (refusal.value.code, refusal.value.name) == (395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO")
        assert total(client, summary) == 0

    client.command(f"DROP TABLE {table}_view")
    client.command(view % "count()")
    for _ in range(2):
        insert(client, table, lines(0, 20_000), token="batch")
        assert (rows(client, table), total(client, summary)) == (20_000, 20_000)


def test_a_token_is_remembered_when_the_engine_is_killed(client, clickhouse_lease, clickhouse_folder, table, summary):
    insert(client, table, lines(0, 20_000), token="before")
    engine = psutil.Process(engine_states(clickhouse_folder)[1].pid)
    engine.kill()
    while engine.is_running() and engine.status() != psutil.STATUS_ZOMBIE:
        pass
    assert clickhouse_lease.heal() == ["clickhouse"]

    insert(client, table, lines(0, 20_000), token="before")
    insert(client, table, lines(20_000, 30_000), token="after")
    assert (rows(client, table), total(client, summary)) == (30_000, 30_000)
