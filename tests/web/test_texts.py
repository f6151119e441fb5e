"""All texts of the dashboard, with sample arguments."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from herwa_shared.dashboard_params import QueryProblem, QueryProblemCode
from herwa_web import problem_texts, texts
from tests.support.text_snapshots import Keywords, render_texts

NOVEMBER_28 = datetime(2026, 11, 28, 14, 2, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
RUNNING = ("previous", "", Keywords(is_running=True))
PROBLEMS = {
    code: QueryProblem(code, *values)
    for code, values in {
        **dict.fromkeys(QueryProblemCode, ()),
        QueryProblemCode.UNKNOWN_INTERVAL: ("decade", "day"),
        QueryProblemCode.INTERVAL_TOO_SHORT: ("hour", "week"),
        QueryProblemCode.INTERVAL_TOO_LONG: ("month", "day"),
        QueryProblemCode.UNKNOWN_METRIC: ("mesages", "messages"),
        QueryProblemCode.SERVER_WIDE_METRIC: ("joins",),
        QueryProblemCode.BEFORE_HISTORY: ("", "2026-08-31"),
        QueryProblemCode.COMPARISON_BEFORE_HISTORY: ("", "2026-08-31"),
    }.items()
}
SAMPLES = {
    "build_tab_title": [texts.OVERVIEW],
    "build_page_title": [("Garden Club", texts.OVERVIEW)],
    "format_account_label": ["Ottilie"],
    "format_view": [("Garden Club", NOVEMBER_28)],
    "format_switcher_label": ["Garden Club"],
    "format_add_target": ["Garden Club"],
    "describe_unmanaged_servers": [(1,), (1204,)],
    "describe_active_members": [(None,), (0,), (1,), (2,)],
    "format_age": [(0,), (59,), (60,), (1439,)],
    "format_server_age": [(6,), (180,)],
    "format_joined_day": [NOVEMBER_28],
    "format_member_count": [(1,), (1204,)],
    "format_live_counters": [(None, 3), (1204, 0)],
    "describe_new_server": ["Garden Club", "6 min ago"],
    "describe_stale_data": ["14:02", "Statistics are temporarily unavailable. Try again in a minute."],
    "format_dates_label": ["Last 30 days"],
    "format_comparison_label": [(texts.COMPARE,), ("vs last year",)],
    "format_definition_label": ["Messages"],
    "describe_ranking": ["messages"],
    "format_base_label": [("previous", ""), ("year", ""), ("custom", "Oct 2 \N{EN DASH} 31, 2026"), RUNNING],
    "describe_base": [("5,325",), ("12 min", "Last year")],
    "describe_missing_comparison": ["Jul 30"],
    "describe_uncounted_comparison": ["Oct 2 \N{EN DASH} 31"],
    "format_channel_name": [("general", "text"), ("Lounge", "voice")],
    "describe_channel_place": [("Help", None), (None, None), ("Help", NOVEMBER_28)],
    "format_id": [81384788765712384],
    "describe_heatmap": ["messages", "New York time"],
    "describe_zoom": ["Wed, Nov 5"],
    "format_time_zone": [(NEW_YORK,), (ZoneInfo("UTC"),)],
    "describe_time_zone": [
        (NEW_YORK, NOVEMBER_28),
        (ZoneInfo("Asia/Kolkata"), NOVEMBER_28),
        (ZoneInfo("UTC"), NOVEMBER_28),
    ],
    "describe_data_start": ["Jul 30, 2026"],
    "describe_no_data_yet": [NOVEMBER_28],
    "describe_comparison": ["Oct 2 \N{EN DASH} 31, 2026"],
    "format_time_column": [(texts.DATE_COLUMN, NEW_YORK)],
    "describe_cut_download": [50_000],
    "describe_unexpected_error": ["3f2a9c81d0b4"],
}


def test_texts(snapshot):
    assert render_texts(texts, SAMPLES) == snapshot


def test_texts_of_problems_in_a_link(snapshot):
    assert {code.value: problem_texts.describe_problem(problem) for code, problem in PROBLEMS.items()} == snapshot
