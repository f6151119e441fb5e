"""Figures for the browser: fixed layers, few bytes, no colors; and the paths of sparklines."""

import json
from datetime import timedelta

import pytest
from hypothesis import given

from herwa_shared.analytics.results import Interval
from herwa_shared.charts.web_figure import Layer, build_sparkline_paths, build_web_figure
from tests.support.hypothesis_settings import no_deadline
from tests.support.timeseries_factories import MAY_3, any_timeseries, build_timeseries


def get_line(figure: dict) -> dict:
    return figure["data"][Layer.LINE]


def test_figure_always_has_every_layer():
    for values in ([], [None], [3], [1, None, 2]):
        assert len(build_web_figure(build_timeseries(values))["data"]) == len(Layer)


@given(any_timeseries(), any_timeseries())
@no_deadline
def test_any_series_becomes_json_with_a_value_for_every_interval(timeseries, comparison):
    figure = json.loads(json.dumps(build_web_figure(timeseries, comparison=comparison)))
    assert get_line(figure)["y"] == [point.value for point in timeseries.points]
    assert len(figure["data"][Layer.COMPARISON]["y"]) <= len(timeseries.points)


def test_figure_of_a_thousand_hours_is_small():
    assert len(json.dumps(build_web_figure(build_timeseries(list(range(1_000)), interval=Interval.HOUR)))) < 7_000


def test_figure_contains_no_colors():
    text = json.dumps(build_web_figure(build_timeseries([1, None, 2, 3]), comparison=build_timeseries([2, 2, 2, 2])))
    assert "#" not in text
    assert "rgba" not in text


def test_uncounted_days_break_the_line_and_get_a_band():
    figure = build_web_figure(build_timeseries([5, None, None, 4]))
    assert get_line(figure)["y"] == [5, None, None, 4]
    assert len(figure["layout"]["shapes"]) == 1


def test_unfinished_interval_is_a_separate_layer():
    now = MAY_3 + timedelta(days=2, hours=3)
    figure = build_web_figure(build_timeseries([5, 6, 2, 0]), now=now)
    assert get_line(figure)["y"] == [5, 6, None]
    assert figure["data"][Layer.RUNNING]["y"] == [6, 2]


def test_point_between_gaps_has_a_marker():
    figure = build_web_figure(build_timeseries([None, 5, None]))
    assert figure["data"][Layer.FILLED_MARKERS]["y"] == [5]


def test_comparison_shares_the_axis_and_keeps_its_own_dates():
    comparison = build_timeseries([2, 4], start=MAY_3 - timedelta(days=2))
    figure = build_web_figure(build_timeseries([4, 4]), comparison=comparison)
    comparison_trace = figure["data"][Layer.COMPARISON]
    assert comparison_trace["y"] == [2, 4]
    assert comparison_trace["x0"] == get_line(figure)["x0"]
    assert comparison_trace["customdata"][0].startswith((MAY_3 - timedelta(days=2)).date().isoformat())
    assert get_line(figure)["customdata"] == ["  ▲ 100%", ""]


def test_uncounted_comparison_is_not_drawn():
    figure = build_web_figure(build_timeseries([4, 4]), comparison=build_timeseries([None, None]))
    assert figure["data"][Layer.COMPARISON]["y"] == []


def test_months_have_explicit_x_values():
    assert get_line(build_web_figure(build_timeseries([1, 2], interval=Interval.MONTH)))["x"]


@pytest.mark.parametrize("values", [(), (None,), (None, None), (0, 0), (7,)])
def test_sparkline_is_drawn_for_any_values(values):
    line_path, area_path = build_sparkline_paths(values)
    assert line_path.count("M") == area_path.count("M") == (1 if any(value is not None for value in values) else 0)


def test_gap_splits_a_sparkline():
    line_path, area_path = build_sparkline_paths((1, 2, None, 3, 4), width=100, height=10)
    assert line_path == "M0.0,7.5L25.0,5.0M75.0,2.5L100.0,0.0"
    assert area_path.count("Z") == 2
