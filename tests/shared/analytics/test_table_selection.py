"""Table selection: hourly rows where they are exact, else raw events, else hourly rows marked as approximate."""

from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.table_selection import (
    HOURLY_ACTIVITY_SQL,
    HOURLY_AND_RAW_ACTIVITY_SQL,
    RAW_ACTIVITY_SQL,
    get_raw_events_start,
    select_table,
)
from tests.support.row_factories import make_utc

NOW = make_utc(2024, 6, 15, 12)
KOLKATA = ZoneInfo("Asia/Kolkata")


def describe_selection(since: str, until: str, zone: ZoneInfo, *boundaries: int) -> tuple[str, bool]:
    selection = select_table(ActivityQuery.parse(since, until, guild_id=1, zone=zone), boundaries, now=NOW)
    return selection.activity_sql, selection.approximate


def test_full_hours_use_hourly_rows():
    assert describe_selection("2024-06-01", "2024-06-08", ZoneInfo("Asia/Tokyo")) == (HOURLY_ACTIVITY_SQL, False)


def test_recent_window_off_the_full_hour_uses_raw_events():
    assert describe_selection("2024-06-01", "2024-06-08", KOLKATA) == (RAW_ACTIVITY_SQL, False)
    assert describe_selection("2024-06-01", "2024-06-08", ZoneInfo("UTC"), 1_717_201_800) == (RAW_ACTIVITY_SQL, False)


def test_window_that_ends_within_an_hour_reads_only_that_hour_from_the_raw_events():
    assert describe_selection("2023-01-01", "2024-06-08T10:40", ZoneInfo("UTC")) == (HOURLY_AND_RAW_ACTIVITY_SQL, False)
    assert describe_selection("2024-03-01", "2024-03-15T10:40", ZoneInfo("UTC")) == (HOURLY_ACTIVITY_SQL, True)


def test_old_window_off_the_full_hour_is_approximate():
    assert describe_selection("2024-03-16", "2024-06-08", KOLKATA) == (HOURLY_ACTIVITY_SQL, True)
    assert describe_selection("2024-03-17", "2024-06-08", KOLKATA) == (RAW_ACTIVITY_SQL, False)


@pytest.mark.parametrize(
    ("now", "since"),
    [
        (make_utc(2024, 6, 15, 12), make_utc(2024, 3, 16, 12)),
        (make_utc(2023, 2, 28, 12), make_utc(2022, 12, 1, 12)),
        (make_utc(2024, 5, 31), make_utc(2024, 3, 1)),
        (make_utc(2024, 5, 29), make_utc(2024, 3, 1)),
    ],
)
def test_raw_events_start_three_months_less_a_day_ago(now, since):
    assert get_raw_events_start(now) == since
