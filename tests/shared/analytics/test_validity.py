"""Until when a result holds: about the past always, about a running window until the next full minute."""

from datetime import UTC, datetime, timedelta

import pytest

from herwa_shared.analytics.query import ActivityQuery
from herwa_shared.analytics.validity import get_valid_until

NOW = datetime(2025, 3, 1, 12, 0, 45, tzinfo=UTC)
NEXT_MINUTE = datetime(2025, 3, 1, 12, 1, tzinfo=UTC)


def build_query(start_seconds: int, end_seconds: int) -> ActivityQuery:
    """Build a query whose window is given in seconds from now."""
    return ActivityQuery(7, NOW + timedelta(seconds=start_seconds), NOW + timedelta(seconds=end_seconds))


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ([(-3600, -30)], None),
        ([(-3600, -29)], NEXT_MINUTE),
        ([(-3600, 3600)], NEXT_MINUTE),
        ([(-3600, 5)], NOW + timedelta(seconds=5)),
        ([(5, 3600)], NOW + timedelta(seconds=5)),
        ([(-7200, -3600), (-3600, 3600)], NEXT_MINUTE),
        ([(-7200, -3600), (-3600, -60)], None),
    ],
)
def test_only_a_running_window_ends_a_result(windows, expected):
    assert get_valid_until(NOW, *(build_query(*window) for window in windows)) == expected


def test_names_end_a_result_about_the_past():
    assert get_valid_until(NOW, build_query(-3600, -60), has_names=True) == NEXT_MINUTE
