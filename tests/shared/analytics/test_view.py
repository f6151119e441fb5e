"""What a page shows is in its address, and no address is too wrong to show something."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa_shared.analytics.date_ranges import Range, Span, first_day, intervals_for, last_day, span_of, whole_days
from herwa_shared.analytics.results import Interval, Metric
from herwa_shared.dashboard_query import Comparison, View
from tests.activity import utc
from tests.shared.charts.made import patient

NOW = utc(2025, 3, 9, 14, 37)
UTC, NEW_YORK, KOLKATA = ZoneInfo("UTC"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata")
ZONES = [UTC, NEW_YORK, KOLKATA, ZoneInfo("Pacific/Apia")]


def view(zone: ZoneInfo = UTC, **params: str) -> View:
    asked = {key.removesuffix("_"): value for key, value in params.items()}
    return View.parse(asked, zone, NOW, guild_id=5, begin=utc(2024, 2, 3, 20))


@pytest.mark.parametrize(
    ("range_", "start", "end", "interval"),
    [
        ("today", utc(2025, 3, 9), utc(2025, 3, 10), "hour"),
        ("yesterday", utc(2025, 3, 8), utc(2025, 3, 9), "hour"),
        ("24h", utc(2025, 3, 8, 15), utc(2025, 3, 9, 15), "hour"),
        ("7d", utc(2025, 3, 3), utc(2025, 3, 10), "day"),
        ("28d", utc(2025, 2, 10), utc(2025, 3, 10), "day"),
        ("91d", utc(2024, 12, 9), utc(2025, 3, 10), "day"),
        ("month", utc(2025, 3, 1), utc(2025, 4, 1), "day"),
        ("last_month", utc(2025, 2, 1), utc(2025, 3, 1), "day"),
        ("year", utc(2025, 1, 1), utc(2026, 1, 1), "week"),
        ("12mo", utc(2024, 4, 1), utc(2025, 4, 1), "week"),
        ("all", utc(2024, 2, 3), utc(2025, 3, 10), "month"),
    ],
)
def test_a_range_by_name_is_the_window_that_people_mean(range_, start, end, interval):
    shown = view(range=range_)

    assert (shown.span, shown.interval, shown.problems) == (Span(start, end), interval, ())


def test_without_a_word_it_is_the_last_30_days_of_messages_and_the_30_before():
    shown = view()

    assert (shown.range, shown.metric, shown.interval) == (Range.MONTH, Metric.MESSAGES, Interval.DAY)
    assert (shown.query().start, shown.query().end) == (utc(2025, 2, 8), utc(2025, 3, 10))
    assert shown.earlier().start == utc(2025, 1, 9)
    assert shown.params() == {}


def test_days_are_those_of_the_zone_and_the_last_24_hours_are_whole_on_its_clocks():
    assert view(NEW_YORK, range="today").span == Span(utc(2025, 3, 9, 5), utc(2025, 3, 10, 4))
    assert view(KOLKATA, range="24h").span.end == utc(2025, 3, 9, 15, 30)


def test_a_month_is_compared_with_a_month_and_a_week_with_a_week():
    assert view(range="month").earlier().start == utc(2025, 2, 1)
    assert view(range="7d").earlier().start == utc(2025, 2, 24)
    assert view(range="last_month", compare="year").earlier().end == utc(2024, 3, 1)
    assert view(compare="2024-01-01..2024-02-01").earlier().end == utc(2024, 2, 1)
    assert view(compare="off").earlier() is None
    assert view(range="all").earlier() is None


def test_a_step_back_and_a_step_on_lead_to_the_same_place():
    for name in Range:
        shown = view(range=name)
        assert shown.stepped(-1).span.end == shown.span.start
        assert shown.stepped(-1).stepped(1).span == shown.span
    assert view(range="today").stepped(-1).params() == {"range": "yesterday"}
    assert view(range="month").stepped(-1).params() == {"range": "last_month"}
    assert view(range="7d").stepped(-1).params() == {"from": "2025-02-24", "to": "2025-03-03"}
    assert not view().can_step_on
    assert view(range="yesterday").can_step_on


def test_days_that_were_picked_are_whole_in_either_order():
    span = whole_days(last_day(view().span, UTC), first_day(view().span, UTC), UTC)

    assert span == view().span


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"range": "fortnight"}, "There is no range 'fortnight'; this is 30d."),
        ({"metric": "mesages"}, "There is no metric 'mesages'; this is messages."),
        ({"interval": "hour"}, None),
        ({"range": "12mo", "interval": "hour"}, "By hour this window cannot be shown well, so it is by week."),
        ({"channel": "general"}, "'general' is no channel; this is the whole server."),
        ({"channel": "9" * 19}, "is no channel"),
        ({"channel": "7", "metric": "joins"}, "Joins are counted for the whole server, not for one channel."),
        ({"from_": "tomorrow"}, "'from' must be an ISO date"),
        ({"from_": "2025-03-04", "to": "2025-03-01"}, "'from' must be before 'to'"),
        ({"compare": "2025-03-04..x"}, "'to' must be an ISO date"),
        ({"compare": "custom"}, None),
        ({"compare": "next"}, "There is no compare 'next'; this is previous."),
    ],
)
def test_what_is_wrong_in_an_address_is_said_and_the_rest_is_shown(params, problem):
    shown = view(**params)

    assert [problem in said for said in shown.problems] == ([True] if problem else [])
    assert shown.query().guild_id == 5
    assert shown.query().channel_id is None or params["metric"] != "joins"


texts = st.text(max_size=12) | st.sampled_from(
    ["", "all", "2025-03-01", "2025-03-01..", "1971-01-01", "2099-12-31T23:59"]
)
words = st.sampled_from(["range", "from", "to", "interval", "metric", "channel", "compare"])


@patient
@given(st.dictionaries(words, texts), st.sampled_from(ZONES))
def test_no_address_fails(params, zone):
    shown = View.parse(params, zone, NOW, guild_id=5)

    shown.query()
    shown.earlier()
    shown.params()
    shown.stepped(-1).stepped(1)


@st.composite
def views(draw) -> View:
    zone = draw(st.sampled_from(ZONES))
    shown = View.parse({"range": draw(st.sampled_from(Range))}, zone, NOW, guild_id=5)
    if draw(st.booleans()):
        start = utc(2023, 11, 1) + timedelta(minutes=draw(st.integers(0, 500_000)))
        span = Span(start, start + timedelta(minutes=draw(st.integers(1, 500_000))))
        shown = replace(shown, range=Range.CUSTOM, span=span)
    if draw(st.booleans()):
        compared = span_of(Range.LAST_MONTH, zone, NOW - timedelta(days=draw(st.integers(0, 400))))
        shown = replace(shown, comparison=Comparison.CUSTOM, compared=compared)
    else:
        shown = replace(shown, comparison=draw(st.sampled_from([Comparison.PREVIOUS, Comparison.YEAR, Comparison.OFF])))
    interval = draw(st.sampled_from(intervals_for(shown.span)))
    channel = draw(st.none() | st.integers(1, (1 << 63) - 1))
    return replace(shown, interval=interval, channel_id=channel, metric=draw(st.sampled_from(["messages", "threads"])))


@patient
@given(views())
def test_an_address_gives_the_same_view_again(shown):
    again = View.parse(shown.params(), shown.zone, NOW, guild_id=5)

    assert again.problems == ()
    assert (again.query(), again.earlier()) == (shown.query(), shown.earlier())
