"""Edges of intervals, especially on days with clock changes."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa_shared.analytics.intervals import MAX_POINTS, list_bucket_edges
from herwa_shared.analytics.results import Interval
from herwa_shared.analytics.timezones import list_offset_periods, to_instant, to_local_time
from herwa_shared.errors import BadRequest

ZONES = [
    "UTC",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
    "Pacific/Apia",
    "Africa/Casablanca",
]


def list_edges(zone: str, start: str, end: str, interval: Interval) -> list[str]:
    """List the edges as local times of the zone."""
    tz = ZoneInfo(zone)
    first, last = (to_instant(datetime.fromisoformat(text), tz) for text in (start, end))
    return [
        datetime.fromtimestamp(edge, tz).isoformat(timespec="minutes")
        for edge in list_bucket_edges(first, last, interval, tz)
    ]


def list_lengths(zone: str, start: str, end: str, interval: Interval) -> list[float]:
    """List the length of each interval in hours."""
    tz = ZoneInfo(zone)
    first, last = (to_instant(datetime.fromisoformat(text), tz) for text in (start, end))
    return [(after - before) / 3600 for before, after in pairwise(list_bucket_edges(first, last, interval, tz))]


@pytest.mark.parametrize(
    ("zone", "start", "end", "hours"),
    [
        ("America/New_York", "2024-03-09", "2024-03-12", [24, 23, 24]),
        ("America/New_York", "2024-11-02", "2024-11-05", [24, 25, 24]),
        ("Australia/Lord_Howe", "2024-04-06", "2024-04-09", [24, 24.5, 24]),
        ("Australia/Lord_Howe", "2024-10-05", "2024-10-08", [24, 23.5, 24]),
        ("America/Sao_Paulo", "2018-11-03", "2018-11-06", [24, 23, 24]),
        ("America/Havana", "2023-11-04", "2023-11-07", [24, 25, 24]),
        ("Pacific/Apia", "2011-12-29", "2012-01-01", [24, 24]),
    ],
)
def test_days_with_clock_changes_have_their_actual_length(zone, start, end, hours):
    assert list_lengths(zone, start, end, Interval.DAY) == hours


def test_repeated_hour_gives_two_intervals_and_a_skipped_hour_none():
    assert list_edges("America/New_York", "2024-11-03T00:00", "2024-11-03T02:00", Interval.HOUR) == [
        "2024-11-03T00:00-04:00",
        "2024-11-03T01:00-04:00",
        "2024-11-03T01:00-05:00",
        "2024-11-03T02:00-05:00",
    ]
    assert list_edges("America/New_York", "2024-03-10T01:00", "2024-03-10T04:00", Interval.HOUR) == [
        "2024-03-10T01:00-05:00",
        "2024-03-10T03:00-04:00",
        "2024-03-10T04:00-04:00",
    ]


def test_day_without_midnight_starts_at_one():
    assert list_edges("America/Sao_Paulo", "2018-11-04", "2018-11-05", Interval.DAY) == [
        "2018-11-04T01:00-02:00",
        "2018-11-05T00:00-02:00",
    ]


def test_skipped_day_has_no_interval():
    assert list_edges("Pacific/Apia", "2011-12-29", "2012-01-01", Interval.DAY) == [
        "2011-12-29T00:00-10:00",
        "2011-12-31T00:00+14:00",
        "2012-01-01T00:00+14:00",
    ]


def test_weeks_start_on_monday_and_months_on_the_first():
    assert list_edges("UTC", "2024-12-31", "2025-01-07", Interval.WEEK) == [
        "2024-12-30T00:00+00:00",
        "2025-01-06T00:00+00:00",
        "2025-01-13T00:00+00:00",
    ]
    assert list_edges("Asia/Tokyo", "2024-01-31T23:00", "2024-02-01T01:00", Interval.MONTH) == [
        "2024-01-01T00:00+09:00",
        "2024-02-01T00:00+09:00",
        "2024-03-01T00:00+09:00",
    ]


@given(
    zone=st.sampled_from(ZONES),
    interval=st.sampled_from(list(Interval)),
    start=st.integers(min_value=300_000_000, max_value=2_000_000_000),
    seconds=st.integers(min_value=1, max_value=40 * 86_400),
)
def test_edges_are_sorted_and_cover_the_window_without_extra_intervals(zone, interval, start, seconds):
    tz = ZoneInfo(zone)
    bucket_edges = list_bucket_edges(start, start + seconds, interval, tz)

    assert all(before < after for before, after in pairwise(bucket_edges))
    assert bucket_edges[0] <= start < bucket_edges[1]
    assert bucket_edges[-2] < start + seconds <= bucket_edges[-1]
    if interval is not Interval.HOUR:
        for edge in bucket_edges:
            day = to_local_time(edge, tz).date()
            assert to_local_time(edge - 1, tz).date() < day
            assert interval is not Interval.MONTH or day.day == 1
            assert interval is not Interval.WEEK or day.weekday() == 0


@given(
    zone=st.sampled_from(ZONES),
    local_time=st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2037, 1, 1)),  # noqa: DTZ001 - local times
)
def test_instant_of_a_local_time_is_the_first_one_or_the_end_of_the_gap(zone, local_time):
    tz, local_time = ZoneInfo(zone), local_time.replace(microsecond=0)
    instant = to_instant(local_time, tz)

    assert to_local_time(instant, tz) >= local_time
    assert to_local_time(instant - 1, tz) < local_time


def test_offset_periods_split_a_year_at_clock_changes():
    new_york = ZoneInfo("America/New_York")
    first, last = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2024, 2025))

    assert [
        (to_local_time(period.start, new_york).isoformat(), period.offset)
        for period in list_offset_periods(first, last, new_york)
    ] == [
        ("2023-12-31T19:00:00", -18_000),
        ("2024-03-10T03:00:00", -14_400),
        ("2024-11-03T01:00:00", -18_000),
    ]


def test_too_many_points_are_refused_with_a_suggestion():
    with pytest.raises(BadRequest, match=r"at most 50,000.*day, week or month"):
        list_bucket_edges(0, (MAX_POINTS + 1) * 3600, Interval.HOUR, ZoneInfo("UTC"))
