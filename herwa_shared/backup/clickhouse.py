"""ClickHouse in a backup: the rows of its tables as tab-separated text. The migrations create the schema."""

import zipfile
from collections.abc import Iterator

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.backup import texts
from herwa_shared.backup.archive import BadBackup, Manifest, TableDump, open_member
from herwa_shared.errors import ServiceUnavailable

EVENTS = "activity_events"
SUMMARIES = ("activity_hourly", "command_hourly", "sample_hourly")
DATA_TABLES = (EVENTS, *SUMMARIES)
"""All tables with data. A view fills each of SUMMARIES from EVENTS."""
VIEWS = tuple(f"{table}_from_events" for table in SUMMARIES)
VERSIONS_TABLE = "schema_versions"

_INSERT_BYTES = 32 << 20
_TRAILER_MARK, _TRAILER_BYTES = b"__exception__", 64 << 10
_COLUMNS_SQL = """
SELECT name FROM system.columns
WHERE database = currentDatabase() AND table = {table:String} AND default_kind IN ('', 'DEFAULT') ORDER BY position
"""
_LOAD_SETTINGS = {
    "async_insert": 0,
    "wait_end_of_query": 1,
    "insert_deduplicate": 0,  # equal blocks of a backup are no repetitions
    "max_partitions_per_insert_block": 0,  # a backup contains years
    "max_insert_block_size": 1_048_576,
}


async def dump_clickhouse(client: AsyncClient, archive: zipfile.ZipFile) -> dict[str, TableDump]:
    """Dump all tables with data. Nothing may be inserted meanwhile. Raises ServiceUnavailable."""
    return {table: await _dump_table(client, archive, table) for table in DATA_TABLES}


async def drop_tables(client: AsyncClient) -> None:
    """Drop everything that the migrations create."""
    for name in (*VIEWS, *DATA_TABLES, VERSIONS_TABLE):
        await client.command(f"DROP TABLE IF EXISTS {name} SYNC", settings={"max_table_size_to_drop": 0})


async def load_clickhouse(client: AsyncClient, archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Load the rows of the backup into empty tables of the backup's revision."""
    for table in (table for table in DATA_TABLES if table in manifest.clickhouse_tables):  # an old one has fewer
        if table in SUMMARIES:
            await client.command(f"TRUNCATE TABLE {table} SYNC")  # what the view has inserted
        dump, sent_rows = manifest.clickhouse_tables[table], 0
        for block in _read_blocks(archive, table):
            sent_rows += block.count(b"\n")
            await client.raw_insert(
                table,
                column_names=list(dump.columns),
                insert_block=block,
                fmt="TabSeparated",
                settings=_LOAD_SETTINGS,
            )
        if sent_rows != dump.rows:
            raise BadBackup(texts.format_wrong_row_count(table, dump.rows, sent_rows))


async def _dump_table(client: AsyncClient, archive: zipfile.ZipFile, table: str) -> TableDump:
    columns = tuple(row[0] for row in (await client.query(_COLUMNS_SQL, parameters={"table": table})).result_rows)
    query = f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608 - names from the catalog
    rows, tail = 0, b""
    with open_member(archive, _get_member_name(table)) as member:
        async with await client.raw_stream(query, fmt="TabSeparated") as stream:
            async for chunk in stream:
                rows += chunk.count(b"\n")
                tail = (tail + chunk)[-_TRAILER_BYTES:]
                member.write(chunk)
    if _TRAILER_MARK in tail:  # an error after the first byte is sent as text
        raise ServiceUnavailable(tail[tail.index(_TRAILER_MARK) :].decode(errors="replace")[:500])
    return TableDump(columns, rows)


def _read_blocks(archive: zipfile.ZipFile, table: str) -> Iterator[bytes]:
    """Read a dumped table in blocks of complete rows."""
    with archive.open(_get_member_name(table)) as member:
        while block := member.read(_INSERT_BYTES):
            yield block + member.readline()


def _get_member_name(table: str) -> str:
    return f"clickhouse/{table}.tsv"
