"""CSV: readable for programs, and safe in a spreadsheet with any separator."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa_shared.tables.csv_writer import write_csv
from herwa_shared.tables.formula_escaping import escape_formulas
from herwa_shared.tables.table import Column, ColumnType, Table
from tests.shared.tables.sample_table import BERLIN, COLUMNS, LARGE_ID, NAMES, build_sample_table

SIGNS = "=+-@＝＋－＠"  # noqa: RUF001
NAME_COLUMN = (Column("name", "Name", ColumnType.TEXT),)


def read_records(content: bytes, **options: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), **options))


def test_csv_is_utf_8_with_a_mark_and_has_every_row():
    content = write_csv(build_sample_table())
    assert content.startswith(b"\xef\xbb\xbf")
    header, *rows = read_records(content)
    assert header == [column.key for column in COLUMNS]
    assert [row[3].replace("'", "") for row in rows] == [name.replace("'", "") for name in NAMES]


def test_csv_quotes_texts_and_ids_but_neither_numbers_nor_times_nor_gaps():
    lines = write_csv(build_sample_table(["a", "b"])).decode("utf-8-sig").splitlines()
    assert lines[1] == f'2024-10-27T00:00:00+02:00,2024-10-27T00:00:00+02:00,"{LARGE_ID}","a",0'
    assert lines[2] == f'2024-10-27T01:00:00+02:00,2024-10-27T00:00:00+02:00,"{LARGE_ID + 1}","b",'


def test_repeated_hour_has_two_different_times_in_csv():
    rows = read_records(write_csv(build_sample_table()))
    assert [row[0] for row in rows[3:5]] == ["2024-10-27T02:00:00+02:00", "2024-10-27T02:00:00+01:00"]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("=1+1", "'=1+1"),
        ("@here", "'@here"),
        ("-5", "'-5"),
        ("＝1", "'＝1"),  # noqa: RUF001
        ("﹦1", "'﹦1"),
        (" =1", " '=1"),
        ("\t=1", "\t'=1"),
        ("\r\n+1", "\r\n'+1"),
        ("\u00a0=1", "\u00a0'=1"),
        ("\u3000=1", "\u3000'=1"),
        ("\u200b=1", "\u200b'=1"),
        ("\x00=1", "\x00'=1"),
        ('"=1', "\"'=1"),
        ("a;=1+1", "a;'=1+1"),
        ("a,+1", "a,'+1"),
        ("a|@x", "a|'@x"),
        ("a\t-1", "a\t'-1"),
        ("a\n=1", "a\n'=1"),
        ("a; \"=cmd|'x'!A1", "a; \"'=cmd|'x'!A1"),
        ("=1;=2;=3", "'=1;'=2;'=3"),
        ("a=b", "a=b"),
        ("off-topic", "off-topic"),
        ("mail@example.com", "mail@example.com"),
        ("a - b", "a - b"),
        ("雑談", "雑談"),
        ("", ""),
    ],
)
def test_signs_that_would_start_a_formula_are_escaped(text, escaped):
    assert escape_formulas(text) == escaped


@given(st.text("=+@-＝a;,|\t\r\n\"' \u200b", max_size=12), st.sampled_from(",;\t|"))  # noqa: RUF001
def test_no_cell_is_a_formula_with_any_separator(name, separator):
    content = write_csv(Table("T", NAME_COLUMN, [(name,), ("end",)], BERLIN))
    for record in read_records(content, delimiter=separator):
        for cell in record:
            assert not cell.strip(' \t\r\n"\u200b').startswith(tuple(SIGNS)), (name, cell)


@given(st.text(max_size=20).filter(lambda text: escape_formulas(text) == text))
def test_other_texts_are_unchanged(name):
    try:
        name.encode()
    except UnicodeEncodeError:
        return
    assert read_records(write_csv(Table("T", NAME_COLUMN, [(name,)], BERLIN)))[1] == [name]
