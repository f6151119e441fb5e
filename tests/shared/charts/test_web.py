"""The chart of the browser: the same truth as the picture, in few bytes and without colours."""

import json
from datetime import timedelta

import pytest
from hypothesis import given

from herwa_shared.analytics.results import Interval
from herwa_shared.charts.web_figure import Layer, sparkline, web_figure
from tests.shared.charts.made import MAY_3, any_series, patient, series


def line(figure: dict) -> dict:
    return figure["data"][Layer.LINE]


def test_every_layer_is_there_in_its_place_whatever_there_is_to_draw():
    for values in ([], [None], [3], [1, None, 2]):
        assert len(web_figure(series(values))["data"]) == len(Layer)


@given(any_series(), any_series())
@patient
def test_any_two_series_become_json_with_a_value_for_every_interval_that_has_begun(one, other):
    figure = json.loads(json.dumps(web_figure(one, compare=other)))
    assert line(figure)["y"] == [point.value for point in one.points]
    assert len(figure["data"][Layer.COMPARED]["y"]) <= len(one.points)


def test_a_thousand_hours_are_few_bytes():
    assert len(json.dumps(web_figure(series(list(range(1_000)), interval=Interval.HOUR)))) < 7_000


def test_a_figure_has_no_colours_so_that_it_serves_light_and_dark():
    text = json.dumps(web_figure(series([1, None, 2, 3]), compare=series([2, 2, 2, 2])))
    assert "#" not in text
    assert "rgba" not in text


def test_what_nobody_counted_is_a_band_and_breaks_the_line():
    figure = web_figure(series([5, None, None, 4]))
    assert line(figure)["y"] == [5, None, None, 4]
    assert len(figure["layout"]["shapes"]) == 1


def test_the_unfinished_interval_is_dotted_and_not_part_of_the_line():
    now = MAY_3 + timedelta(days=2, hours=3)
    figure = web_figure(series([5, 6, 2, 0]), now=now)
    assert line(figure)["y"] == [5, 6, None]
    assert figure["data"][Layer.RUNNING]["y"] == [6, 2]


def test_a_point_between_gaps_is_marked():
    figure = web_figure(series([None, 5, None]))
    assert figure["data"][Layer.FULL_MARKS]["y"] == [5]


def test_the_other_period_lies_on_the_same_days_and_tells_its_own():
    compare = series([2, 4], start=MAY_3 - timedelta(days=2))
    figure = web_figure(series([4, 4]), compare=compare)
    other = figure["data"][Layer.COMPARED]
    assert other["y"] == [2, 4]
    assert other["x0"] == line(figure)["x0"]
    assert other["customdata"][0].startswith((MAY_3 - timedelta(days=2)).date().isoformat())
    assert line(figure)["customdata"] == ["  ▲ 100%", ""]


def test_a_period_that_nobody_counted_is_not_drawn_as_a_comparison():
    figure = web_figure(series([4, 4]), compare=series([None, None]))
    assert figure["data"][Layer.COMPARED]["y"] == []


def test_names_of_months_stand_where_steps_are_uneven():
    assert line(web_figure(series([1, 2], interval=Interval.MONTH)))["x"]


@pytest.mark.parametrize("values", [(), (None,), (None, None), (0, 0), (7,)])
def test_a_sparkline_is_drawn_of_whatever_there_is(values):
    text, area = sparkline(values)
    assert text.count("M") == area.count("M") == (1 if any(value is not None for value in values) else 0)


def test_a_gap_breaks_a_sparkline():
    text, area = sparkline((1, 2, None, 3, 4), width=100, height=10)
    assert text == "M0.0,7.5L25.0,5.0M75.0,2.5L100.0,0.0"
    assert area.count("Z") == 2
