"""Figures for rendered charts: values, gaps, unfinished intervals, comparisons, escaped names."""

import json
from datetime import UTC, datetime, timedelta

from herwa_shared.analytics.compared_series import ComparedSeries
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.results import Interval
from herwa_shared.charts.layout import escape_text
from herwa_shared.charts.text.series_texts import CONTAINS_ESTIMATES, ESTIMATE, NO_DATA, NO_DATA_IN_PERIOD, PARTIAL
from herwa_shared.charts.theme import DARK, LIGHT
from herwa_shared.charts.timeseries_figure import build_timeseries_figure
from tests.support.timeseries_factories import GUILD_ID, MAY_3, build_compared, build_timeseries

DAY = timedelta(days=1)


def build_figure(series, comparison=None, **options):
    return build_timeseries_figure(build_compared(series, comparison), **options)


def list_texts(figure) -> list[str]:
    return [annotation["text"] for annotation in figure["layout"]["annotations"]]


def test_values_are_placed_on_local_days():
    line = build_figure(build_timeseries([4, 0, 7], start=datetime(2021, 5, 2, 15, tzinfo=UTC), zone="Asia/Tokyo"))[
        "data"
    ][0]

    assert line["x"] == ["2021-05-03T00:00:00", "2021-05-04T00:00:00", "2021-05-05T00:00:00"]
    assert line["y"] == [4, 0, 7]


def test_uncounted_days_break_the_line_and_get_one_gray_band():
    figure = build_figure(build_timeseries([5, 6, None, None, 7, 8]))

    assert figure["data"][0]["y"] == [5, 6, None, None, 7, 8]
    assert figure["data"][0]["connectgaps"] is False
    (band,) = figure["layout"]["shapes"]
    assert (band["x0"], band["x1"]) == ("2021-05-04T12:00:00", "2021-05-06T12:00:00")
    assert NO_DATA in list_texts(figure)


def test_day_without_events_is_zero_and_not_a_gap():
    figure = build_figure(build_timeseries([5, 0, 7]))

    assert figure["data"][0]["y"] == [5, 0, 7]
    assert figure["layout"]["shapes"] == []


def test_unfinished_day_is_a_separate_dotted_line():
    line, running, *_ = build_figure(build_timeseries([5, 6, 2], now=MAY_3 + 2.5 * DAY))["data"]

    assert line["y"] == [5, 6, None]
    assert running["line"]["dash"] == "dot"
    assert running["y"] == [6, 2]


def test_estimates_are_dotted_and_named_in_the_picture():
    series = build_timeseries([5, 6, 9, 10], estimated=[0, 1], metric=Metric.MEMBERS, total=10)
    figure = build_figure(series)
    line, dotted, *_ = figure["data"]

    assert line["y"] == [None, None, 9, 10]
    assert (dotted["y"], dotted["line"]["dash"]) == ([5, 6, 9], "dot")
    complete = build_figure(build_timeseries([5, 6], metric=Metric.MEMBERS, total=6))
    subtitles = [built["layout"]["title"]["subtitle"]["text"] for built in (figure, complete)]
    assert [CONTAINS_ESTIMATES in subtitle for subtitle in subtitles] == [True, False]


def test_comparison_with_estimates_is_named_in_the_legend():
    series = build_timeseries([9, 10], metric=Metric.MEMBERS, total=10)
    base = build_timeseries([5, 6], start=MAY_3 - 2 * DAY, estimated=[0, 1], metric=Metric.MEMBERS, total=6)
    figure = build_timeseries_figure(ComparedSeries(series, base))

    assert figure["data"][0]["name"].endswith(f"({ESTIMATE})")
    assert CONTAINS_ESTIMATES not in figure["layout"]["title"]["subtitle"]["text"]


def test_total_without_records_is_named_an_estimate():
    series = build_timeseries([5, 6], estimated=[0, 1], metric=Metric.MEMBERS, total=6)

    assert f"members ({ESTIMATE})" in list_texts(build_figure(series))


def test_finished_day_is_not_dotted():
    traces = build_figure(build_timeseries([5, 6, 2], now=MAY_3 + 3 * DAY))["data"]

    assert traces[0]["y"] == [5, 6, 2]
    assert all(trace.get("line", {}).get("dash") is None for trace in traces)


def test_future_days_extend_the_axis_without_values():
    figure = build_figure(build_timeseries([5, 6, 0, 0], now=MAY_3 + 1.5 * DAY))

    assert figure["data"][0]["y"] == [5, None]
    assert figure["layout"]["xaxis"]["range"][1] == "2021-05-06T00:00:00"


def test_partial_day_has_a_hollow_marker_and_a_label():
    figure = build_figure(build_timeseries([5, 9, 6, 4], partial=[2]))

    (hollow,) = [trace for trace in figure["data"] if trace["name"] == "Partial"]
    assert hollow["y"] == [6]
    assert hollow["marker"]["color"] == DARK.background
    assert figure["data"][0]["customdata"][2] == ["Wed, May 5", "6", f" ({PARTIAL})"]


