"""Tick values and labels of the axes."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa_shared.analytics.results import Interval
from herwa_shared.charts.axes import (
    MAX_DATE_TICKS,
    build_count_ticks,
    build_date_ticks,
    build_duration_ticks,
    get_axis_max,
)
from herwa_shared.charts.formatting import format_duration_tick
from tests.support.hypothesis_settings import no_deadline
from tests.support.timeseries_factories import any_timeseries, build_timeseries


@pytest.mark.parametrize(
    ("peak", "ticks"),
    [
        (0, [0]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (7, [0, 2, 4, 6]),
        (2_989, [0, 1_000, 2_000, 3_000]),
        (9_900, [0, 2_500, 5_000, 7_500, 10_000]),
    ],
)
def test_count_ticks_are_round_values(peak, ticks):
    assert build_count_ticks(peak) == ticks


@no_deadline
@given(st.integers(0, 2**63))
def test_count_ticks_are_few_evenly_spaced_and_within_the_axis(peak):
    ticks = build_count_ticks(peak)

    assert ticks[0] == 0
    assert len(ticks) <= 6
    assert len({after - before for before, after in pairwise(ticks)}) <= 1
    assert ticks[-1] <= get_axis_max(peak)


@pytest.mark.parametrize(
    ("peak", "labels"),
    [
        (0, ["0"]),
        (50, ["0", "15 s", "30 s", "45 s"]),
        (5_400, ["0", "30 min", "1 h", "1.5 h"]),
        (200_000, ["0", "1 d", "2 d"]),
        (9 * 86_400, ["0", "5 d", "10 d"]),
    ],
)
def test_duration_ticks_are_round_durations(peak, labels):
    assert [format_duration_tick(tick) for tick in build_duration_ticks(peak)] == labels


@no_deadline
@given(st.integers(0, 2**32))
def test_duration_ticks_are_few_and_within_the_axis(peak):
    ticks = build_duration_ticks(peak)
    assert ticks[0] == 0
    assert len(ticks) <= 6
    assert ticks[-1] <= get_axis_max(peak)


@no_deadline
@given(any_timeseries())
def test_date_ticks_do_not_exceed_the_maximum(timeseries):
    assert len(build_date_ticks([point.start for point in timeseries.points], timeseries.interval)) <= MAX_DATE_TICKS


@pytest.mark.parametrize(
    ("count", "interval", "labels"),
    [
        (24, Interval.HOUR, ["May 3", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"]),
        (168, Interval.HOUR, ["May 3", "May 4", "May 5", "May 6", "May 7", "May 8", "May 9"]),
        (7, Interval.DAY, ["May 3", "May 4", "May 5", "May 6", "May 7", "May 8", "May 9"]),
        (90, Interval.DAY, ["May 3", "May 17", "May 31", "Jun 14", "Jun 28", "Jul 12", "Jul 26"]),
        (365, Interval.DAY, ["Jul", "Sep", "Nov", "Jan 2022", "Mar", "May"]),
        (8, Interval.WEEK, ["May 3", "May 10", "May 17", "May 24", "May 31", "Jun 7", "Jun 14", "Jun 21"]),
    ],
)
def test_date_labels_fit_the_interval(count, interval, labels):
    times = [point.start for point in build_timeseries([0] * count, interval=interval).points]

    assert [label for _, label in build_date_ticks(times, interval)] == labels


def test_month_labels_name_the_year_at_its_start():
    times = [
        point.start
        for point in build_timeseries([0] * 12, start=datetime(2023, 8, 1, tzinfo=UTC), interval=Interval.MONTH).points
    ]

    assert [label for _, label in build_date_ticks(times, Interval.MONTH)] == [
        "Sep",
        "Nov",
        "Jan 2024",
        "Mar",
        "May",
        "Jul",
    ]
