"""Order and ids of the rows of a history."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa.commands.replay import split_chunks
from herwa.history_files.history import HistoryRow
from herwa_shared.clock import utc_now
from herwa_shared.errors import BadRequest
from herwa_sim.replay import ReplayRow, assign_ids, parse_row
from herwa_sim.snowflakes import to_datetime


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


@pytest.mark.parametrize(
    "sent_at",
    ["2014-12-31T23:59:59.999+00:00", "2031-01-01T00:00:00+00:00", (utc_now() + timedelta(hours=25)).isoformat()],
    ids=["before Discord", "2031", "in 25 hours"],
)
def test_local_discord_refuses_rows_that_the_collector_would_not_count(sent_at):
    with pytest.raises(BadRequest):
        parse_row([sent_at, "", "chat", "", "1", 5, 0])


def test_local_discord_refuses_a_time_without_offset():
    with pytest.raises(BadRequest):
        parse_row(["2024-01-01T00:00:00", "", "chat", "", "1", 5, 0])
