"""History files as people have them: what spreadsheets write is read, everything else is refused with its name."""

import gzip
import io
import json
import os
import zipfile
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from threading import Thread

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from herwa.commands.replay import ReplayResult, build_imported_period
from herwa.history_files.csv_records import COLUMNS
from herwa.history_files.errors import HistoryFormatError
from herwa.history_files.history import MAX_REPORTED_LINES, HistoryRow, read_history
from herwa.texts import history as texts
from herwa_shared.clock import utc_now
from herwa_shared.discord.event_times import is_possible_event_time, to_unix_ms
from tests.support.configurable_copy import run_bare_command

HEADER = ",".join(COLUMNS)
ROW = "2024-03-01T12:00:00.123000Z,general,雑談,,1,10,0"
LATER_ROW = "2024-03-02T00:00:00Z,,b,help,2,0,1"
EXPECTED_ROWS = [
    HistoryRow(datetime(2024, 3, 1, 12, 0, 0, 123000, UTC), "general", "雑談", "", "1", 10, 0),
    HistoryRow(datetime(2024, 3, 2, tzinfo=UTC), "", "b", "help", "2", 0, 1),
]
LINES = (HEADER, ROW, LATER_ROW)
NOW = datetime(2024, 5, 1, 10, tzinfo=UTC)


@pytest.fixture
def write(tmp_path):
    """Writes a file with this content and returns its path."""

    def write_file(content: str | bytes, name: str = "history.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def join(*lines: str, end: str = "\n") -> str:
    return "".join(f"{line}{end}" for line in lines)


def read(path: Path, start: date | None = None, end: date | None = None) -> list[HistoryRow]:
    return read_history(path, start=start, end=end)


def read_error(path: Path) -> HistoryFormatError:
    with pytest.raises(HistoryFormatError) as error_info:
        read(path, date(2030, 1, 1), date(2030, 1, 2))
    return error_info.value


def list_problems(path: Path) -> list[tuple[int, str]]:
    return [tuple(problem) for problem in read_error(path).problems]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(join(HEADER, LATER_ROW, ROW).encode(), id="unsorted"),
        pytest.param(join(*LINES, end="\r\n").encode("utf-8-sig"), id="Excel's CSV UTF-8"),
        pytest.param(join(*LINES, end="\r").encode(), id="old Mac line ends"),
        pytest.param(join(*LINES).replace(",", ";").encode(), id="semicolons"),
        pytest.param(("sep=;\r\n" + join(*LINES, end="\r\n").replace(",", ";")).encode("utf-8-sig"), id="Excel's sep="),
        pytest.param(join(*LINES).replace(",", "\t").encode(), id="tabs"),
        pytest.param(join(*LINES).replace(",", "|").encode(), id="bars"),
        pytest.param(join(*LINES, end="\r\n").replace(",", "\t").encode("utf-16"), id="Excel's Unicode text"),
        pytest.param(join(*LINES).encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param(join(*LINES).encode("utf-16-be"), id="UTF-16, big-endian, without a mark"),
        pytest.param(join("", "  ", HEADER, "", ROW, ",,,,,,", "", LATER_ROW, "", "").encode(), id="blank lines"),
        pytest.param(join(*(f"{line},," for line in LINES)).encode(), id="empty columns to the right"),
        pytest.param(join(HEADER, f"{ROW},,", LATER_ROW).encode(), id="empty cells to the right"),
        pytest.param(
            join(*(",".join(f'"{value}"' for value in line.split(",")) for line in LINES)).encode(), id="quotes"
        ),
        pytest.param(
            join(HEADER.replace(",", " , ").title(), *(row.replace(",", ", ") for row in LINES[1:])).encode(),
            id="spaces and capitals",
        ),
        pytest.param(join(*(",".join(["id", *line.split(",")][::-1]) for line in LINES)).encode(), id="other columns"),
        pytest.param("\n".join(LINES).encode(), id="no last line end"),
        pytest.param(gzip.compress(join(*LINES, end="\r\n").encode("utf-8-sig")), id="gzip"),
        pytest.param(gzip.compress(join(*LINES).encode("utf-16")), id="gzip of UTF-16"),
        pytest.param(
            gzip.compress(join(HEADER, ROW).encode()) + gzip.compress(join(LATER_ROW).encode()), id="two gzips"
        ),
    ],
)
def test_history_is_read_as_spreadsheets_and_exports_write_it(write, content):
    assert read(write(content)) == EXPECTED_ROWS


