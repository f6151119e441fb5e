"""Formatting of counts, percentages and periods."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.charts.formatting import (
    format_percent,
    format_period,
    format_recent_day,
    format_recent_period,
    format_si,
)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1k"),
        (1_240, "1.2k"),
        (12_500, "12.5k"),
        (250_000, "250k"),
        (999_960, "1M"),
        (3_500_000, "3.5M"),
        (2 * 10**15, "2,000T"),
    ],
)
def test_counts_are_formatted_with_si_suffixes(number, expected):
    assert format_si(number) == expected


@pytest.mark.parametrize(("change", "expected"), [(0.12, "12%"), (-0.5, "50%"), (0.004, "0.4%"), (11, "12\u00d7")])
def test_percentages_have_no_false_precision(change, expected):
    assert format_percent(change) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (datetime(2021, 5, 3, tzinfo=UTC), datetime(2021, 5, 4, tzinfo=UTC), "May 3, 2021"),
        (datetime(2021, 5, 3, tzinfo=UTC), datetime(2021, 8, 1, tzinfo=UTC), "May 3 \u2013 Jul 31, 2021"),
        (datetime(2020, 12, 30, tzinfo=UTC), datetime(2021, 1, 3, tzinfo=UTC), "Dec 30, 2020 \u2013 Jan 2, 2021"),
        (
            datetime(2021, 5, 3, 14, tzinfo=UTC),
            datetime(2021, 5, 4, 14, tzinfo=UTC),
            "May 3 14:00 \u2013 May 4 14:00, 2021",
        ),
        (
            datetime(2021, 5, 3, 14, tzinfo=UTC),
            datetime(2021, 5, 3, 18, tzinfo=UTC),
            "May 3 14:00 \u2013 18:00, 2021",
        ),
    ],
)
def test_period_is_formatted_from_first_to_last_day(start, end, expected):
    assert format_period(start, end, ZoneInfo("UTC")) == expected


def test_recent_period_has_no_year():
    start, end = datetime(2021, 5, 5, tzinfo=UTC), datetime(2021, 5, 14, tzinfo=UTC)
    assert format_recent_period(start, end, ZoneInfo("UTC"), end) == "May 5 \u2013 13"
    assert format_recent_day(start, ZoneInfo("UTC"), end) == "May 5"
    assert format_recent_period(start, end, ZoneInfo("UTC"), end.replace(year=2022)) == "May 5 \u2013 13, 2021"
