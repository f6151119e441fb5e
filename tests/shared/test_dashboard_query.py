"""The dashboard's query in URL parameters: parsing, defaults, problems, comparison periods, and the way back to a URL."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herwa_shared.analytics.date_ranges import (
    DateRange,
    DateRangePreset,
    build_day_range,
    get_first_day,
    get_last_day,
    list_allowed_intervals,
    resolve_preset,
)
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.results import Interval
from herwa_shared.dashboard_params import ComparisonMode, QueryProblem, QueryProblemCode, RangeChoice
from herwa_shared.dashboard_query import DashboardQuery
from tests.support.hypothesis_settings import no_deadline
from tests.support.row_factories import make_utc

NOW = make_utc(2025, 3, 9, 14, 37)
UTC, NEW_YORK, KOLKATA = ZoneInfo("UTC"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata")
Code = QueryProblemCode
ZONES = [UTC, NEW_YORK, KOLKATA, ZoneInfo("Pacific/Apia")]


def parse_query(zone: ZoneInfo = UTC, **params: str) -> DashboardQuery:
    url_params = {key.removesuffix("_"): value for key, value in params.items()}
    return DashboardQuery.parse(url_params, zone, NOW, guild_id=5, data_start=make_utc(2024, 2, 3, 20))


@pytest.mark.parametrize(
    ("preset", "start", "end", "interval"),
    [
        ("today", make_utc(2025, 3, 9), make_utc(2025, 3, 10), "hour"),
        ("yesterday", make_utc(2025, 3, 8), make_utc(2025, 3, 9), "hour"),
        ("24h", make_utc(2025, 3, 8, 15), make_utc(2025, 3, 9, 15), "hour"),
        ("7d", make_utc(2025, 3, 3), make_utc(2025, 3, 10), "day"),
        ("28d", make_utc(2025, 2, 10), make_utc(2025, 3, 10), "day"),
        ("91d", make_utc(2024, 12, 9), make_utc(2025, 3, 10), "day"),
        ("month", make_utc(2025, 3, 1), make_utc(2025, 3, 10), "day"),
        ("last_month", make_utc(2025, 2, 1), make_utc(2025, 3, 1), "day"),
        ("year", make_utc(2025, 1, 1), make_utc(2025, 3, 10), "day"),
        ("12mo", make_utc(2024, 4, 1), make_utc(2025, 3, 10), "week"),
        ("all", make_utc(2024, 2, 3), make_utc(2025, 3, 10), "month"),
    ],
)
def test_preset_resolves_to_its_date_range_and_interval(preset, start, end, interval):
    dashboard_query = parse_query(range=preset)

    assert (dashboard_query.date_range, dashboard_query.interval, dashboard_query.problems) == (
        DateRange(start, end),
        interval,
        (),
    )


def test_default_query_is_the_last_30_days_of_messages_compared_with_the_30_before():
    dashboard_query = parse_query()

    assert (dashboard_query.preset, dashboard_query.metric, dashboard_query.interval) == (
        DateRangePreset.MONTH,
        Metric.MESSAGES,
        Interval.DAY,
    )
    assert (dashboard_query.to_activity_query().start, dashboard_query.to_activity_query().end) == (
        make_utc(2025, 2, 8),
        make_utc(2025, 3, 10),
    )
    assert dashboard_query.to_comparison_query().start == make_utc(2025, 1, 9)
    assert dashboard_query.to_params() == {}


def test_presets_use_the_days_and_full_hours_of_the_time_zone():
    assert parse_query(NEW_YORK, range="today").date_range == DateRange(
        make_utc(2025, 3, 9, 5), make_utc(2025, 3, 10, 4)
    )
    assert parse_query(KOLKATA, range="24h").date_range.end == make_utc(2025, 3, 9, 15, 30)


def test_comparison_period_has_the_same_unit_as_the_range():
    month, year = parse_query(range="month").to_comparison_query(), parse_query(range="year").to_comparison_query()
    assert (month.start, month.end) == (make_utc(2025, 2, 1), make_utc(2025, 2, 10))
    assert (year.start, year.end) == (make_utc(2024, 1, 1), make_utc(2024, 3, 9))
    assert parse_query(range="7d").to_comparison_query().start == make_utc(2025, 2, 24)
    assert parse_query(range="last_month", compare="year").to_comparison_query().end == make_utc(2024, 3, 1)
    assert parse_query(compare="2024-01-01..2024-02-01").to_comparison_query().end == make_utc(2024, 2, 1)
    assert parse_query(compare="off").to_comparison_query() is None
    assert parse_query(range="all").to_comparison_query() is None


def test_choice_of_a_comparison_survives_all_time():
    year_query = parse_query(range="30d", compare="year")
    assert year_query.apply_preset(DateRangePreset.ALL).apply_preset(DateRangePreset.MONTH) == year_query
    assert parse_query(range="all").apply_preset(DateRangePreset.MONTH).comparison_mode is ComparisonMode.PREVIOUS


def test_month_to_date_is_never_compared_with_more_days_than_the_previous_month_has():
    march_30 = DashboardQuery.parse({"range": "month"}, UTC, make_utc(2025, 3, 30, 8), guild_id=5)
    assert march_30.to_comparison_query().end == make_utc(2025, 3, 1)


def test_shift_back_and_forward_restores_the_range():
    for preset in DateRangePreset:
        dashboard_query = parse_query(range=preset)
        assert dashboard_query.shift(-1).date_range.end == dashboard_query.date_range.start
        assert dashboard_query.shift(-1).shift(1).date_range == dashboard_query.date_range
    assert parse_query(range="today").shift(-1).to_params() == {"range": "yesterday"}
    assert parse_query(range="month").shift(-1).to_params() == {"range": "last_month"}
    assert parse_query(range="7d").shift(-1).to_params() == {"from": "2025-02-24", "to": "2025-03-03"}
    assert not parse_query().can_shift_forward
    assert parse_query(range="yesterday").can_shift_forward


def test_day_range_contains_full_days_in_either_order():
    date_range = build_day_range(
        get_last_day(parse_query().date_range, UTC), get_first_day(parse_query().date_range, UTC), UTC
    )

    assert date_range == parse_query().date_range


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"range": "fortnight"}, QueryProblem(Code.UNKNOWN_RANGE, "fortnight", "30d")),
        ({"range": "custom"}, None),
        ({"metric": "mesages"}, QueryProblem(Code.UNKNOWN_METRIC, "mesages", "messages")),
        ({"interval": "hour"}, None),
        ({"interval": "decade"}, QueryProblem(Code.UNKNOWN_INTERVAL, "decade", "day")),
        ({"range": "12mo", "interval": "hour"}, QueryProblem(Code.INTERVAL_TOO_SHORT, "hour", "week")),
        ({"range": "7d", "interval": "month"}, QueryProblem(Code.INTERVAL_TOO_LONG, "month", "day")),
        ({"channel": "general"}, QueryProblem(Code.INVALID_CHANNEL, "general")),
        ({"channel": "9" * 19}, QueryProblem(Code.INVALID_CHANNEL, "9" * 19)),
        ({"channel": "7", "metric": "joins"}, QueryProblem(Code.SERVER_WIDE_METRIC, "joins")),
        ({"from_": "tomorrow"}, QueryProblem(Code.INVALID_DATE, "tomorrow..", "30d")),
        ({"from_": "1800-10-15"}, QueryProblem(Code.UNSUPPORTED_YEAR, "1800-10-15..", "30d")),
        (
            {"from_": "2025-03-04", "to": "2025-03-01"},
            QueryProblem(Code.REVERSED_DATES, "2025-03-04..2025-03-01", "30d"),
        ),
        (
            {"from_": "2025-03-04 12:00", "to": "2025-03-01"},
            QueryProblem(Code.REVERSED_DATES, "2025-03-04 12:00..2025-03-01", "30d"),
        ),
        ({"compare": "2025-03-04..x"}, QueryProblem(Code.UNKNOWN_COMPARISON, "2025-03-04..x", "previous")),
        ({"compare": "custom"}, None),
        ({"compare": "next"}, QueryProblem(Code.UNKNOWN_COMPARISON, "next", "previous")),
        ({"back": "fortnight"}, None),
        ({"back": "2025-03-04..2025-03-01"}, None),
    ],
)
def test_problems_in_a_url_have_codes_and_valid_parameters_are_used(params, problem):
    dashboard_query = parse_query(**params)

    assert dashboard_query.problems == ((problem,) if problem else ())
    assert dashboard_query.to_activity_query().guild_id == 5
    assert dashboard_query.to_activity_query().channel_id is None or params["metric"] != "joins"
    assert dashboard_query.zoom_origin is None


def test_zooming_out_restores_the_window_and_its_interval():
    year = parse_query(range="12mo", interval="month", metric="threads", compare="year")
    zoomed = year.zoom(DateRange(make_utc(2025, 1, 5), make_utc(2025, 1, 14)))
    hours = zoomed.zoom(DateRange(make_utc(2025, 1, 6, 10), make_utc(2025, 1, 6, 16)))

    assert (zoomed.preset, zoomed.interval) == (DateRangePreset.CUSTOM, Interval.DAY)
    assert hours.interval is Interval.HOUR
    assert hours.to_params() == {
        "from": "2025-01-06T10:00:00+00:00",
        "to": "2025-01-06T16:00:00+00:00",
        "metric": "threads",
        "compare": "year",
        "back": "12mo,month",
    }
    assert DashboardQuery.parse(hours.to_params(), UTC, NOW, guild_id=5).zoom_out() == replace(year, data_start=None)
    assert hours.zoom_out() == zoomed.zoom_out() == year
    assert year.zoom_out() == year


def test_choosing_a_range_ends_the_zoom_and_moving_keeps_it():
    zoomed = parse_query().zoom(DateRange(make_utc(2025, 3, 1), make_utc(2025, 3, 4)))

    assert zoomed.shift(-1).zoom_origin == RangeChoice(
        DateRangePreset.MONTH, parse_query().date_range, parse_query().interval
    )
    assert zoomed.apply_preset(DateRangePreset.WEEK).zoom_origin is None
    assert zoomed.apply_dates(zoomed.date_range).zoom_origin is None


def test_panning_keeps_the_interval():
    weeks = parse_query(range="91d", interval="week")
    assert weeks.pan(DateRange(make_utc(2024, 11, 9), make_utc(2025, 2, 8))).interval is Interval.WEEK


def test_earlier_windows_end_with_the_first_data():
    assert parse_query(from_="2024-02-04", to="2024-02-10").can_shift_backward
    assert not parse_query(from_="2024-02-03", to="2024-02-10").can_shift_backward
    assert not parse_query(range="all").can_shift_backward
    assert DashboardQuery.parse({}, UTC, NOW, guild_id=5).can_shift_backward, "the first data is not known"


param_values = st.text(max_size=12) | st.sampled_from(
    ["", "all", "2025-03-01", "2025-03-01..", "1971-01-01", "2099-12-31T23:59"]
)
param_names = st.sampled_from(["range", "from", "to", "interval", "metric", "channel", "compare", "back"])


@no_deadline
@given(st.dictionaries(param_names, param_values), st.sampled_from(ZONES))
def test_any_url_parameters_are_parsed_without_an_error(params, zone):
    dashboard_query = DashboardQuery.parse(params, zone, NOW, guild_id=5)

    dashboard_query.to_activity_query()
    dashboard_query.to_comparison_query()
    dashboard_query.to_params()
    dashboard_query.shift(-1).shift(1)
    dashboard_query.zoom_out().to_params()


@st.composite
def dashboard_queries(draw) -> DashboardQuery:
    zone = draw(st.sampled_from(ZONES))
    dashboard_query = DashboardQuery.parse({"range": draw(st.sampled_from(DateRangePreset))}, zone, NOW, guild_id=5)
    if draw(st.booleans()):
        start = make_utc(2023, 11, 1) + timedelta(minutes=draw(st.integers(0, 500_000)))
        date_range = DateRange(start, start + timedelta(minutes=draw(st.integers(1, 500_000))))
        dashboard_query = replace(dashboard_query, preset=DateRangePreset.CUSTOM, date_range=date_range)
    if draw(st.booleans()):
        custom_comparison = resolve_preset(
            DateRangePreset.LAST_MONTH, zone, NOW - timedelta(days=draw(st.integers(0, 400)))
        )
        dashboard_query = replace(
            dashboard_query, comparison_mode=ComparisonMode.CUSTOM, custom_comparison=custom_comparison
        )
    else:
        dashboard_query = replace(
            dashboard_query,
            comparison_mode=draw(st.sampled_from([ComparisonMode.PREVIOUS, ComparisonMode.YEAR, ComparisonMode.OFF])),
        )
    if draw(st.booleans()):
        dashboard_query = parse_query(zone, range="91d", interval="week").zoom(dashboard_query.date_range)
    interval = draw(st.sampled_from(list_allowed_intervals(dashboard_query.date_range)))
    channel_id = draw(st.none() | st.integers(1, (1 << 63) - 1))
    return replace(
        dashboard_query, interval=interval, channel_id=channel_id, metric=draw(st.sampled_from(["messages", "threads"]))
    )


@no_deadline
@given(dashboard_queries())
def test_query_survives_the_round_trip_through_url_parameters(dashboard_query):
    reparsed = DashboardQuery.parse(dashboard_query.to_params(), dashboard_query.zone, NOW, guild_id=5)

    assert reparsed.problems == ()
    assert (reparsed.to_activity_query(), reparsed.to_comparison_query(), reparsed.zoom_origin) == (
        dashboard_query.to_activity_query(),
        dashboard_query.to_comparison_query(),
        dashboard_query.zoom_origin,
    )


def parse_limited(**params: str) -> DashboardQuery:
    url_params = {key.removesuffix("_"): value for key, value in params.items()}
    return DashboardQuery.parse(
        url_params, UTC, NOW, guild_id=5, data_start=make_utc(2024, 2, 3), history_start=make_utc(2025, 1, 1)
    )


@pytest.mark.parametrize(
    ("params", "start", "end"),
    [
        ({"range": "12mo"}, make_utc(2025, 1, 1), make_utc(2025, 3, 10)),
        ({"range": "all"}, make_utc(2025, 1, 1), make_utc(2025, 3, 10)),
        ({"from_": "2024-06-01", "to": "2025-01-02"}, make_utc(2025, 1, 1), make_utc(2025, 1, 2)),
        ({"from_": "2024-06-01", "to": "2025-01-01"}, make_utc(2025, 2, 8), make_utc(2025, 3, 10)),
    ],
)
def test_window_begins_with_the_history_of_the_tier(params, start, end):
    query = parse_limited(**params)
    assert query.date_range == DateRange(start, end)
    assert query.problems == (QueryProblem(Code.BEFORE_HISTORY, shown="2025-01-01"),)
    assert query.to_comparison_query() is None or query.date_range.start == make_utc(2025, 2, 8)


def test_window_to_compare_with_is_hidden_if_it_begins_before_the_history():
    shown = parse_limited(range="28d")
    assert (shown.problems, shown.to_comparison_query() is None) == ((), False)
    hidden = parse_limited(from_="2025-01-15", to="2025-03-01")
    assert hidden.problems == (QueryProblem(Code.COMPARISON_BEFORE_HISTORY, shown="2025-01-01"),)
    assert hidden.to_comparison_query() is None
    assert parse_limited(from_="2025-01-15", to="2025-03-01", compare="off").problems == ()


def test_no_window_lies_before_the_history():
    assert parse_limited(from_="2025-01-02", to="2025-01-05").can_shift_backward
    assert not parse_limited(from_="2025-01-01", to="2025-01-05").can_shift_backward
