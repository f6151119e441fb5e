"""The headline of the overview: total, period, change, and no claims about uncounted time."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from herwa_shared.analytics.comparison import compute_relative_change
from herwa_shared.analytics.kpis import Kpi
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.results import Interval, RankedItem
from herwa_shared.charts.text.headline import build_headline
from herwa_shared.charts.text.insights import list_insights
from tests.support.hypothesis_settings import no_deadline
from tests.support.row_factories import make_utc
from tests.support.timeseries_factories import MAY_3, any_timeseries, build_timeseries

DAY = timedelta(days=1)
NOON = MAY_3 + 6.5 * DAY


def build_week(values=(1,) * 7, *, metric=Metric.ACTIVE_MEMBERS, start=MAY_3):
    return build_timeseries(list(values), metric=metric, start=start)


def test_headline_contains_total_change_and_contributor():
    kpi = Kpi(Metric.ACTIVE_MEMBERS, 7, 5, 0.08, rising_is_good=True, values=())

    sentence = build_headline(
        build_week(), build_week(start=MAY_3 - 7 * DAY), now=NOON, kpi=kpi, contributor=RankedItem(5, "events", 3)
    )

    assert sentence == (
        "7 people talked in the last 7 days, 8% more than in the 7 days before; most of the rise is #events."
    )


@pytest.mark.parametrize(
    ("metric", "singular", "empty"),
    [
        ("messages", "1 message was written", "No message was written"),
        ("active_members", "1 person talked", "Nobody talked"),
        ("voice_minutes", "1 minute was spent in voice", "Nobody was in voice"),
        ("voice_members", "1 person was in voice", "Nobody was in voice"),
        ("joins", "1 person joined", "Nobody joined"),
        ("leaves", "1 person left", "Nobody left"),
        ("members", "1 member was here", "No member was here"),
        ("reactions", "1 reaction was given", "No reaction was given"),
        ("threads", "1 thread was opened", "No thread was opened"),
    ],
)
def test_headline_phrases_one_and_zero_for_every_metric(metric, singular, empty):
    assert build_headline(build_week([1], metric=Metric(metric))) == f"{singular} on May 3, 2021."
    assert build_headline(build_week([0], metric=Metric(metric))) == f"{empty} on May 3, 2021."


@pytest.mark.parametrize(
    ("days", "start", "now", "period_text"),
    [
        (1, MAY_3, MAY_3 + DAY / 2, "today"),
        (1, MAY_3, MAY_3 + DAY, "yesterday"),
        (30, MAY_3, MAY_3 + 29.5 * DAY, "in the last 30 days"),
        (31, make_utc(2021, 5, 1), MAY_3, "this month"),
        (31, make_utc(2021, 5, 1), make_utc(2021, 6, 2), "in May 2021"),
        (365, make_utc(2021, 1, 1), make_utc(2021, 6, 2), "this year"),
        (365, make_utc(2021, 1, 1), make_utc(2022, 6, 2), "in 2021"),
        (7, MAY_3, make_utc(2022, 6, 2), "from May 3 to May 9, 2021"),
        (7, make_utc(2021, 12, 28), make_utc(2022, 6, 2), "from Dec 28, 2021 to Jan 3, 2022"),
    ],
)
def test_headline_names_the_period(days, start, now, period_text):
    assert build_headline(build_week([2] * days, start=start), now=now) == f"{2 * days} people talked {period_text}."


def test_headline_names_the_last_24_hours():
    hourly_series = build_timeseries([1] * 24, interval=Interval.HOUR, start=MAY_3 + DAY / 2)

    assert build_headline(hourly_series, now=MAY_3 + 1.49 * DAY) == "24 messages were written in the last 24 hours."


@pytest.mark.parametrize(
    ("days", "start", "earlier_days", "earlier_start", "now", "comparison_text"),
    [
        (1, MAY_3, 1, MAY_3 - DAY, make_utc(2022, 1, 1), "on the day before"),
        (1, MAY_3, 1, MAY_3 - DAY, MAY_3 + DAY / 2, "by this hour of the day before"),
        (7, MAY_3, 7, MAY_3 - 7 * DAY, make_utc(2022, 1, 1), "in the 7 days before"),
        (31, make_utc(2021, 5, 1), 30, make_utc(2021, 4, 1), make_utc(2022, 1, 1), "in the month before"),
        (31, make_utc(2021, 5, 1), 30, make_utc(2021, 4, 1), make_utc(2021, 5, 9), "by this point of the month before"),
        (31, make_utc(2021, 5, 1), 31, make_utc(2020, 5, 1), make_utc(2022, 1, 1), "at the same time a year before"),
        (7, MAY_3, 7, make_utc(2020, 2, 1), make_utc(2022, 1, 1), "from Feb 1 to Feb 7, 2020"),
    ],
)
def test_headline_names_the_comparison_period(days, start, earlier_days, earlier_start, now, comparison_text):
    kpi = Kpi(Metric.ACTIVE_MEMBERS, 2, 1, 1.0, rising_is_good=True, values=())

    sentence = build_headline(
        build_week([2] * days, start=start), build_week([1] * earlier_days, start=earlier_start), now=now, kpi=kpi
    )

    assert sentence.endswith(f", 100% more than {comparison_text}.")


def test_headline_mentions_uncounted_days_and_omits_the_change():
    sentence = build_headline(build_week([5, None, 5]), build_week([1, 1, 1], start=MAY_3 - 3 * DAY))

    assert sentence == "10 people talked from May 3 to May 5, 2021; 1 of 3 days was not counted."
    assert build_headline(build_week([None, None]), now=NOON) == "Nothing was counted from May 3 to May 4, 2021."


def test_unfinished_window_is_compared_by_its_finished_days():
    current_week, previous_week = (
        build_week([10] * 7, metric=Metric.MESSAGES, start=start) for start in (MAY_3, MAY_3 - 7 * DAY)
    )
    running_week = build_week([10, 10, 10, 2, 0, 0, 0], metric=Metric.MESSAGES)

    assert compute_relative_change(running_week, previous_week, now=MAY_3 + 3.2 * DAY) == 0
    assert compute_relative_change(current_week, previous_week, now=NOON) == 0
    assert (
        compute_relative_change(
            build_week([10, 10, 10, 2, 0, 0, 0]), build_week(start=MAY_3 - 7 * DAY), now=MAY_3 + 3.2 * DAY
        )
        is None
    )


def test_members_are_reported_at_the_end_and_not_summed():
    members_week = replace(build_week([None, 100, 98, 120], metric=Metric.MEMBERS), total=120)

    assert list_insights(members_week) == [
        "120 members at the end.",
        "The highest number was 120, on Thursday, May 6.",
        "20 more than at the beginning.",
    ]


def test_insights_without_events_explain_what_will_be_counted():
    assert list_insights(build_week([0, 0], metric=Metric.REACTIONS))[2] == "As soon as somebody reacts, it shows here."


@no_deadline
@given(any_timeseries(), any_timeseries())
def test_headline_is_one_sentence_for_any_series(timeseries, comparison):
    for now in (None, timeseries.start + (timeseries.end - timeseries.start) / 2):
        sentence = build_headline(timeseries, comparison, now=now)

        assert sentence.endswith(".")
        assert "None" not in sentence
        assert "nan" not in sentence
