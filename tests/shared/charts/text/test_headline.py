"""The headline of the overview: total, period, change, and no claims about time without data."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from herwa_shared.analytics.comparison import Change
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.results import Interval
from herwa_shared.charts.text.headline import build_headline
from herwa_shared.charts.text.periods import describe_base_period, describe_period
from tests.support.hypothesis_settings import no_deadline
from tests.support.row_factories import make_utc
from tests.support.timeseries_factories import MAY_3, any_compared, build_compared, build_timeseries

DAY = timedelta(days=1)


def build_days(days, *, value=2, metric=Metric.ACTIVE_MEMBERS, start=MAY_3, now=None):
    return build_timeseries([value] * days, metric=metric, start=start, now=now)


@pytest.mark.parametrize(
    ("days", "start", "now", "period_text"),
    [
        (1, MAY_3, MAY_3 + DAY / 2, "so far today"),
        (1, MAY_3, MAY_3 + DAY, "yesterday"),
        (30, MAY_3, MAY_3 + 29.5 * DAY, "in the last 30 days"),
        (3, make_utc(2021, 5, 1), MAY_3 + DAY / 2, "so far this month"),
        (31, make_utc(2021, 5, 1), make_utc(2021, 6, 2), "in May 2021"),
        (153, make_utc(2021, 1, 1), make_utc(2021, 6, 2, 12), "so far this year"),
        (365, make_utc(2021, 1, 1), make_utc(2022, 6, 2), "in 2021"),
        (7, MAY_3, make_utc(2022, 6, 2), "from May 3 to May 9, 2021"),
        (7, make_utc(2021, 12, 28), make_utc(2022, 6, 2), "from Dec 28, 2021 to Jan 3, 2022"),
    ],
)
def test_headline_names_the_period(days, start, now, period_text):
    series = build_days(days, start=start, now=now)

    assert describe_period(series) == period_text
    assert period_text in build_headline(build_compared(series))


def test_headline_names_the_last_24_hours():
    series = build_timeseries([1] * 24, interval=Interval.HOUR, start=MAY_3 + DAY / 2, now=MAY_3 + 1.49 * DAY)

    assert describe_period(series) == "in the last 24 hours"


@pytest.mark.parametrize(
    ("days", "start", "base_days", "base_start", "now", "base_text"),
    [
        (1, MAY_3, 1, MAY_3 - DAY, make_utc(2022, 1, 1), "the day before"),
        (1, MAY_3, 1, MAY_3 - DAY, MAY_3 + DAY / 2, "this time yesterday"),
        (7, MAY_3, 7, MAY_3 - 7 * DAY, make_utc(2022, 1, 1), "the previous 7 days"),
        (31, make_utc(2021, 5, 1), 30, make_utc(2021, 4, 1), make_utc(2022, 1, 1), "the month before"),
        (9, make_utc(2021, 5, 1), 9, make_utc(2021, 4, 1), make_utc(2021, 5, 9, 8), "the same point last month"),
        (40, make_utc(2021, 1, 1), 40, make_utc(2020, 1, 1), make_utc(2021, 2, 9, 8), "a year ago"),
        (31, make_utc(2021, 5, 1), 31, make_utc(2020, 5, 1), make_utc(2022, 1, 1), "a year ago"),
        (7, MAY_3, 7, make_utc(2020, 2, 1), make_utc(2022, 1, 1), "Feb 1 to Feb 7, 2020"),
    ],
)
def test_headline_names_the_base_of_the_change(days, start, base_days, base_start, now, base_text):
    series, base = build_days(days, start=start, now=now), build_days(base_days, start=base_start, now=now)
    compared = replace(build_compared(series, base), change=Change(50, 25))

    assert describe_base_period(series, base) == base_text
    assert build_headline(compared).endswith(f", up 100% on {base_text}.")


def test_headline_mentions_days_without_data_and_omits_the_change():
    series, base = build_timeseries([5, None, 5]), build_timeseries([1, 1, 1], start=MAY_3 - 3 * DAY)

    sentence = build_headline(build_compared(series, base))

    assert "no data for 1 of 3 days" in sentence
    assert "%" not in sentence


def test_small_base_gives_a_difference_and_no_percentage():
    series, base = build_days(7, value=1), build_days(7, value=2, start=MAY_3 - 7 * DAY)
    compared = replace(build_compared(series, base), change=Change(7, 14))

    assert build_headline(compared).endswith(", down 7 on the previous 7 days.")


def test_words_of_the_headline(snapshot):
    week, previous_week = build_days(7, value=10), build_days(7, value=9, start=MAY_3 - 7 * DAY)
    compared = build_compared(week, previous_week)
    running = build_days(7, value=10, now=MAY_3 + 6.5 * DAY)
    sentences = [
        build_headline(compared, contributor_name="#events"),
        build_headline(replace(compared, change=Change(5, 90)), contributor_name="#retro"),
        build_headline(replace(compared, change=Change(90, 90))),
        build_headline(replace(compared, change=Change(900, 30))),
        build_headline(replace(compared, change=Change(9, 0))),
        build_headline(build_compared(running), channel_name="#help-desk"),
        build_headline(build_compared(running), is_all_time=True),
        build_headline(build_compared(build_timeseries([None, None]))),
        build_headline(build_compared(build_timeseries([None, 4], metric=Metric.MEMBERS))),
        build_headline(build_compared(build_timeseries([3, 4], metric=Metric.MEMBERS, total=4, estimated=[0]))),
        build_headline(build_compared(build_timeseries([3, 4], metric=Metric.MEMBERS, total=4, estimated=[0, 1]))),
        *(
            build_headline(build_compared(build_timeseries([total], metric=metric)))
            for metric in Metric
            for total in (0, 1, 2)
        ),
    ]

    assert "\n".join(sentences) == snapshot


@no_deadline
@given(any_compared())
def test_headline_is_one_sentence_for_any_series(compared):
    sentence = build_headline(compared)

    assert sentence.endswith(".")
    assert "None" not in sentence
    assert "nan" not in sentence
