"""Write one part of an export to a file: streamed by ClickHouse in its own formats, in constant memory.

A workbook is written by XlsxWriter from the rows that ClickHouse streamed to a temporary file.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import numpy as np
from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.errors import ServiceUnavailable
from herwa_shared.exports.checksums import Checksums, compute_checksums
from herwa_shared.exports.parquet_footer import read_row_count
from herwa_shared.exports.part_queries import ENGINE_FORMATS, STREAM_SETTINGS, build_part_query
from herwa_shared.exports.tables import TABLES, ExportColumn, ExportColumnType, ExportFormat
from herwa_shared.models import ExportJob, ExportPart
from herwa_shared.tables.table import Cell, Column, ColumnType, Table

WRITE_BYTES = 1 << 20
NEWLINE = ord("\n")
_TRAILER_BYTES = 2_000
_TRAILER_MARK = b"__exception__\r\n"
COLUMN_TYPES = {
    ExportColumnType.TIME: ColumnType.TIME,
    ExportColumnType.ID: ColumnType.ID,
    ExportColumnType.TEXT: ColumnType.LABEL,
    ExportColumnType.NUMBER: ColumnType.NUMBER,
    ExportColumnType.FLAG: ColumnType.LABEL,
}
UTC_ZONE = ZoneInfo("UTC")


@dataclass(slots=True)
class PartProgress:
    """How many rows of a part are written so far, for the heartbeat of its writer."""

    rows: int = 0


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """A part that is complete on disk."""

    rows: int
    checksums: Checksums


@dataclass(slots=True)
class _PartFile:
    """A file that is written in large blocks, with its checksums and its number of lines."""

    file: BinaryIO
    lines: int = 0
    checksums: Checksums = field(default_factory=Checksums)

    def write(self, chunks: Sequence[bytes]) -> None:
        """Write the chunks of a block. Called in a thread; hashing, counting and writing release the GIL."""
        block = b"".join(chunks)
        self.file.write(block)
        self.checksums.add(block)
        self.lines += int(np.count_nonzero(np.frombuffer(block, np.uint8) == NEWLINE))


async def write_part(
    clickhouse: AsyncClient,
    job: ExportJob,
    part: ExportPart,
    path: Path,
    *,
    hidden_ids: Collection[int],
    pseudonym_secret: bytes | None,
    progress: PartProgress,
) -> WrittenPart:
    """Write a part to `path`, which is replaced. With `pseudonym_secret` it contains pseudonyms instead of ids.

    Raises ServiceUnavailable if ClickHouse fails in the middle, OSError if the disk is full.
    """
    export_format = ExportFormat(job.format)
    rows_path = path.with_suffix(".rows") if export_format is ExportFormat.XLSX else path
    sql, parameters = build_part_query(job, part, hidden_ids, pseudonym_secret=pseudonym_secret)
    with rows_path.open("wb") as file:
        part_file = _PartFile(file)
        async with _write_behind(part_file) as write:
            async for chunks in _stream_blocks(clickhouse, sql, parameters, ENGINE_FORMATS[export_format]):
                await write(chunks)
                progress.rows = max(0, part_file.lines - (export_format is ExportFormat.CSV))
        progress.rows = max(0, part_file.lines - (export_format is ExportFormat.CSV))
    if export_format is ExportFormat.PARQUET:
        return WrittenPart(read_row_count(path), part_file.checksums)
    if export_format is ExportFormat.XLSX:
        checksums = await asyncio.to_thread(_write_workbook, job, part, rows_path, path)
        return WrittenPart(part_file.lines, checksums)
    return WrittenPart(progress.rows, part_file.checksums)


async def _stream_blocks(
    clickhouse: AsyncClient, sql: str, parameters: dict[str, Any], engine_format: str
) -> AsyncIterator[list[bytes]]:
    """Stream the result of a query in blocks of about WRITE_BYTES, each as the chunks in which it was received.

    Raises ServiceUnavailable if the stream ends in an error.
    """
    chunks: list[bytes] = []
    size, tail = 0, b""
    async with await clickhouse.raw_stream(sql, parameters, STREAM_SETTINGS, fmt=engine_format) as stream:
        async for chunk in stream:
            tail = chunk[-_TRAILER_BYTES:] if len(chunk) >= _TRAILER_BYTES else (tail + chunk)[-_TRAILER_BYTES:]
            chunks.append(chunk)
            size += len(chunk)
            if size >= WRITE_BYTES:
                yield chunks
                chunks, size = [], 0
    if _TRAILER_MARK in tail:  # an error after the first byte is sent as text
        raise ServiceUnavailable(tail[tail.index(_TRAILER_MARK) :].decode(errors="replace")[:500])
    if chunks:
        yield chunks


@asynccontextmanager
async def _write_behind(part_file: _PartFile) -> AsyncIterator[Callable[[Sequence[bytes]], Awaitable[None]]]:
    """Yield a function that writes a block in a thread while the next one is received.

    All blocks are written at the end of the block; after an error too, because the caller then closes the file.
    """
    writing: asyncio.Task[None] | None = None

    async def write(chunks: Sequence[bytes]) -> None:
        nonlocal writing
        if writing is not None:
            await writing
        writing = asyncio.create_task(asyncio.to_thread(part_file.write, chunks))

    try:
        yield write
        if writing is not None:
            await writing
    finally:
        if writing is not None:
            await asyncio.wait([writing])


def _write_workbook(job: ExportJob, part: ExportPart, rows_path: Path, path: Path) -> Checksums:
    """Write a workbook from lines of JSON, which are deleted. Called in a thread."""
    from herwa_shared.tables.xlsx_writer import write_xlsx_file  # noqa: PLC0415 - rarely needed

    table = TABLES[part.table]
    columns = table.list_columns(with_members=job.with_members)
    with rows_path.open("rb") as lines, path.open("wb") as file:
        rows = (tuple(_parse_cells(columns, json.loads(line))) for line in lines)
        titles = tuple(Column(column.name, column.name, COLUMN_TYPES[column.type]) for column in columns)
        write_xlsx_file(Table(table.key, titles, rows, UTC_ZONE), file, created_at=job.created_at)
    rows_path.unlink()
    return compute_checksums(path)


def _parse_cells(columns: tuple[ExportColumn, ...], values: list[Any]) -> Iterator[Cell]:
    for column, value in zip(columns, values, strict=True):
        if value is None:
            yield None
        elif column.type is ExportColumnType.TIME:
            yield datetime.fromisoformat(value)
        elif column.type is ExportColumnType.FLAG:
            yield "yes" if value else "no"
        else:
            yield value
