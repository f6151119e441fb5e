"""Reading a history file: rows are validated and sorted; the first invalid one is named."""

import gzip
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa.commands.replay import HistoryFormatError, HistoryRow, read_history, split_chunks
from herwa_sim.replay import ReplayRow, assign_ids
from herwa_sim.snowflakes import to_datetime
from tests.sim.conftest import HISTORY_CSV_HEADER

VALID_ROW = "2024-03-01T12:00:00.123000Z,general,chat,,1,10,0"


@pytest.fixture
def write_history(tmp_path):
    """Writes a history file with these rows, on request gzipped; returns its path."""

    def write(*rows: str, compressed: bool = False):
        content = "\n".join((HISTORY_CSV_HEADER, *rows, "")).encode()
        path = tmp_path / "history.csv"
        path.write_bytes(gzip.compress(content) if compressed else content)
        return path

    return write


def read_rows(path, start=None, end=None):
    return read_history(path, start=start, end=end)


@pytest.mark.parametrize("compressed", [False, True])
def test_rows_are_sorted_by_time(write_history, compressed):
    path = write_history("2024-03-02T00:00:00Z,,b,help,2,0,1", VALID_ROW, compressed=compressed)
    first_row, second_row = read_rows(path)
    assert first_row == HistoryRow(datetime(2024, 3, 1, 12, 0, 0, 123000, UTC), "general", "chat", "", "1", 10, 0)
    assert (second_row.thread, second_row.attachments) == ("help", 1)


def test_window_is_utc_days_with_an_exclusive_end(write_history):
    path = write_history(
        "2024-02-29T23:59:59.999999Z,,a,,1,0,0",
        "2024-03-01T00:00:00Z,,b,,1,0,0",
        "2024-03-01T23:30:00-01:00,,d,,1,0,0",
        "2024-03-01T23:59:59.999Z,,c,,1,0,0",
    )
    assert [row.channel for row in read_rows(path, date(2024, 3, 1), date(2024, 3, 2))] == ["b", "c"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("yesterday,general,chat,,1,10,0", "created_at is not a time"),
        ("2024-03-01T12:00:00,general,chat,,1,10,0", "no time zone"),
        ("2012-03-01T12:00:00Z,general,chat,,1,10,0", "before Discord began"),
        ("2024-03-01T12:00:00Z,general,,,1,10,0", "channel has no name"),
        ("2024-03-01T12:00:00Z,general,chat,,,10,0", "author is missing"),
        ("2024-03-01T12:00:00Z,general,chat,,1,-1,0", "content_length is not a number"),
        ("2024-03-01T12:00:00Z,general,chat,,1,10,many", "attachments is not a number"),
        ("2024-03-01T12:00:00Z,general,chat,,1,10", "6 values where 7 belong"),
        ('2024-03-01T12:00:00Z,general,"chat,,1,10,0', "unexpected end of data"),
    ],
)
def test_first_invalid_row_is_named_by_line_even_outside_the_window(write_history, row, message):
    with pytest.raises(HistoryFormatError, match=f"^Line [345]: .*{message}"):
        read_rows(write_history(VALID_ROW, row, "worse"), date(2030, 1, 1), date(2030, 1, 2))


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\x1f\x8bnot really gzip", b"\xff\xfe\x00"])
def test_invalid_history_file_is_refused(tmp_path, content):
    path = tmp_path / "history.csv"
    path.write_bytes(content)
    with pytest.raises(HistoryFormatError):
        read_rows(path)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(HistoryFormatError, match="cannot be read"):
        read_rows(tmp_path / "nowhere.csv")


def _create_row(micros: int, author: str = "1") -> ReplayRow:
    return ReplayRow(datetime(2024, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros), "c", "chat", "", author, 5, 0)


@given(st.lists(st.integers(0, 30_000), max_size=60), st.integers(1, 9))
def test_chunks_contain_every_row_and_never_split_a_millisecond(micros, size):
    rows = [HistoryRow(*_create_row(offset)) for offset in sorted(micros)]
    row_chunks = list(split_chunks(rows, size))
    assert [row for chunk in row_chunks for row in chunk] == rows
    borders = [(chunk[-1].sent_at, next_chunk[0].sent_at) for chunk, next_chunk in pairwise(row_chunks)]
    assert all(earlier.microsecond // 1000 != later.microsecond // 1000 for earlier, later in borders)


@given(st.lists(st.tuples(st.integers(0, 3000), st.sampled_from("abc")), max_size=40), st.randoms())
def test_ids_do_not_depend_on_the_row_order(parts, random):
    rows = [_create_row(micros, author) for micros, author in parts]
    shuffled = random.sample(rows, len(rows))
    rows_with_ids, shuffled_with_ids = assign_ids(7, rows), assign_ids(7, shuffled)
    assert rows_with_ids == shuffled_with_ids
    ids = [id_ for id_, _ in rows_with_ids]
    assert ids == sorted(set(ids))
    assert all(row.sent_at - to_datetime(id_) < timedelta(milliseconds=1) for id_, row in rows_with_ids)


def test_same_row_in_another_guild_has_another_id():
    assert assign_ids(7, [_create_row(0)]) != assign_ids(8, [_create_row(0)])
