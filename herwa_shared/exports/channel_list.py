"""The list of a guild's channels in an export, with their names."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from herwa_shared.exports.part_writer import UTC_ZONE, WrittenPart, compute_digest
from herwa_shared.exports.tables import ExportFormat
from herwa_shared.models import ExportJob
from herwa_shared.tables.csv_writer import write_csv
from herwa_shared.tables.table import Cell, Column, ColumnType, Table
from herwa_shared.tables.xlsx_writer import write_xlsx_file

CHANNELS_SQL = """
SELECT id, name, kind, parent_id, deleted FROM channel
WHERE guild_id = $1 AND ($2 = 0 OR id = $2 OR parent_id = $2) ORDER BY id
"""
COLUMNS = (
    Column("channel_id", "channel_id", ColumnType.ID),
    Column("name", "name", ColumnType.TEXT),
    Column("type", "type", ColumnType.NUMBER),
    Column("parent_id", "parent_id", ColumnType.ID),
    Column("deleted", "deleted", ColumnType.LABEL),
)


async def write_channels(connection: asyncpg.Connection, job: ExportJob, path: Path) -> WrittenPart:
    """Write the channels of the export's guild; of one channel, it and its threads."""
    records = await connection.fetch(CHANNELS_SQL, job.guild_id, job.channel_id)
    rows = [
        (str(row["id"]), row["name"], row["kind"], _format_id(row["parent_id"]), "true" if row["deleted"] else "false")
        for row in records
    ]
    return await asyncio.to_thread(_write_rows, job, rows, path)


def _write_rows(job: ExportJob, rows: Sequence[tuple[Cell, ...]], path: Path) -> WrittenPart:
    with path.open("wb") as file:
        if job.format == ExportFormat.XLSX:
            write_xlsx_file(_build_table(rows), file, created_at=job.created_at)
        elif job.format == ExportFormat.CSV:
            file.write(write_csv(_build_table(rows)))
        else:
            file.write("".join(_format_line(row) for row in rows).encode())
    return WrittenPart(len(rows), path.stat().st_size, compute_digest(path))


def _build_table(rows: Sequence[tuple[Cell, ...]]) -> Table:
    return Table("channels", COLUMNS, rows, UTC_ZONE)


def _format_line(row: tuple[Cell, ...]) -> str:
    record = {column.key: value for column, value in zip(COLUMNS, row, strict=True)}
    return json.dumps(record | {"deleted": record["deleted"] == "true"}, ensure_ascii=False) + "\n"


def _format_id(channel_id: int | None) -> str | None:
    return None if channel_id is None else str(channel_id)
