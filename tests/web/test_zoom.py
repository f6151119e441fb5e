"""Zooming and panning of the chart: the window that a gesture on the time axis selects."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa_shared.analytics.date_ranges import DateRange
from herwa_shared.analytics.results import Interval
from herwa_shared.dashboard_query import DashboardQuery
from herwa_web.pages.guild.zoom import find_point_view, find_selected_view
from tests.support.hypothesis_settings import no_deadline
from tests.support.row_factories import make_utc

NOW = make_utc(2026, 11, 28, 14, 37)
DATA_START = make_utc(2026, 7, 30, 9)
UTC, NEW_YORK = ZoneInfo("UTC"), ZoneInfo("America/New_York")
ZONES = [UTC, NEW_YORK, ZoneInfo("Asia/Kolkata"), ZoneInfo("Pacific/Apia")]


def parse_view(zone: ZoneInfo = UTC, **params: str) -> DashboardQuery:
    url_params = {key.removesuffix("_"): value for key, value in params.items()}
    return DashboardQuery.parse(url_params, zone, NOW, guild_id=5, data_start=DATA_START)


def select(view: DashboardQuery, start: str, end: str) -> DateRange | None:
    selected_view = find_selected_view(view, start, end)
    return selected_view and selected_view.date_range


def test_drag_selects_the_days_whose_points_are_inside():
    month = parse_view()
    zoomed = find_selected_view(month, "2026-11-04 20:12:31.1234", "2026-11-13 04:00")
    assert zoomed.date_range == DateRange(make_utc(2026, 11, 5), make_utc(2026, 11, 14))
    assert zoomed.interval is Interval.DAY
    assert zoomed.zoom_out() == month


def test_short_selection_is_shown_by_hour():
    zoomed = find_selected_view(parse_view(NEW_YORK), "2026-11-04 20:00", "2026-11-06 04:00")
    assert zoomed.date_range == DateRange(make_utc(2026, 11, 5, 5), make_utc(2026, 11, 7, 5))
    assert zoomed.interval is Interval.HOUR


def test_part_of_a_day_between_two_points_is_selected_in_hours():
    zoomed = find_selected_view(parse_view(range="7d"), "2026-11-25 10:12", "2026-11-25 18:40")
    assert zoomed.date_range == DateRange(make_utc(2026, 11, 25, 10), make_utc(2026, 11, 25, 19))
    assert zoomed.interval is Interval.HOUR


def test_hours_are_selected_as_times():
    day = parse_view(range="yesterday")
    zoomed = find_selected_view(day, "2026-11-27 09:30", "2026-11-27 16:10")
    assert zoomed.date_range == DateRange(make_utc(2026, 11, 27, 10), make_utc(2026, 11, 27, 17))
    assert zoomed.to_params()["from"] == "2026-11-27T10:00:00+00:00"
    assert DashboardQuery.parse(zoomed.to_params(), UTC, NOW, guild_id=5, data_start=DATA_START) == zoomed


@pytest.mark.parametrize(
    ("params", "start", "end"),
    [
        ({"range": "yesterday"}, "2026-11-27 09:40", "2026-11-27 10:20"),
        ({"range": "yesterday"}, "2026-11-27 10:10", "2026-11-27 10:50"),
        ({"range": "30d"}, "2026-10-30", "2026-11-28"),
        ({"range": "30d"}, "", ""),
        ({"range": "30d"}, "2026-11-10", "2026-11-01"),
        ({"range": "30d"}, "yesterday", "today"),
        ({"range": "30d"}, "0001-01-01", "9999-12-31"),
        ({"from_": "2026-11-27T10:00", "to": "2026-11-27T11:00"}, "2026-11-27 09:40", "2026-11-27 10:20"),
        ({"range": "today"}, "2026-11-28 18:00", "2026-11-28 22:00"),
    ],
    ids=["one hour", "no hour", "same window", "empty", "reversed", "words", "huge", "one point", "future"],
)
def test_gesture_without_a_new_window_selects_nothing(params, start, end):
    assert find_selected_view(parse_view(**params), start, end) is None


def test_weeks_are_cut_to_the_window():
    quarter = parse_view(range="91d", interval="week")
    assert select(quarter, "2026-11-16", "2026-11-24") == DateRange(make_utc(2026, 11, 16), make_utc(2026, 11, 29))


def test_panning_moves_by_full_days_and_keeps_length_and_interval():
    week = parse_view(from_="2026-11-05", to="2026-11-14", interval="hour")
    panned = find_selected_view(week, "2026-11-02 22:20", "2026-11-11 21:20")
    assert panned.date_range == DateRange(make_utc(2026, 11, 2, 22), make_utc(2026, 11, 11, 22))
    assert panned.interval is Interval.HOUR
    assert panned.zoom_out() == week


def test_panning_ends_with_today_and_with_the_first_data():
    days = parse_view(from_="2026-11-05", to="2026-11-14")
    assert select(days, "2026-12-24", "2027-01-01") == DateRange(make_utc(2026, 11, 20), make_utc(2026, 11, 29))
    assert select(days, "2026-01-05", "2026-01-13") == DateRange(make_utc(2026, 7, 30), make_utc(2026, 8, 8))
    assert find_selected_view(parse_view(), "2026-11-09", "2026-12-08") is None


def test_panning_over_a_change_of_the_clocks_keeps_midnights():
    days = parse_view(NEW_YORK, from_="2026-11-05", to="2026-11-14")
    assert select(days, "2026-10-26", "2026-11-03") == DateRange(make_utc(2026, 10, 26, 4), make_utc(2026, 11, 4, 5))


@pytest.mark.parametrize(
    ("params", "position", "start", "end"),
    [
        ({}, "2026-11-05", make_utc(2026, 11, 5), make_utc(2026, 11, 6)),
        ({"range": "91d", "interval": "week"}, "2026-11-16", make_utc(2026, 11, 16), make_utc(2026, 11, 23)),
        ({"range": "91d", "interval": "week"}, "2026-08-24 00:00", make_utc(2026, 8, 30), make_utc(2026, 8, 31)),
        ({"range": "all", "interval": "month"}, "2026-10-01", make_utc(2026, 10, 1), make_utc(2026, 11, 1)),
    ],
)
def test_click_zooms_into_the_interval_of_the_point(params, position, start, end):
    assert find_point_view(parse_view(**params), position).date_range == DateRange(start, end)


@pytest.mark.parametrize("position", ["2026-11-27 10:00", "2026-11-27 10:30", "", "x" * 30])
def test_click_on_an_hour_or_nowhere_selects_nothing(position):
    assert find_point_view(parse_view(range="yesterday"), position) is None


local_times = st.datetimes(*(make_utc(year, 5, 1).replace(tzinfo=None) for year in (2026, 2027)))


@no_deadline
@given(
    st.sampled_from(["today", "24h", "7d", "30d", "91d", "12mo", "all", "month"]),
    st.sampled_from(list(Interval)),
    local_times,
    local_times,
    st.sampled_from(ZONES),
)
def test_any_gesture_is_within_data_and_present(preset, interval, start, end, zone):
    view = parse_view(zone, range=preset, interval=interval)
    for selected in (find_selected_view(view, str(start), str(end)), find_point_view(view, str(start))):
        if selected is None:
            continue
        assert selected.date_range.start < selected.date_range.end
        assert selected.date_range.start < NOW
        assert selected.date_range.end <= max(view.date_range.end, NOW + timedelta(days=1))
        assert selected.date_range.start > min(view.date_range.start, DATA_START) - timedelta(days=1)
        assert selected.zoom_out() == DashboardQuery.parse(
            view.to_params(), zone, NOW, guild_id=5, data_start=DATA_START
        )
