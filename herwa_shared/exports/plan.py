"""The plan of an export: which parts its file has, and how many rows they are expected to have.

Parts end with the months of UTC. Precise events begin at the border: ClickHouse deletes events after three months.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from clickhouse_connect.driver.asyncclient import AsyncClient

from herwa_shared.analytics.table_selection import get_raw_events_start
from herwa_shared.exports.part_queries import build_count_query
from herwa_shared.exports.tables import TABLES, DataSet, ExportFormat, ExportTable, TableSource
from herwa_shared.models import ExportJob

BORDER_MARGIN = timedelta(days=1)
"""How long an export can take before its oldest events may be deleted; then it is planned again."""
MAX_SHEET_ROWS = 1_048_575
"""Rows of a sheet of Excel, without the header."""
BYTES_PER_ROW = {
    ExportFormat.CSV: 85,
    ExportFormat.JSON_LINES: 190,
    ExportFormat.PARQUET: 12,
    ExportFormat.XLSX: 60,
}
"""Bytes of a typical row, for estimates."""


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """A part with at least one row. `name` is its name in the file, without the extension."""

    table: str
    name: str
    from_at: datetime
    to_at: datetime
    estimated_rows: int


def get_border(now: datetime) -> datetime:
    """Return the midnight (UTC) with which the precise events of a new export begin."""
    start = get_raw_events_start(now) + BORDER_MARGIN
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == start else midnight + timedelta(days=1)


async def plan_parts(clickhouse: AsyncClient, job: ExportJob) -> list[PlannedPart]:
    """Plan the parts of an export in the order of the file, with the numbers of rows that ClickHouse stores now.

    Rows that ClickHouse has not merged yet are counted several times, so that the numbers of hours are upper bounds.
    """
    tables = [table for table in TABLES.values() if table.data_set is not None and table.data_set in job.data_sets]
    counts = {
        (table.key, month): rows
        for table in tables
        if (window := get_window(job, table))
        for month, rows in (await _count_rows(clickhouse, job, table, window)).items()
    }
    return [
        PlannedPart(table.key, f"{table.data_set}/{table.key}-{start:%Y-%m}", *_clip(job, table, start), rows)
        for table in tables
        for start in _list_months(job.from_at, job.to_at)
        if (rows := counts.get((table.key, start)))
    ]


def get_window(job: ExportJob, table: ExportTable) -> tuple[datetime, datetime] | None:
    """Return the window of a table within an export; None if it has none.

    Events begin at the border and hours end there, but summaries are hours for all times.
    """
    start, end = job.from_at, job.to_at
    if table.source is TableSource.EVENTS:
        start = max(start, job.border_at)
    elif table.data_set is not DataSet.SUMMARIES:
        end = min(end, job.border_at)
    return (start, end) if start < end else None


def estimate_bytes(export_format: ExportFormat, rows: int) -> int:
    """Estimate the size of a file with this number of rows."""
    return rows * BYTES_PER_ROW[export_format]


def fits_sheets(parts: Sequence[PlannedPart]) -> bool:
    """Return whether each part fits a sheet of Excel."""
    return all(part.estimated_rows <= MAX_SHEET_ROWS for part in parts)


async def _count_rows(
    clickhouse: AsyncClient, job: ExportJob, table: ExportTable, window: tuple[datetime, datetime]
) -> dict[datetime, int]:
    """Count the rows of a table by month."""
    sql, parameters = build_count_query(job, table, *(edge.timestamp() for edge in window))
    rows = (await clickhouse.query(sql, parameters=parameters)).result_rows
    return {datetime.fromtimestamp(month, UTC): count for month, count in rows}


def _list_months(start: datetime, end: datetime) -> Iterator[datetime]:
    month = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month < end:
        yield month
        month = _get_next_month(month)


def _clip(job: ExportJob, table: ExportTable, month: datetime) -> tuple[datetime, datetime]:
    window = get_window(job, table)
    assert window is not None
    return max(window[0], month), min(window[1], _get_next_month(month))


def _get_next_month(month: datetime) -> datetime:
    return (month + timedelta(days=32)).replace(day=1)
