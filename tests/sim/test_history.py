"""Reading a history: every row checked, the bad one named, nothing out of order."""

import gzip
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa.commands.replay import BadHistory, HistoryRow, chunks, read_history
from herwa_sim.replay import Row, identified
from herwa_sim.snowflakes import moment_of

HEADER = "created_at,category,channel,thread,author,content_length,attachments"
GOOD = "2024-03-01T12:00:00.123000Z,general,chat,,1,10,0"


@pytest.fixture
def history(tmp_path):
    def written(*rows: str, packed: bool = False):
        content = "\n".join((HEADER, *rows, "")).encode()
        path = tmp_path / "history.csv"
        path.write_bytes(gzip.compress(content) if packed else content)
        return path

    return written


def read(path, start=None, end=None):
    return read_history(path, start=start, end=end)


@pytest.mark.parametrize("packed", [False, True])
def test_rows_come_in_the_order_of_time(history, packed):
    path = history("2024-03-02T00:00:00Z,,b,help,2,0,1", GOOD, packed=packed)
    first, second = read(path)
    assert first == HistoryRow(datetime(2024, 3, 1, 12, 0, 0, 123000, UTC), "general", "chat", "", "1", 10, 0)
    assert (second.thread, second.attachments) == ("help", 1)


def test_window_is_of_utc_days_and_its_end_is_not_in_it(history):
    path = history(
        "2024-02-29T23:59:59.999999Z,,a,,1,0,0",
        "2024-03-01T00:00:00Z,,b,,1,0,0",
        "2024-03-01T23:30:00-01:00,,d,,1,0,0",
        "2024-03-01T23:59:59.999Z,,c,,1,0,0",
    )
    assert [row.channel for row in read(path, date(2024, 3, 1), date(2024, 3, 2))] == ["b", "c"]


@pytest.mark.parametrize(
    ("row", "words"),
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
def test_first_bad_row_is_named_by_its_line_also_outside_the_window(history, row, words):
    with pytest.raises(BadHistory, match=f"^Line [345]: .*{words}"):
        read(history(GOOD, row, "worse"), date(2030, 1, 1), date(2030, 1, 2))


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\x1f\x8bnot really gzip", b"\xff\xfe\x00"])
def test_file_that_is_no_history_is_refused(tmp_path, content):
    path = tmp_path / "history.csv"
    path.write_bytes(content)
    with pytest.raises(BadHistory):
        read(path)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(BadHistory, match="cannot be read"):
        read(tmp_path / "nowhere.csv")


def _row(micros: int, author: str = "1") -> Row:
    return Row(datetime(2024, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros), "c", "chat", "", author, 5, 0)


@given(st.lists(st.integers(0, 30_000), max_size=60), st.integers(1, 9))
def test_chunks_hold_every_row_and_never_cut_a_millisecond(micros, size):
    rows = [HistoryRow(*_row(one)) for one in sorted(micros)]
    cut = list(chunks(rows, size))
    assert [row for chunk in cut for row in chunk] == rows
    borders = [(before[-1].sent_at, after[0].sent_at) for before, after in pairwise(cut)]
    assert all(one.microsecond // 1000 != other.microsecond // 1000 for one, other in borders)


@given(st.lists(st.tuples(st.integers(0, 3000), st.sampled_from("abc")), max_size=40), st.randoms())
def test_ids_depend_on_the_rows_alone(parts, random):
    rows = [_row(micros, author) for micros, author in parts]
    shuffled = random.sample(rows, len(rows))
    once, again = identified(7, rows), identified(7, shuffled)
    assert once == again
    ids = [id_ for id_, _ in once]
    assert ids == sorted(set(ids))
    assert all(row.sent_at - moment_of(id_) < timedelta(milliseconds=1) for id_, row in once)


def test_same_row_in_another_guild_has_another_id():
    assert identified(7, [_row(0)]) != identified(8, [_row(0)])
