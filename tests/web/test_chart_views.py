"""The chart's legend and table, and the reason why nothing is compared."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.compared_series import ComparedSeries
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.results import Interval
from herwa_shared.charts.text.series_texts import (
    ESTIMATE,
    ESTIMATED_COMPARISON,
    ESTIMATED_GROWTH,
    NO_DATA,
    PARTIAL,
    SO_FAR,
)
from herwa_shared.dashboard_query import DashboardQuery
from herwa_web import texts
from herwa_web.pages.guild.chart_views import build_legend, build_table, describe_comparison_problem
from tests.support.timeseries_factories import MAY_3, build_compared, build_timeseries

UTC = ZoneInfo("UTC")
DAY = timedelta(days=1)
RANGE_TITLE = "May 3 \N{EN DASH} 9, 2021"
BASE_TITLE = "Apr 26 \N{EN DASH} May 2, 2021"


def parse_view(data_start=None, **params: str) -> DashboardQuery:
    window = {"from": "2021-05-03", "to": "2021-05-10"}
    return DashboardQuery.parse(window | params, UTC, MAY_3 + 30 * DAY, guild_id=5, data_start=data_start)


def build_week(values=(4,) * 7, **changes):
    return build_timeseries(values, **changes)


def build_base(values=(2,) * 7):
    return build_timeseries(values, start=MAY_3 - 7 * DAY)


def list_legend(compared) -> list[tuple[str, str]]:
    return [(entry.mark, entry.label) for entry in build_legend(compared, parse_view(), RANGE_TITLE)]


def test_legend_of_complete_data_has_the_lines_only():
    assert list_legend(build_compared(build_week())) == [("line", RANGE_TITLE)]
    assert list_legend(build_compared(build_week(), build_base())) == [("line", RANGE_TITLE), ("faint", BASE_TITLE)]


def test_legend_shows_partial_running_missing_and_future_as_four_different_things():
    series = build_week([4, None, 4, 4, 4, 4, 4], partial={3}, now=MAY_3 + 5.5 * DAY)
    assert list_legend(build_compared(series)) == [
        ("line", RANGE_TITLE),
        ("dotted", SO_FAR),
        ("hollow", texts.PARTLY_RECORDED),
        ("gap", NO_DATA),
        ("upcoming", texts.UPCOMING),
    ]


def test_estimates_are_marked_in_legend_table_and_comparison():
    members = {"metric": Metric.MEMBERS, "total": 4}
    series = build_week(estimated={0, 1}, **members)
    base = build_timeseries((2,) * 7, start=MAY_3 - 7 * DAY, estimated=range(7), metric=Metric.MEMBERS, total=2)
    compared = ComparedSeries(series, base)

    assert list_legend(compared) == [
        ("line", RANGE_TITLE),
        ("faint", f"{BASE_TITLE} ({ESTIMATE})"),
        ("dotted", ESTIMATED_GROWTH),
    ]
    rows = build_table(compared, parse_view(metric="members"))
    assert [row.value for row in rows] == [f"4 ({ESTIMATE})"] * 2 + ["4"] * 5
    assert [row.previous for row in rows] == [f"2 ({ESTIMATE})"] * 7
    assert describe_comparison_problem(compared, parse_view(MAY_3)) == ESTIMATED_COMPARISON


def test_legend_names_an_interval_that_the_window_cuts():
    series = build_timeseries([4, 4], interval=Interval.WEEK, end=MAY_3 + 10 * DAY, now=MAY_3 + 20 * DAY)
    assert ("dotted", PARTIAL) in list_legend(build_compared(series))


def test_comparison_without_data_is_not_in_the_legend():
    assert list_legend(build_compared(build_week(), build_base([None] * 7))) == [("line", RANGE_TITLE)]


@pytest.mark.parametrize(
    ("compared", "params", "expected"),
    [
        (build_compared(build_week(), build_base()), {}, ""),
        (build_compared(build_week()), {"compare": "off"}, ""),
        (build_compared(build_week([None] * 7)), {"range": "all"}, ""),
        (build_compared(build_week()), {"range": "all"}, texts.describe_missing_comparison("May 2")),
        (
            build_compared(build_week(), build_base([None] * 7)),
            {},
            texts.describe_uncounted_comparison("Apr 26 \N{EN DASH} May 2"),
        ),
        (build_compared(build_week(), build_base([None, 2, 2, 2, 2, 2, 2])), {}, texts.INCOMPLETE_COMPARISON),
    ],
    ids=["comparable", "off", "no data at all", "all time", "not recorded", "partly recorded"],
)
def test_reason_why_nothing_is_compared(compared, params, expected):
    assert describe_comparison_problem(compared, parse_view(data_start=MAY_3 - DAY / 2, **params)) == expected


def test_window_before_the_first_data_is_not_compared():
    compared = build_compared(build_week(), build_base([None] * 7))
    view = parse_view(data_start=MAY_3 + DAY / 2)
    assert describe_comparison_problem(compared, view) == texts.describe_missing_comparison("May 3")
    later = replace(view, now=view.now + 365 * DAY)
    assert describe_comparison_problem(compared, later) == texts.describe_missing_comparison("May 3, 2021")


def test_table_has_the_values_of_both_windows_and_zooms_into_days():
    rows = build_table(build_compared(build_week([1, None, 0]), build_base([3, 4])), parse_view())
    assert [(row.value, row.previous) for row in rows] == [("1", "3"), (NO_DATA, "4"), ("0", "")]
    assert rows[0].label == "Mon, May 3"
    assert rows[0].href == "/g/5?from=2021-05-03&to=2021-05-04&back=2021-05-03..2021-05-10"


def test_hours_of_the_table_are_no_links():
    rows = build_table(build_compared(build_timeseries([1, 2], interval=Interval.HOUR)), parse_view())
    assert [row.href for row in rows] == ["", ""]


def test_table_marks_incomplete_intervals_and_has_no_future():
    series = build_week([4, 4, 4, 4, 4, 4, 4], partial={0}, now=MAY_3 + 2.5 * DAY)
    assert [row.value for row in build_table(build_compared(series), parse_view())] == [
        f"4 ({PARTIAL})",
        "4",
        f"4 ({SO_FAR})",
    ]
