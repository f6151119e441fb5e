"""Write a table as an Excel workbook (XLSX) for people.

Ids are text, times are dates of the table's zone, and no text becomes a formula or a link. Rows are streamed to a
temporary file, so that memory does not grow with their number.
"""

import re
from datetime import datetime
from io import BytesIO
from typing import BinaryIO
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range
from xlsxwriter.worksheet import Worksheet

from herwa_shared.tables.table import TEXT_TYPES, Cell, Column, ColumnType, Table

MAX_CELL_CHARS = 32_767
"""Excel's limit. A longer text is cut."""
MAX_SHEET_TITLE_CHARS = 31
DEFAULT_SHEET_TITLE = "Table"

_MAX_ROW = 1_048_575

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "remove_timezone": False,
}
_NUMBER_FORMATS = {
    ColumnType.TEXT: "@",
    ColumnType.LABEL: "@",
    ColumnType.ID: "@",
    ColumnType.NUMBER: "#,##0",
    ColumnType.TIME: "yyyy-mm-dd hh:mm",
    ColumnType.DAY: "yyyy-mm-dd",
}
_WIDTHS = {
    ColumnType.TEXT: 32,
    ColumnType.LABEL: 14,
    ColumnType.ID: 22,
    ColumnType.NUMBER: 14,
    ColumnType.TIME: 18,
    ColumnType.DAY: 14,
}
_HEADER_PADDING = 4


def write_xlsx(table: Table) -> bytes:
    """Write a table with its column titles as a bold header that stays visible."""
    stream = BytesIO()
    write_xlsx_file(table, stream)
    return stream.getvalue()


def write_xlsx_file(table: Table, file: BinaryIO, *, created_at: datetime | None = None) -> None:
    """Write a table to a file. Equal rows give equal bytes if `created_at`, the file's date, is given."""
    with Workbook(file, _OPTIONS) as workbook:
        if created_at is not None:
            workbook.set_properties({"created": created_at})
        sheet = workbook.add_worksheet(_build_sheet_title(table.title))
        formats = [_build_format(workbook, column, num_format=_NUMBER_FORMATS[column.type]) for column in table.columns]
        _write_header(workbook, sheet, table)
        row_number = 0
        for row_number, row in enumerate(table.rows, start=1):
            for position, (column, value) in enumerate(zip(table.columns, row, strict=True)):
                _write_cell(sheet, (row_number, position), value, column, formats[position], table.zone)
        sheet.autofilter(0, 0, row_number, len(table.columns) - 1)


def _build_sheet_title(title: str) -> str:
    """Build a valid title of a sheet: at most 31 characters, without those that Excel refuses."""
    cleaned = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title).strip("' ")
    return cleaned[:MAX_SHEET_TITLE_CHARS].strip("' ") or DEFAULT_SHEET_TITLE


def _write_header(workbook: Workbook, sheet: Worksheet, table: Table) -> None:
    sheet.freeze_panes(1, 0)
    for position, column in enumerate(table.columns):
        sheet.set_column(position, position, max(_WIDTHS[column.type], len(column.title) + _HEADER_PADDING))
        sheet.write_string(0, position, column.title, _build_format(workbook, column, bold=True, bottom=1))
        if column.type in TEXT_TYPES:
            sheet.ignore_errors({"number_stored_as_text": xl_range(1, position, _MAX_ROW, position)})


def _build_format(workbook: Workbook, column: Column, **properties: str | int) -> Format:
    """Build a format that is aligned to the right for numbers, else to the left, in the header as in the cells."""
    alignment = {"align": "right"} if column.type is ColumnType.NUMBER else {"align": "left", "indent": 1}
    return workbook.add_format(alignment | properties)


def _write_cell(
    sheet: Worksheet, place: tuple[int, int], value: Cell, column: Column, cell_format: Format, zone: ZoneInfo
) -> None:
    """Write a value as its column's type. An empty cell is not written."""
    if value is None:
        return
    if isinstance(value, datetime):
        local = value.astimezone(zone).replace(tzinfo=None)
        sheet.write_datetime(*place, local.date() if column.type is ColumnType.DAY else local, cell_format)
    elif column.type in TEXT_TYPES:
        sheet.write_string(*place, str(value)[:MAX_CELL_CHARS], cell_format)
    else:
        sheet.write_number(*place, value, cell_format)
