"""XLSX: text stays text, ids keep their digits, times are dates, and a gap is an empty cell."""

import io
import re
import tracemalloc
import zipfile
from xml.etree import ElementTree as ET

import pytest

from herwa_shared.tables.table import Column, ColumnType, Table
from herwa_shared.tables.xlsx_writer import MAX_CELL_CHARS, write_xlsx
from tests.shared.tables.sample_table import BERLIN, COLUMNS, LARGE_ID, NAMES, build_sample_table

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def read_part(content: bytes, name: str) -> ET.Element:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return ET.fromstring(archive.read(f"xl/{name}"))


def read_cells(content: bytes) -> dict[str, str | float]:
    """The cells by reference: a string cell as str, a number or date as float."""
    cells: dict[str, str | float] = {}
    for cell in read_part(content, "worksheets/sheet1.xml").iter(f"{MAIN}c"):
        text = "".join(cell.itertext())
        cells[cell.attrib["r"]] = text if cell.attrib.get("t") == "inlineStr" else float(text)
    return cells


def test_texts_and_ids_are_text_and_numbers_are_numbers():
    cells = read_cells(write_xlsx(build_sample_table()))
    assert [cells[f"{letter}1"] for letter in "ABCDE"] == [column.title for column in COLUMNS]
    for number, name in enumerate(NAMES):
        assert cells[f"C{number + 2}"] == str(LARGE_ID + number)
        assert cells.get(f"D{number + 2}", "") == name
    assert cells["E3"] == 1000


def test_times_are_dates_of_the_zone():
    content = write_xlsx(build_sample_table())
    cells = read_cells(content)
    assert cells["A2"] == cells["B2"] == 45592  # 2024-10-27 00:00
    assert (cells["A4"] - cells["A3"]) * 24 == pytest.approx(1)
    assert cells["A4"] == cells["A5"], "the repeated hour"
    formats = {item.attrib["formatCode"] for item in read_part(content, "styles.xml").iter(f"{MAIN}numFmt")}
    assert {"yyyy-mm-dd", "yyyy-mm-dd hh:mm"} <= formats


def test_gap_is_an_empty_cell():
    assert f"E{len(NAMES) + 1}" not in read_cells(write_xlsx(build_sample_table()))


def test_workbook_has_neither_formulas_nor_links():
    content = write_xlsx(build_sample_table([*NAMES, "http://evil.example", "mailto:a@b.example", "{=1}"]))
    sheet = read_part(content, "worksheets/sheet1.xml")
    assert not list(sheet.iter(f"{MAIN}f"))
    assert not list(sheet.iter(f"{MAIN}hyperlink"))


def test_header_is_bold_and_remains_visible():
    content = write_xlsx(build_sample_table())
    pane = next(read_part(content, "worksheets/sheet1.xml").iter(f"{MAIN}pane"))
    assert (pane.attrib["ySplit"], pane.attrib["state"]) == ("1", "frozen")
    assert list(read_part(content, "styles.xml").iter(f"{MAIN}b"))


@pytest.mark.parametrize(
    ("title", "sheet_title"),
    [
        ("Messages: a/b [c]?*", "Messages  a b  c"),
        ("x" * 40, "x" * 31),
        ("''", "Table"),
        ("", "Table"),
        ("雑談", "雑談"),
    ],
)
def test_sheet_title_is_valid(title, sheet_title):
    content = write_xlsx(Table(title, COLUMNS, [], BERLIN))
    assert next(read_part(content, "workbook.xml").iter(f"{MAIN}sheet")).attrib["name"] == sheet_title


@pytest.mark.parametrize("name", ["a\x00b\x1b", "x" * (MAX_CELL_CHARS + 5), "\ud7ff\ue000", "_x0041_"])
def test_odd_texts_are_written(name):
    column = Column("name", "Name", ColumnType.TEXT)
    content = write_xlsx(Table("T", (column,), [(name,)], BERLIN))
    decoded = re.sub(r"_x([0-9A-F]{4})_", lambda match: chr(int(match[1], 16)), str(read_cells(content)["A2"]))
    assert decoded == name[:MAX_CELL_CHARS]


def test_memory_does_not_grow_with_the_rows():
    column = Column("id", "ID", ColumnType.ID)

    def measure_peak(count: int) -> int:
        tracemalloc.start()
        write_xlsx(Table("T", (column,), ((LARGE_ID + number,) for number in range(count)), BERLIN))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    measure_peak(10)
    assert measure_peak(6000) < measure_peak(200) + 1_000_000
