"""Write a table as CSV for programs: UTF-8 with a byte order mark, as RFC 4180.

Texts and ids are always quoted, numbers and times never, so that a reader can tell `"1"` from `1`. An empty cell is
empty. Times are in ISO 8601 with their offset.
"""

import codecs
from datetime import datetime
from io import BytesIO
from typing import BinaryIO
from zoneinfo import ZoneInfo

from herwa_shared.tables.formula_escaping import escape_formulas
from herwa_shared.tables.table import TEXT_TYPES, Cell, Column, Table

LINE_END = "\r\n"


def write_csv(table: Table) -> bytes:
    """Write a table with its column keys as the header."""
    stream = BytesIO()
    write_csv_file(table, stream)
    return stream.getvalue()


def write_csv_file(table: Table, file: BinaryIO) -> None:
    """Write a table to a file, row by row."""
    file.write(codecs.BOM_UTF8 + (",".join(column.key for column in table.columns) + LINE_END).encode())
    for row in table.rows:
        cells = zip(table.columns, row, strict=True)
        line = ",".join([_format_cell(column, value, table.zone) for column, value in cells])
        file.write((line + LINE_END).encode())


def _format_cell(column: Column, value: Cell, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if column.type in TEXT_TYPES:
        escaped = escape_formulas(str(value)).replace('"', '""')
        return f'"{escaped}"'
    return str(value)