def test_quoted_names_keep_separators_and_quotation_marks(write):
    [row] = read(write(join(HEADER, '2024-03-01T12:00:00Z,"a, b","c ""d"" ;",,1,1,0')))
    assert (row.category, row.channel) == ("a, b", 'c "d" ;')


def test_history_can_come_from_a_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = Thread(target=lambda: path.write_bytes(gzip.compress(join(*LINES).encode())))
    writer.start()
    rows = read(path)
    writer.join()
    assert rows == EXPECTED_ROWS


def test_window_is_utc_days_with_an_exclusive_end(write):
    path = write(
        join(
            HEADER,
            "2024-02-29T23:59:59.999999Z,,a,,1,0,0",
            "2024-03-01T00:00:00Z,,b,,1,0,0",
            "2024-03-01T23:30:00-01:00,,d,,1,0,0",
            "2024-03-01T23:59:59.999Z,,c,,1,0,0",
        )
    )
    assert [row.channel for row in read(path, date(2024, 3, 1), date(2024, 3, 2))] == ["b", "c"]


def build_workbook() -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as workbook:
        workbook.add_worksheet().write_row(0, 0, COLUMNS)
    return stream.getvalue()


def build_zip(name: str, content: str = "") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "file_format"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\r\n\r\n", "empty"),
        (b",,,\n" * 5000, "empty"),
        (gzip.compress(b""), "empty"),
        (build_workbook(), "excel"),
        (gzip.compress(build_workbook()), "excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "excel"),
        (build_zip("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), "open_document"),
        (build_zip("history.csv", join(*LINES)), "zip"),
        (bytes(257) + b"ustar\x0000", "tar"),
        (gzip.compress(gzip.compress(join(*LINES).encode())), "compressed"),
        (b"BZh91AY&SY", "compressed"),
        (b"\x28\xb5\x2f\xfd\x04\x58", "compressed"),
        (json.dumps([{"created_at": "2024-03-01"}]).encode(), "json"),
        (b'\xef\xbb\xbf  {"messages": []}', "json"),
        (b"\n<!DOCTYPE html><html></html>", "html"),
        (b"<HTML><body>", "html"),
        (b'<?xml version="1.0"?><Workbook/>', "xml"),
        (b"%PDF-1.7\n", "pdf"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "image"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image"),
        (b"PAR1\x15\x04", "parquet"),
        (b"SQLite format 3\x00", "database"),
        (b"\x00\x01\x02\x03" * 20, "binary"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",  # ids with bytes would contain the current time
)
def test_file_that_is_something_else_is_named_for_what_it_is(write, content, file_format):
    assert str(read_error(write(content))) == texts.format_other_file("history.csv", file_format)


@pytest.mark.parametrize(
    "content",
    [
        b"\x1f\x8bnot really gzip",
        b"\x1f\x8b",
        gzip.compress(join(HEADER, *[ROW] * 9000).encode(), compresslevel=0)[:-100_000],
        gzip.compress(join(*LINES).encode())[:-8],
        gzip.compress(join(*LINES).encode())[:40] + b"\xff" * 200,
    ],
    ids=["no gzip", "two bytes", "cut in the middle", "cut at the end", "overwritten"],
)
def test_damaged_gzip_is_refused(write, content):
    assert str(read_error(write(content))) == texts.format_damaged_gzip("history.csv")


def test_text_in_another_encoding_is_refused_with_the_line(write):
    content = join(HEADER, *[ROW] * 500, "2024-03-01T12:00:00Z,general,café,,1,10,0").encode()
    error = read_error(write(content.replace("é".encode(), "é".encode("cp1252"))))
    assert str(error) == texts.format_wrong_encoding("history.csv", 502, "2:00:00Z,general,café,,1,10,0")


def test_truncated_utf_16_is_refused(write):
    error = read_error(write(join(HEADER, *[LATER_ROW] * 20).encode("utf-16-be")[:-20] + b"\xd8\x00\x00"))
    assert error.code == "bad_history"


def test_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("a,b", texts.format_missing_columns(COLUMNS, "a,b", COLUMNS)),
        (
            "AuthorID;Author;Date",
            texts.format_missing_columns(COLUMNS[:4] + COLUMNS[5:], "AuthorID;Author;Date", COLUMNS),
        ),
        (
            HEADER.replace("thread", "threads").replace(",", ";"),
            texts.format_missing_columns(["thread"], HEADER.replace("thread", "threads").replace(",", ";"), COLUMNS),
        ),
        (f"{HEADER},author", texts.format_repeated_columns(["author"])),
        (ROW, texts.format_missing_columns(COLUMNS, ROW, COLUMNS)),
    ],
)
def test_invalid_header_is_quoted(write, header, problem):
    assert list_problems(write(join("", header, ROW))) == [(2, problem)]


FAR_FUTURE, TOMORROW = "2031-01-01T00:00:00Z", (utc_now() + timedelta(days=1.1)).isoformat()
LONG_NAME = "x" * 101
ROW_PROBLEMS = [
    ("yesterday,general,chat,,1,10,0", texts.format_unreadable_time("yesterday")),
    ("45352.5,general,chat,,1,10,0", texts.format_unreadable_time("45352.5")),
    (",general,chat,,1,10,0", texts.format_unreadable_time("")),
    ("2024-03-01T12:00:00,general,chat,,1,10,0", texts.format_time_without_zone("2024-03-01T12:00:00")),
    ("2014-12-31T23:59:59Z,,chat,,1,10,0", texts.format_impossible_time("2014-12-31T23:59:59Z", True)),
    ("0001-01-01T00:00:00+14:00,,chat,,1,1,0", texts.format_impossible_time("0001-01-01T00:00:00+14:00", True)),
    (f"{FAR_FUTURE},general,chat,,1,10,0", texts.format_impossible_time(FAR_FUTURE, False)),
    (f"{TOMORROW},general,chat,,1,10,0", texts.format_impossible_time(TOMORROW, False)),
    ("9999-12-31T23:59:59-14:00,,c,,1,1,0", texts.format_impossible_time("9999-12-31T23:59:59-14:00", False)),
    ("2024-03-01T12:00:00Z,general, ,,1,10,0", texts.format_missing_value("channel")),
    ("2024-03-01T12:00:00Z,general,chat,,,10,0", texts.format_missing_value("author")),
    (f"2024-03-01T12:00:00Z,,{LONG_NAME},,1,10,0", texts.format_long_name("channel", LONG_NAME, 100)),
    ('2024-03-01T12:00:00Z,,"a\nb",,1,10,0', texts.format_control_character("channel", "a\nb")),
    ("2024-03-01T12:00:00Z,,a\x1b[31m,,1,10,0", texts.format_control_character("channel", "a\x1b[31m")),
    ("2024-03-01T12:00:00Z,general,chat,,1,-1,0", texts.format_invalid_number("content_length", "-1", 4000)),
    ("2024-03-01T12:00:00Z,general,chat,,1,4001,0", texts.format_invalid_number("content_length", "4001", 4000)),
    ("2024-03-01T12:00:00Z,general,chat,,1,10,many", texts.format_invalid_number("attachments", "many", 10)),
    ("2024-03-01T12:00:00Z,general,chat,,1,10,\u0661", texts.format_invalid_number("attachments", "\u0661", 10)),
    ("2024-03-01T12:00:00Z,general,chat,,1,10", texts.format_wrong_value_count(6, 7)),
    ("2024-03-01T12:00:00Z,general,chat,,1,10,0,9", texts.format_wrong_value_count(8, 7)),
    ('2024-03-01T12:00:00Z,general,"chat"x,,1,10,0', texts.describe_csv_error("',' expected after '\"'")),
]


@pytest.mark.parametrize(("row", "problem"), ROW_PROBLEMS, ids=range(len(ROW_PROBLEMS)))
def test_invalid_row_is_named_by_line_even_outside_the_window(write, row, problem):
    assert list_problems(write(join(HEADER, ROW, "", row, LATER_ROW))) == [(4, problem)]


def test_quotation_mark_that_is_never_closed_is_named_where_it_opens(write):
    path = write(join(HEADER, ROW, '2024-03-01T12:00:00Z,general,"chat,,1,10,0', *[ROW] * 9000))
    assert list_problems(path)[0] == (3, texts.describe_csv_error("unexpected end of data"))


def test_line_numbers_count_the_lines_within_quoted_fields(write):
    path = write(join(HEADER, '2024-03-01T12:00:00Z,general,chat,,"1', '2",10,0', "worse"))
    assert [line for line, _ in list_problems(path)] == [2, 4]


def test_the_first_ten_invalid_lines_are_reported_and_all_are_counted(write):
    rows = [f"{FAR_FUTURE},,chat,,{number},1,0" for number in range(12)]
    error = read_error(write(join(HEADER, ROW, *rows)))
    problem = texts.format_impossible_time(FAR_FUTURE, False)
    assert list(error.problems) == [(line, problem) for line in range(3, 3 + MAX_REPORTED_LINES)]
    assert str(error) == texts.format_invalid_lines("history.csv", 12, error.problems)


def test_header_without_messages_is_refused(write):
    assert str(read_error(write(join(HEADER, "")))) == texts.format_no_messages("history.csv")


def test_reported_values_are_short_and_have_no_control_characters():
    assert texts.quote_value("a" * 61) == f'"{"a" * 59}…"'
    assert texts.quote_value("\x1b]0;title\x07雑談\n") == r'"\x1b]0;title\x07雑談\n"'


@given(
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])),
    st.sampled_from("雑談=;,\t\"'"),
)
def test_a_row_is_read_exactly_if_the_collector_accepts_its_time(tmp_path_factory, moment, name):
    path = tmp_path_factory.mktemp("history") / "history.csv"
    quoted = name.replace('"', '""')
    path.write_text(join(HEADER, f'{moment.isoformat()},,"x{quoted}x",,1,1,0'))
    is_valid = is_possible_event_time(to_unix_ms(moment), now_ms=to_unix_ms(utc_now())) and name != "\t"
    if is_valid:
        assert read(path) == [HistoryRow(moment.astimezone(UTC), "", f"x{name}x", "", "1", 1, 0)]
    else:
        assert [problem.line for problem in read_error(path).problems] == [2]


