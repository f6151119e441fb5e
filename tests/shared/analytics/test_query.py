"""Windows of queries: parsing of dates and time zones, previous windows, and the same window a year earlier."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.query import ActivityQuery, Window
from herwa_shared.analytics.timezones import UTC_ZONE, parse_moment
from herwa_shared.errors import BadRequest
from herwa_shared.zone_names import parse_zone
from tests.support.row_factories import make_utc

TOKYO, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2025-03-01", TOKYO, make_utc(2025, 2, 28, 15)),
        ("2025-03-01T12:00", TOKYO, make_utc(2025, 3, 1, 3)),
        ("2025-03-01T12:00:00Z", TOKYO, make_utc(2025, 3, 1, 12)),
        ("2025-03-01T12:00:00.999Z", TOKYO, make_utc(2025, 3, 1, 12)),
        ("2025-03-01T12:00:00+05:30", TOKYO, make_utc(2025, 3, 1, 6, 30)),
        ("2025-03-01T12:00:00 05:30", TOKYO, make_utc(2025, 3, 1, 6, 30)),
        ("2024-03-10T02:30", NEW_YORK, make_utc(2024, 3, 10, 7)),
        ("2024-11-03T01:30", NEW_YORK, make_utc(2024, 11, 3, 5, 30)),
    ],
)
def test_dates_and_times_are_local_unless_they_have_an_offset(text, zone, moment):
    assert parse_moment(text, zone, field="from") == moment


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2025-13-01", "2025-03-01T25:00", "1740787200", "0000-00-00", "2025-03-01T12:00:00+99:00"]
)
def test_invalid_time_is_refused_with_the_parameter_name(text):
    with pytest.raises(BadRequest, match="'from' must"):
        parse_moment(text, TOKYO, field="from")


@pytest.mark.parametrize("text", ["0001-01-01", "1970-12-31", "2100-01-01", "9999-12-31T23:59:59-14:00"])
def test_time_outside_1971_to_2099_is_refused(text):
    with pytest.raises(BadRequest, match="between 1971 and 2099"):
        parse_moment(text, TOKYO, field="from")


def test_mistyped_zone_is_refused_with_a_suggestion():
    assert parse_zone("Asia/Kathmandu").key == "Asia/Kathmandu"
    with pytest.raises(BadRequest, match="such as America/New_York,"):
        parse_zone("america/new york")


def test_last_week_includes_today():
    query = ActivityQuery.from_last_days(Window.WEEK, guild_id=1, zone=TOKYO, now=make_utc(2025, 3, 9, 15))

    assert (query.start, query.end) == (make_utc(2025, 3, 3, 15), make_utc(2025, 3, 10, 15))


def test_last_days_are_full_local_days_across_a_clock_change():
    query = ActivityQuery.from_last_days(Window.MONTH, guild_id=1, zone=NEW_YORK, now=make_utc(2024, 3, 20))

    assert query.start == make_utc(2024, 2, 19, 5)
    assert query.end == make_utc(2024, 3, 20, 4)


def test_missing_end_of_a_window_gets_a_default():
    now = make_utc(2025, 3, 9, 12)

    assert ActivityQuery.parse(None, "2025-01-31", guild_id=1, now=now).start == make_utc(2025, 1, 1)
    assert ActivityQuery.parse("2025-03-01", None, guild_id=1, now=now).end == make_utc(2025, 3, 10)


def test_empty_window_is_refused():
    with pytest.raises(BadRequest, match="'from' must be before 'to'"):
        ActivityQuery.parse("2025-03-01", "2025-03-01", guild_id=1)


def test_previous_window_has_the_same_number_of_days():
    march = ActivityQuery.parse("2024-03-10", "2024-03-12", guild_id=1, zone=NEW_YORK)

    previous_query = march.shift_back()

    assert (previous_query.start, previous_query.end) == (make_utc(2024, 3, 8, 5), make_utc(2024, 3, 10, 5))
    assert march.end - march.start == timedelta(hours=47)


@pytest.mark.parametrize("zone", [UTC_ZONE, TOKYO, NEW_YORK])
def test_previous_window_of_full_months_has_the_same_number_of_months(zone):
    def build_query(since, until):
        return ActivityQuery.parse(since, until, guild_id=1, zone=zone)

    assert build_query("2025-03-01", "2025-04-01").shift_back() == build_query("2025-02-01", "2025-03-01")
    assert build_query("2025-01-01", "2026-01-01").shift_back() == build_query("2024-01-01", "2025-01-01")
    assert build_query("2025-01-01", "2025-03-01").shift(1) == build_query("2025-03-01", "2025-05-01")
    assert build_query("2025-01-01", "2025-01-31").shift_back() == build_query("2024-12-02", "2025-01-01")


def test_previous_window_of_hours_has_the_same_duration():
    query = ActivityQuery.parse("2024-11-03T01:00-04:00", "2024-11-03T01:00-05:00", guild_id=1, zone=NEW_YORK)

    assert query.shift_back().start == query.start - timedelta(hours=1)


def test_previous_year_keeps_dates_and_maps_a_leap_day_to_the_28th():
    leap_day_query = ActivityQuery.parse("2024-02-29", "2024-03-01", guild_id=1)
    hour_query = replace(leap_day_query, start=make_utc(2025, 3, 12, 6), end=make_utc(2025, 3, 12, 7), zone=NEW_YORK)

    assert (leap_day_query.shift_year_back().start, leap_day_query.shift_year_back().end) == (
        make_utc(2023, 2, 28),
        make_utc(2023, 3, 1),
    )
    assert hour_query.shift_year_back().start == make_utc(2024, 3, 12, 6)


def test_hour_skipped_a_year_earlier_is_compared_with_the_next_hour():
    query = ActivityQuery.parse("2025-03-10T02:00", "2025-03-10T03:00", guild_id=1, zone=NEW_YORK)

    assert query.shift_year_back().start == make_utc(2024, 3, 10, 7)
    assert query.shift_year_back().end == make_utc(2024, 3, 10, 8)