def test_day_between_two_gaps_has_a_marker():
    figure = build_figure(build_timeseries([9, 8, None, 3, None, 1, 1]))

    (marks,) = [trace for trace in figure["data"] if trace["mode"] == "markers"]
    assert 3 in marks["y"]


def test_comparison_shares_the_axis_and_keeps_its_own_dates():
    figure = build_figure(build_timeseries([5, 6, 7]), comparison=build_timeseries([1, 2, 3, 4], start=MAY_3 - 4 * DAY))

    comparison_line, line, *_ = figure["data"]
    assert comparison_line["x"] == line["x"]
    assert comparison_line["y"] == [1, 2, 3]
    assert comparison_line["customdata"][0][0] == "Thu, Apr 29"
    assert comparison_line["line"]["color"] == DARK.comparison


def test_legend_is_shown_only_with_a_comparison():
    assert build_figure(build_timeseries([5, 6]))["layout"]["showlegend"] is False
    assert build_figure(build_timeseries([5, 6]), comparison=build_timeseries([1, 2]))["layout"]["showlegend"] is True


def test_uncounted_comparison_is_not_drawn():
    figure = build_figure(build_timeseries([1, 2]), comparison=build_timeseries([None, None]))

    assert figure["data"] == build_figure(build_timeseries([1, 2]))["data"]


def test_header_shows_total_and_change():
    assert list_texts(build_figure(build_timeseries([500, 700]), comparison=build_timeseries([400, 600])))[:2] == [
        "1,200",
        "▲ 20%",
    ]
    assert list_texts(build_figure(build_timeseries([300, 200]), comparison=build_timeseries([400, 600])))[:2] == [
        "500",
        "▼ 50%",
    ]


def test_header_shows_no_change_when_a_day_was_not_counted():
    assert list_texts(build_figure(build_timeseries([500, None]), comparison=build_timeseries([400, 600])))[:2] == [
        "500",
        "messages",
    ]


def test_subtitle_shows_rate_period_and_zone():
    figure = build_figure(
        build_timeseries([5] * 90, zone="America/New_York", start=datetime(2021, 5, 3, 4, tzinfo=UTC))
    )

    assert (
        figure["layout"]["title"]["subtitle"]["text"]
        == "Messages per day · May 3 \u2013 Jul 31, 2021 · America/New York"
    )


def test_guild_id_is_a_string_because_javascript_loses_precision():
    figure = build_figure(build_timeseries([5, 6]))

    assert figure["layout"]["meta"]["guild_id"] == str(GUILD_ID)
    numbers: list[float] = []
    json.loads(
        json.dumps(figure),
        parse_int=lambda text: numbers.append(int(text)),
        parse_float=lambda text: numbers.append(float(text)),
    )
    assert max(numbers) < 2**53


def test_markup_in_a_title_is_escaped():
    figure = build_figure(build_timeseries([5]), title="<img src=x> & $a$")

    assert figure["layout"]["title"]["text"] == "&lt;img src=x&gt; &amp; &#36;a&#36;"


def test_control_characters_in_a_name_are_replaced():
    assert escape_text("a\nb\u202ec\x00d\ud800") == "a bc d?"


def test_x_values_are_sorted_when_the_clock_is_set_back():
    hourly_series = build_timeseries(
        range(26), start=datetime(2024, 11, 3, 4, tzinfo=UTC), interval=Interval.HOUR, zone="America/New_York"
    )

    x = build_figure(hourly_series)["data"][0]["x"]
    assert x == sorted(set(x))
    assert len(x) == 26


def test_count_axis_starts_at_zero_with_space_above_the_peak():
    low, high = build_figure(build_timeseries([2989, 2500]))["layout"]["yaxis"]["range"]

    assert low == 0
    assert 2989 < high < 3500


def test_zero_and_uncounted_have_different_texts():
    assert "No messages in this period" in list_texts(build_figure(build_timeseries([0, 0])))
    assert "No messages in 1 day with data" in list_texts(build_figure(build_timeseries([None, 0])))
    assert NO_DATA_IN_PERIOD in list_texts(build_figure(build_timeseries([None, None])))
    assert NO_DATA_IN_PERIOD in list_texts(build_figure(build_timeseries([])))
    assert "0" not in list_texts(build_figure(build_timeseries([None, None]))), (
        "an uncounted period must not show a total"
    )
    assert "0" in list_texts(build_figure(build_timeseries([0, 0])))


def test_title_is_that_of_the_metric():
    figure = build_figure(build_timeseries([5, 6], metric=Metric.ACTIVE_MEMBERS))

    assert figure["layout"]["title"]["text"] == "Active members"


def test_both_themes_draw_the_same_data():
    dark, light = (build_figure(build_timeseries([5, 6, None]), theme=theme) for theme in (DARK, LIGHT))

    assert dark["data"][0]["y"] == light["data"][0]["y"]
    assert light["layout"]["paper_bgcolor"] == "#ffffff"
