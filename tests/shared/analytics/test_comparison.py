"""The rule of changes: the same elapsed time on both sides, covered on both sides, differences for small numbers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from herwa_shared.analytics.comparison import Change, align_windows, build_change, build_point_change
from herwa_shared.analytics.coverage import Coverage
from herwa_shared.analytics.metric_definitions import Metric, get_definition
from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.results import Point, PointStatus
from herwa_shared.charts.text.changes import format_change
from tests.support.row_factories import make_utc

MARCH = ActivityQuery.parse("2025-03-01", "2025-04-01", guild_id=1)
FEBRUARY = MARCH.shift_back()


def test_running_window_is_compared_to_the_second():
    windows = align_windows(MARCH, FEBRUARY, make_utc(2025, 3, 2, 5, 59, 30))

    assert (windows.current.start, windows.current.end) == (MARCH.start, make_utc(2025, 3, 2, 5, 59, 30))
    assert (windows.base.start, windows.base.end) == (FEBRUARY.start, make_utc(2025, 2, 2, 5, 59, 30))


def test_base_older_than_the_raw_events_is_compared_by_complete_hours():
    windows = align_windows(MARCH, MARCH.shift_year_back(), make_utc(2025, 3, 2, 5, 59, 30))

    assert windows.current.end == make_utc(2025, 3, 2, 5)
    assert windows.base.end == make_utc(2024, 3, 2, 5)


def test_base_never_exceeds_the_comparison_window():
    assert align_windows(MARCH, FEBRUARY, make_utc(2025, 3, 30)).base.end == FEBRUARY.end


def test_finished_window_is_compared_completely_and_a_future_one_not_at_all():
    windows = align_windows(MARCH, FEBRUARY, make_utc(2025, 4, 1))

    assert (windows.current, windows.base) == (MARCH, FEBRUARY)
    assert align_windows(MARCH, FEBRUARY, make_utc(2025, 3, 1)) is None
    assert align_windows(MARCH, FEBRUARY, make_utc(2025, 1, 1)) is None


@pytest.mark.parametrize(
    ("value", "base", "text"),
    [
        (120, 100, "▲ 20%"),
        (80, 100, "▼ 20%"),
        (21, 20, "▲ 5%"),
        (22, 19, "+3"),
        (0, 19, "\u221219"),
        (3, 0, "+3"),
        (0, 0, ""),
        (7, 7, "no change"),
        (100_004, 100_000, "no change"),
        (2_000, 20, "▲ 100\u00d7"),
    ],
)
def test_change_of_a_small_base_is_a_difference(value, base, text):
    assert format_change(Change(value, base)) == text


def test_change_of_an_unknown_or_poorly_covered_total_is_unknown():
    windows = align_windows(MARCH, FEBRUARY, make_utc(2025, 4, 1))
    full = Coverage.from_periods([(FEBRUARY.start, MARCH.end)])
    short_gap = Coverage.from_periods([(FEBRUARY.start, make_utc(2025, 3, 5)), (make_utc(2025, 3, 5, 7), MARCH.end)])
    lost_day = Coverage.from_periods([(FEBRUARY.start, make_utc(2025, 3, 5)), (make_utc(2025, 3, 6), MARCH.end)])
    messages, members = get_definition(Metric.MESSAGES), get_definition(Metric.MEMBERS)

    assert build_change(5, 4, windows, definition=messages, coverage=full) == Change(5, 4)
    assert build_change(5, 4, windows, definition=messages, coverage=short_gap) == Change(5, 4)
    assert build_change(5, 4, windows, definition=messages, coverage=lost_day) is None
    assert build_change(5, 4, windows, definition=members, coverage=lost_day) == Change(5, 4)
    assert build_change(5, None, windows, definition=messages, coverage=full) is None


def test_only_complete_intervals_have_a_change():
    point = Point(make_utc(2025, 3, 1), make_utc(2025, 3, 2), 30)
    base = replace(point, start=point.start - timedelta(days=7), value=25)

    assert build_point_change(point, base) == Change(30, 25)
    assert build_point_change(replace(point, status=PointStatus.CURRENT), base) is None
    assert build_point_change(point, replace(base, status=PointStatus.PARTIAL)) is None
    assert build_point_change(point, None) is None
