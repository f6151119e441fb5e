"""Figures for the browser: fixed layers, few bytes, no colors; and the paths of sparklines."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.results import Interval, PointStatus
from herwa_shared.charts.formatting import format_long_day
from herwa_shared.charts.sparkline import build_sparkline_paths
from herwa_shared.charts.text.series_texts import ESTIMATE, SO_FAR, format_history_border
from herwa_shared.charts.web_figure import Layer, build_web_figure
from tests.support.hypothesis_settings import no_deadline
from tests.support.timeseries_factories import MAY_3, any_timeseries, build_compared, build_timeseries


def get_line(figure: dict) -> dict:
    return figure["data"][Layer.LINE]


def test_figure_always_has_every_layer():
    for values in ([], [None], [3], [1, None, 2]):
        assert len(build_web_figure(build_compared(build_timeseries(values)))["data"]) == len(Layer)


@given(any_timeseries(), any_timeseries())
@no_deadline
def test_any_series_becomes_json_with_a_value_for_every_interval(timeseries, comparison):
    figure = json.loads(json.dumps(build_web_figure(build_compared(timeseries, comparison))))
    assert get_line(figure)["y"] == [
        point.value if point.status not in (PointStatus.CURRENT, PointStatus.ESTIMATED) else None
        for point in timeseries.started_points
    ]
    assert len(figure["data"][Layer.COMPARISON]["y"]) <= len(timeseries.points)


def test_figure_of_a_thousand_hours_is_small():
    assert (
        len(json.dumps(build_web_figure(build_compared(build_timeseries(list(range(1_000)), interval=Interval.HOUR)))))
        < 7_000
    )


def test_figure_contains_no_colors():
    text = json.dumps(
        build_web_figure(build_compared(build_timeseries([1, None, 2, 3]), build_timeseries([2, 2, 2, 2])))
    )
    assert "#" not in text
    assert "rgba" not in text


def test_uncounted_days_break_the_line_and_get_a_band():
    figure = build_web_figure(build_compared(build_timeseries([5, None, None, 4])))
    assert get_line(figure)["y"] == [5, None, None, 4]
    assert len(figure["layout"]["shapes"]) == 1


def test_current_interval_is_a_dotted_line():
    now = MAY_3 + timedelta(days=2, hours=3)
    figure = build_web_figure(build_compared(build_timeseries([5, 6, 2, 0], now=now)))
    assert get_line(figure)["y"] == [5, 6, None]
    dotted = figure["data"][Layer.DOTTED]
    assert (dotted["y"], dotted["marker"]["size"], dotted["customdata"][1]) == ([6, 2], [0, 7], SO_FAR)


def test_estimates_are_a_dotted_line_up_to_the_first_recorded_value():
    series = build_timeseries([5, 6, 9, 10], estimated=[0, 1], metric=Metric.MEMBERS)
    figure = build_web_figure(build_compared(series))
    assert get_line(figure)["y"] == [None, None, 9, 10]
    dotted = figure["data"][Layer.DOTTED]
    assert (dotted["y"], dotted["marker"]["size"]) == ([5, 6, 9], [0, 0, 0])
    assert (dotted["customdata"], dotted["hoverinfo"]) == ([ESTIMATE, ESTIMATE, ""], ["all", "all", "skip"])


def test_intervals_cut_by_the_window_are_dotted_and_say_which_days_they_hold():
    series = build_timeseries(
        [127, 1540, 2039, 90],
        start=datetime(2021, 8, 1, tzinfo=UTC),
        end=datetime(2021, 11, 3, tzinfo=UTC),
        interval=Interval.MONTH,
        now=datetime(2021, 12, 1, tzinfo=UTC),
    )
    first = replace(series.points[0], is_cut=True, status=PointStatus.PARTIAL)
    series = replace(series, start=datetime(2021, 8, 30, tzinfo=UTC), points=(first, *series.points[1:]))
    figure = build_web_figure(build_compared(series))
    assert get_line(figure)["y"] == [None, 1540, 2039, None]
    dotted = figure["data"][Layer.DOTTED]
    assert dotted["y"] == [127, 1540, None, 2039, 90]
    assert dotted["x"][2] is None
    assert [dotted["customdata"][index] for index in (0, 4)] == [
        "only Aug 30 \u2013 31, 2021",
        "only Nov 1 \u2013 2, 2021",
    ]


def test_point_between_gaps_has_a_marker():
    figure = build_web_figure(build_compared(build_timeseries([None, 5, None])))
    assert figure["data"][Layer.FILLED_MARKERS]["y"] == [5]


def test_comparison_shares_the_axis_and_keeps_its_own_dates():
    comparison = build_timeseries([20, 40], start=MAY_3 - timedelta(days=2))
    figure = build_web_figure(build_compared(build_timeseries([40, 40]), comparison))
    comparison_trace = figure["data"][Layer.COMPARISON]
    assert comparison_trace["y"] == [20, 40]
    assert comparison_trace["x0"] == get_line(figure)["x0"]
    assert comparison_trace["customdata"][0].startswith((MAY_3 - timedelta(days=2)).date().isoformat())
    assert get_line(figure)["customdata"] == ["  ▲ 100%", "  no change"]


def test_uncounted_comparison_is_not_drawn():
    figure = build_web_figure(build_compared(build_timeseries([4, 4]), build_timeseries([None, None])))
    assert figure["data"][Layer.COMPARISON]["y"] == []


def test_months_have_explicit_x_values():
    assert get_line(build_web_figure(build_compared(build_timeseries([1, 2], interval=Interval.MONTH))))["x"]


@pytest.mark.parametrize("values", [(), (None,), (None, None), (0, 0), (7,)])
def test_sparkline_is_drawn_for_any_values(values):
    line_path, area_path = build_sparkline_paths(values)
    assert line_path.count("M") == area_path.count("M") == (1 if any(value is not None for value in values) else 0)


def test_gap_splits_a_sparkline():
    line_path, area_path = build_sparkline_paths((1, 2, None, 3, 4), width=100, height=10)
    assert line_path == "M0.0,7.5L25.0,5.0M75.0,2.5L100.0,0.0"
    assert area_path.count("Z") == 2


def test_border_of_the_history_is_marked_where_the_window_begins_with_it():
    compared = build_compared(build_timeseries([1, 2, 3]))
    start = compared.series.start
    for history_start, count in ((None, 0), (start - timedelta(days=1), 0), (start, 1)):
        layout = build_web_figure(compared, history_start=history_start)["layout"]
        assert (len(layout["shapes"]), len(layout["annotations"])) == (count, count)
    [label] = layout["annotations"]
    assert label["text"] == format_history_border(format_long_day(start, compared.series.zone))
