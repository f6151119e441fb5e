"""The insights below a chart and the alt text of its image."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given

from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.results import Interval
from herwa_shared.charts.text.insights import MAX_ALT_TEXT_LENGTH, NOT_ENOUGH_DATA, build_alt_text, list_insights
from tests.support.hypothesis_settings import no_deadline
from tests.support.timeseries_factories import MAY_3, any_compared, build_compared, build_timeseries

DAY = timedelta(days=1)
WEEK_VALUES = [100, 110, 120, 130, 140, 300, 90]


def list_texts(values, base_values=None, **options) -> list[str]:
    comparison = None if base_values is None else build_timeseries(base_values, start=MAY_3 - len(base_values) * DAY)
    return list_insights(build_compared(build_timeseries(values, **options), comparison))


def test_total_includes_the_change_or_else_the_average():
    assert list_texts(WEEK_VALUES, [110] * 7)[0] == "990 messages, up 29% on the previous 7 days."
    assert list_texts(WEEK_VALUES)[0] == "990 messages, 141 per day on average."


def test_waiting_times_are_durations_with_the_90th_percentile():
    series = build_timeseries([600, None, 7_500], metric=Metric.FIRST_RESPONSE_SECONDS, total=4_050)
    compared = build_compared(replace(series, long_wait=86_400), None)
    assert list_insights(compared) == [
        "1 h 7 min to first response.",
        "9 of 10 within 1 d.",
        "Longest: 2 h 5 min, Wed, May 5.",
    ]


def test_total_mentions_days_without_data_and_omits_the_change():
    assert list_texts([100, None, 120], [50, 50, 50])[0] == "220 messages. Data for 2 of 3 days only."


def test_growth_from_zero_or_a_small_number_has_no_percentage():
    assert list_texts([4, 5], [0, 0])[0] == "9 messages (none in the previous 2 days)."
    assert list_texts([4, 5], [1, 2])[0] == "9 messages, up 6 on the previous 2 days."


def test_busiest_day_has_its_ratio_to_the_average_unless_numbers_are_small():
    assert list_texts(WEEK_VALUES)[1].startswith("Busiest day: Sat, May 8 with 300 messages (2.1")
    assert list_texts([1, 1, 1, 9])[1] == "Busiest day: Thu, May 6 with 9 messages."


def test_intervals_cut_by_the_window_are_never_the_busiest_and_make_no_trend():
    months = build_timeseries(
        [100, 100, 100, 100, 9_000],
        start=datetime(2021, 5, 1, tzinfo=UTC),
        end=datetime(2021, 9, 3, tzinfo=UTC),
        interval=Interval.MONTH,
        now=datetime(2021, 12, 1, tzinfo=UTC),
    )

    total, busiest, pattern = list_insights(build_compared(months))

    assert "9,400" in total
    assert "May 2021 with 100" in busiest
    assert pattern.startswith("Steady")


def test_weekday_pattern_needs_six_weeks():
    assert "Saturdays (about 300)" in list_texts(WEEK_VALUES * 6)[2]
    assert "Saturdays" not in list_texts(WEEK_VALUES * 5)[2]
    assert "Usually" not in list_texts([12] * 20 + [48_211] + [12] * 27)[2]


def test_busiest_hours_are_in_local_time():
    hourly_values = [50 if 9 <= hour < 12 else 1 for hour in range(24)] * 3

    assert list_texts(hourly_values, interval=Interval.HOUR, zone="Asia/Tokyo")[2] == (
        "88% of messages between 18:00 and 21:00."
    )


def test_days_without_events_exclude_the_current_day():
    assert list_texts([3, 0, 2, 0, 1, 0], now=MAY_3 + 5.5 * DAY)[2] == "No messages on 2 of 5 days."


def test_trend_is_described_without_a_pattern_unless_numbers_are_small():
    assert list_texts([10, 10, 10, 20, 20, 20])[2] == "Trending up 100%."
    assert list_texts([10, 11, 10, 11])[2].startswith("Steady")
    assert list_texts([1, 2, 4, 5])[2] == NOT_ENOUGH_DATA


def test_words_of_the_insights(snapshot):
    samples = [
        list_texts(WEEK_VALUES, [110] * 7),
        list_texts(WEEK_VALUES * 6),
        list_texts([None, None]),
        list_texts([0, 0], [0, 0]),
        list_texts([0, 0], [5, 5]),
        list_texts([1]),
        list_texts([None, 100, 98, 120], metric=Metric.MEMBERS, total=120),
        list_texts([100, 98, 100], [90, 90, 90], metric=Metric.MEMBERS, total=100, now=MAY_3 + 2.5 * DAY),
        list_texts([60, 70, 98, 120], metric=Metric.MEMBERS, total=120, estimated=[0, 1]),
        list_texts([60, 70, 65], metric=Metric.MEMBERS, total=65, estimated=[0, 1, 2]),
        list_texts([0, 3, 0, 4], metric=Metric.THREADS),
    ]

    assert "\n\n".join("\n".join(sentences) for sentences in samples) == snapshot


def test_alt_text_describes_the_chart(snapshot):
    assert build_alt_text(build_compared(build_timeseries(WEEK_VALUES))) == snapshot


@no_deadline
@given(any_compared())
def test_any_series_has_one_to_three_insights(compared):
    sentences = list_insights(compared)

    assert 1 <= len(sentences) <= 3
    assert all(sentence.endswith(".") and "nan" not in sentence and "None" not in sentence for sentence in sentences)
    assert len(build_alt_text(compared)) <= MAX_ALT_TEXT_LENGTH
