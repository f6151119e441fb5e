"""The embedded ClickHouse engine writes no logs of its own: they would contain what people write and search for."""

import asyncio

import clickhouse_connect
import pytest

from herwa_shared.embedded import lease_engines
from tests.support.embedded_engines import build_settings, create_data_folder

LOG_TABLES_QUERY = "SELECT name FROM system.tables WHERE database = 'system' AND engine LIKE '%MergeTree'"
FLUSH_SECONDS = 9.0
"""ClickHouse creates a log and writes to it after 7.5 seconds."""


async def list_log_tables(lease) -> list[str]:
    client = await clickhouse_connect.get_async_client(dsn=lease.urls.clickhouse)
    try:
        return [name for (name,) in (await client.query(LOG_TABLES_QUERY)).result_rows]
    finally:
        await client.close()


async def run_command(lease, sql: str) -> None:
    client = await clickhouse_connect.get_async_client(dsn=lease.urls.clickhouse_writer)
    try:
        await client.command(sql)
    finally:
        await client.close()


@pytest.mark.slow
async def test_statements_and_inserts_leave_no_log():
    with create_data_folder() as folder, lease_engines(build_settings(folder, postgres=False), folder) as lease:
        await run_command(lease, "CREATE TABLE t (x UInt8) ENGINE = MergeTree ORDER BY x")
        await run_command(lease, "INSERT INTO t VALUES (1)")
        await asyncio.sleep(FLUSH_SECONDS)
        assert await list_log_tables(lease) == []


async def test_logs_of_earlier_versions_are_removed_at_the_start():
    with create_data_folder() as folder:
        settings = build_settings(folder, postgres=False)
        with lease_engines(settings, folder) as lease:
            for name in ("query_log", "part_log"):
                await run_command(lease, f"CREATE TABLE system.{name} (x String) ENGINE = MergeTree ORDER BY x")
                await run_command(lease, f"INSERT INTO system.{name} VALUES ('text of a query')")
        logs = [path.name for path in (folder.path / "clickhouse/store/data/system").iterdir()]
        assert sorted(logs) == ["part_log", "query_log"]
        with lease_engines(settings, folder) as lease:
            assert await list_log_tables(lease) == []
        assert not list((folder.path / "clickhouse").rglob("*_log"))
