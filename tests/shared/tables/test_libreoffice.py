"""Both formats opened in LibreOffice, a program in which people open them."""

import subprocess
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest

from herwa_shared.tables.csv_writer import write_csv
from herwa_shared.tables.xlsx_writer import write_xlsx
from tests.shared.tables.sample_table import LARGE_ID, NAMES, build_sample_table

TABLE, OFFICE, TEXT = (f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("table", "office", "text"))
COMMA, SEMICOLON, TAB = 44, 59, 9
QUOTED_IS_TEXT = "true"
TIMEOUT_SECONDS = 120

pytestmark = pytest.mark.slow


class OpenedCell(NamedTuple):
    """A cell as LibreOffice understands it. `type` is `string`, `float`, `date` or empty."""

    type: str
    value: str


class OpenedSheet(NamedTuple):
    """The cells of a sheet by row, and all formulas."""

    rows: list[list[OpenedCell]]
    formulas: list[str]


@pytest.fixture(scope="module")
def profile(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("libreoffice")


def open_in_libreoffice(profile: Path, file: Path, *options: str) -> OpenedSheet:
    command = ["soffice", f"-env:UserInstallation=file://{profile}", "--headless", *options, "--convert-to", "fods"]
    subprocess.run([*command, "--outdir", file.parent, file], check=True, capture_output=True, timeout=TIMEOUT_SECONDS)
    table = next(ET.parse(file.with_suffix(".fods")).getroot().iter(f"{TABLE}table"))
    rows = [
        [cell for element in row.iter(f"{TABLE}table-cell") for cell in read_cells(element)]
        for row in table.iter(f"{TABLE}table-row")
    ]
    formulas = [cell.attrib[f"{TABLE}formula"] for cell in table.iter() if f"{TABLE}formula" in cell.attrib]
    return OpenedSheet([row for row in rows if any(cell.type for cell in row)], formulas)


def open_csv(profile: Path, file: Path, separator: int, quoted_is_text: str = "") -> OpenedSheet:
    """Open with the tokens of LibreOffice's import filter: separator, quotation mark, UTF-8, first line."""
    tokens = f"{separator},34,76,1,,0,{quoted_is_text}"
    return open_in_libreoffice(profile, file, f"--infilter=Text - txt - csv (StarCalc):{tokens}")


def read_cells(element: ET.Element) -> list[OpenedCell]:
    """The cells of an element, which stands for several equal ones."""
    kind, text = (
        element.get(f"{OFFICE}value-type", ""),
        "\n".join("".join(p.itertext()) for p in element.iter(f"{TEXT}p")),
    )
    value = element.get(f"{OFFICE}date-value") or element.get(f"{OFFICE}value") or text
    count = int(element.get(f"{TABLE}number-columns-repeated", "1"))
    return [OpenedCell(kind, value)] * min(count, 10)


def test_workbook_opens_with_texts_ids_dates_and_numbers(profile, tmp_path):
    file = tmp_path / "table.xlsx"
    file.write_bytes(write_xlsx(build_sample_table()))
    sheet = open_in_libreoffice(profile, file)
    assert sheet.formulas == []
    rows = sheet.rows[1:]
    assert len(rows) == len(NAMES)
    for number, (name, row) in enumerate(zip(NAMES, rows, strict=True)):
        assert row[1] == ("date", "2024-10-27")
        assert row[2] == ("string", str(LARGE_ID + number))
        assert row[3] == (("string", name) if name else ("", ""))
    assert [row[0] for row in rows[:5]] == [
        ("date", "2024-10-27"),
        ("date", "2024-10-27T01:00:00"),
        ("date", "2024-10-27T02:00:00"),
        ("date", "2024-10-27T02:00:00"),
        ("date", "2024-10-27T03:00:00"),
    ]
    assert [row[4] for row in rows[:2]] == [("float", "0"), ("float", "1000")]
    assert rows[-1][4] == ("", "")


def test_csv_opens_with_names_and_ids_as_text(profile, tmp_path):
    file = tmp_path / "table.csv"
    file.write_bytes(write_csv(build_sample_table()))
    sheet = open_csv(profile, file, COMMA, QUOTED_IS_TEXT)
    assert sheet.formulas == []
    rows = sheet.rows[1:]
    assert [row[2] for row in rows] == [("string", str(LARGE_ID + number)) for number in range(len(NAMES))]
    assert [row[3].value.replace("'", "") for row in rows] == [name.replace("'", "") for name in NAMES]
    assert [row[4] for row in rows[:2]] == [("float", "0"), ("float", "1000")]


@pytest.mark.parametrize("separator", [COMMA, SEMICOLON, TAB])
def test_csv_has_no_formulas_with_any_separator(profile, tmp_path, separator):
    file = tmp_path / "table.csv"
    names = [*NAMES, 'a;"=1+1', "x\t=1+1", "a,=1+1", "=SUM(A1:A9)", "@SUM(A1)", "+1+1", "-1+1", "a\n=1+1"]
    file.write_bytes(write_csv(build_sample_table(names)))
    assert open_csv(profile, file, separator).formulas == []