@pytest.mark.parametrize(
    ("start", "end", "period"),
    [
        (None, None, (datetime(2024, 4, 30, tzinfo=UTC), NOW)),
        (date(2024, 4, 1), date(2024, 4, 20), (datetime(2024, 4, 1, tzinfo=UTC), datetime(2024, 4, 20, tzinfo=UTC))),
        (date(1, 1, 1), date(9999, 12, 31), (datetime(2015, 1, 1, tzinfo=UTC), NOW)),
        (date(2024, 5, 2), date(2024, 5, 3), None),
    ],
)
def test_imported_period_has_neither_the_future_nor_the_time_before_discord(start, end, period):
    result = ReplayResult(1, 2, NOW - timedelta(days=1), NOW - timedelta(minutes=1))
    assert build_imported_period(result, start, end, now=NOW) == period


def test_replay_without_rows_or_days_covers_nothing():
    assert build_imported_period(ReplayResult(1, 0, None, None), None, None, now=NOW) is None


def test_dry_run_checks_the_file_without_a_running_copy(write, tmp_path):
    settings = {"HERWA_DATA_DIR": str(tmp_path / "data")}
    command = ("sim", "replay", str(write(join(*LINES))), "--guild", "G", "--dry-run")
    result = run_bare_command(*command, **settings)
    assert json.loads(result.stdout) == {
        "messages": 2,
        "first_at": "2024-03-01T12:00:00.123000+00:00",
        "last_at": "2024-03-02T00:00:00+00:00",
    }
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_invalid_file_ends_the_command_with_exit_code_1(write, tmp_path):
    path = write(join(HEADER, f"{FAR_FUTURE},,chat,,1,1,0", ROW, f"{FAR_FUTURE},,chat,,1,1,0"))
    result = run_bare_command("sim", "replay", str(path), "--guild", "G", HERWA_DATA_DIR=str(tmp_path / "data"))
    problem = texts.format_impossible_time(FAR_FUTURE, False)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == texts.format_invalid_lines("history.csv", 2, [(2, problem), (4, problem)]) + "\n"
