"""Hourly rows wherever they are exact, single events where they alone are, and a word where neither is."""

from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.table_selection import EVENTS, HOURLY, precise_since, source_of
from tests.activity import utc

NOW = utc(2024, 6, 15, 12)
KOLKATA = ZoneInfo("Asia/Kolkata")


def chosen(since: str, until: str, zone: ZoneInfo, *boundaries: int) -> tuple[str, bool]:
    source = source_of(ActivityQuery.between(since, until, guild_id=1, zone=zone), boundaries, now=NOW)
    return source.relation, source.approximate


def test_whole_hours_are_answered_by_hourly_rows_however_new():
    assert chosen("2024-06-01", "2024-06-08", ZoneInfo("Asia/Tokyo")) == (HOURLY, False)


def test_off_the_whole_hour_new_answers_come_from_events():
    assert chosen("2024-06-01", "2024-06-08", KOLKATA) == (EVENTS, False)
    assert chosen("2024-06-01", "2024-06-08", ZoneInfo("UTC"), 1_717_201_800) == (EVENTS, False)


def test_off_the_whole_hour_old_answers_are_approximate():
    assert chosen("2024-03-16", "2024-06-08", KOLKATA) == (HOURLY, True)
    assert chosen("2024-03-17", "2024-06-08", KOLKATA) == (EVENTS, False)


@pytest.mark.parametrize(
    ("now", "since"),
    [
        (utc(2024, 6, 15, 12), utc(2024, 3, 16, 12)),
        (utc(2023, 2, 28, 12), utc(2022, 12, 1, 12)),
        (utc(2024, 5, 31), utc(2024, 3, 1)),
        (utc(2024, 5, 29), utc(2024, 3, 1)),
    ],
)
def test_events_are_precise_for_three_months_less_a_day_whatever_their_lengths(now, since):
    assert precise_since(now) == since
