"""The three insights below a chart and the alt text of its image."""

from datetime import timedelta

from hypothesis import given

from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.results import Interval
from herwa_shared.charts.text.insights import MAX_ALT_TEXT_LENGTH, build_alt_text, list_insights
from tests.support.hypothesis_settings import no_deadline
from tests.support.timeseries_factories import MAY_3, any_timeseries, build_timeseries

DAY = timedelta(days=1)
WEEK_VALUES = [100, 110, 120, 130, 140, 300, 90]


def test_total_with_comparison_includes_the_change():
    insight = list_insights(
        build_timeseries(WEEK_VALUES), comparison=build_timeseries([110] * 7, start=MAY_3 - 7 * DAY)
    )[0]

    assert insight == "990 messages in 7 days, 29% more than in the period before."


def test_total_without_comparison_includes_the_average():
    assert list_insights(build_timeseries(WEEK_VALUES))[0] == "990 messages in 7 days, on average 141 a day."


def test_total_mentions_uncounted_days_and_omits_the_change():
    insight = list_insights(build_timeseries([100, None, 120]), comparison=build_timeseries([50, 50, 50]))[0]

    assert insight == "220 messages in 2 days; 1 day was not counted."


def test_growth_from_zero_has_no_percentage():
    assert (
        list_insights(build_timeseries([4, 5]), comparison=build_timeseries([0, 0]))[0]
        == "9 messages in 2 days, after none in the period before."
    )


def test_busiest_day_has_weekday_and_ratio_to_the_typical_day():
    assert (
        list_insights(build_timeseries(WEEK_VALUES))[1]
        == "The busiest day was Saturday, May 8, with 300 messages, 2.6 times the usual."
    )


def test_weekday_pattern_is_found_and_one_outlier_is_not_a_pattern():
    assert (
        list_insights(build_timeseries(WEEK_VALUES * 4))[2]
        == "Saturdays are the liveliest, typically 300; Sundays the quietest, with 90."
    )
    assert "liveliest" not in list_insights(build_timeseries([12] * 20 + [48_211] + [12] * 21))[2]


def test_busiest_hours_are_in_local_time():
    hourly_values = [50 if 9 <= hour < 12 else 1 for hour in range(24)] * 3

    insight = list_insights(build_timeseries(hourly_values, interval=Interval.HOUR, zone="Asia/Tokyo"))[2]
    assert insight == "The liveliest hours are 18:00 to 21:00, with 88% of the day."


def test_days_without_events_exclude_the_unfinished_day():
    assert list_insights(build_timeseries([3, 0, 2, 0, 1, 0]), now=MAY_3 + 5.5 * DAY)[2] == "2 of 5 days were silent."


def test_trend_is_described_without_a_pattern():
    assert (
        list_insights(build_timeseries([10, 10, 10, 20, 20, 20]))[2]
        == "Rising: 100% more in the second half than in the first."
    )
    assert list_insights(build_timeseries([10, 11, 10, 11]))[2].startswith("Steady")


def test_uncounted_period_is_a_gap_and_not_zero():
    assert "gap, not silence" in list_insights(build_timeseries([None, None]))[1]
    assert list_insights(build_timeseries([0, 0]))[0] == "No messages in 2 days."


def test_single_event_uses_the_singular():
    assert list_insights(build_timeseries([1]))[0] == "1 message in 1 day."
    assert list_insights(build_timeseries([1], metric=Metric.ACTIVE_MEMBERS))[0] == "1 active member in 1 day."


def test_alt_text_describes_the_chart():
    description = build_alt_text(build_timeseries(WEEK_VALUES))

    assert description.startswith(
        "Line chart: messages per day, May 3 \u2013 May 9, 2021 (UTC). 990 messages in 7 days"
    )
    assert "300" in description


@no_deadline
@given(any_timeseries(), any_timeseries())
def test_any_series_has_exactly_three_insights(timeseries, comparison):
    for now in (None, timeseries.start + (timeseries.end - timeseries.start) / 2):
        sentences = list_insights(timeseries, comparison=comparison, now=now)

        assert len(sentences) == 3
        assert all(
            sentence.endswith(".") and "nan" not in sentence and "None" not in sentence for sentence in sentences
        )
        assert len(build_alt_text(timeseries, comparison=comparison, now=now)) <= MAX_ALT_TEXT_LENGTH
