"""Lists from PostgreSQL in an export: channels and members with their names. They are written in constant memory."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg

from herwa_shared.exports.checksums import Checksums, compute_checksums
from herwa_shared.exports.part_writer import COLUMN_TYPES, UTC_ZONE, WrittenPart
from herwa_shared.exports.tables import ExportColumnType, ExportFormat, ExportTable, TableSource
from herwa_shared.models import ExportJob
from herwa_shared.tables.csv_writer import write_csv_file
from herwa_shared.tables.table import Cell, Column, Table
from herwa_shared.tables.xlsx_writer import write_xlsx_file

BATCH_ROWS = 5_000
# The first column is the position from which the next batch begins.
QUERIES = {
    TableSource.CHANNELS: """
SELECT id, name, kind, parent_id, deleted FROM channel
WHERE guild_id = $1 AND ($2 = 0 OR id = $2 OR parent_id = $2) AND id > $3 ORDER BY id LIMIT $4
""",
    TableSource.MEMBERS: """
SELECT user_id, name, bot FROM member WHERE guild_id = $1 AND $2 >= 0 AND user_id > $3 ORDER BY user_id LIMIT $4
""",
}


async def write_list(
    connection: asyncpg.Connection,
    job: ExportJob,
    table: ExportTable,
    path: Path,
    *,
    is_hidden: Callable[[int], bool],
) -> WrittenPart:
    """Write the channels of the export's guild (of one channel, it and its threads), or its members.

    Members of whom `is_hidden` is true are left out.
    """
    rows_path, count = path.with_suffix(".rows"), 0
    with rows_path.open("w") as file:
        async for record in _stream_records(connection, job, table.source):
            if table.source is TableSource.MEMBERS and is_hidden(record[0]):
                continue
            cells = zip(table.columns, record.values(), strict=True)
            row = [_format_id(value) if column.type is ExportColumnType.ID else value for column, value in cells]
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return WrittenPart(count, await asyncio.to_thread(_write_file, job, table, rows_path, path))


async def _stream_records(
    connection: asyncpg.Connection, job: ExportJob, source: TableSource
) -> AsyncIterator[asyncpg.Record]:
    position = 0
    while True:
        records = await connection.fetch(QUERIES[source], job.guild_id, job.channel_id, position, BATCH_ROWS)
        for record in records:
            yield record
        if len(records) < BATCH_ROWS:
            return
        position = records[-1][0]


def _write_file(job: ExportJob, table: ExportTable, rows_path: Path, path: Path) -> Checksums:
    """Write a table from lines of JSON, which are deleted. Called in a thread."""
    columns = tuple(Column(column.name, column.name, COLUMN_TYPES[column.type]) for column in table.columns)
    with rows_path.open() as lines, path.open("wb") as file:
        if job.format == ExportFormat.XLSX:
            rows = (tuple(_parse_cells(json.loads(line))) for line in lines)
            write_xlsx_file(Table(table.key, columns, rows, UTC_ZONE), file, created_at=job.created_at)
        elif job.format == ExportFormat.CSV:
            rows = (tuple(_parse_cells(json.loads(line))) for line in lines)
            write_csv_file(Table(table.key, columns, rows, UTC_ZONE), file)
        else:
            for line in lines:
                record = {column.name: value for column, value in zip(table.columns, json.loads(line), strict=True)}
                file.write((json.dumps(record, ensure_ascii=False) + "\n").encode())
    rows_path.unlink()
    return compute_checksums(path)


def _parse_cells(values: list[Any]) -> Iterator[Cell]:
    for value in values:
        yield ("true" if value else "false") if isinstance(value, bool) else value


def _format_id(value: int | None) -> str | None:
    return None if value is None else str(value)
