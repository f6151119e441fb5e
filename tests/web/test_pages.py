"""What pages show, before any browser draws it: words, shares, and addresses that lead where they say."""

from datetime import UTC, date, datetime
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.date_ranges import DateRangePreset, build_day_range
from herwa_shared.analytics.kpis import Kpi
from herwa_shared.analytics.results import HeatmapCell, Metric, RankedItem
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.discord.endpoints import DiscordEndpoints
from herwa_web.avatars import get_hue, get_initial
from herwa_web.pages.guild.downloads import format_csv
from herwa_web.pages.guild.links import (
    RANGE_KEYS,
    build_links,
    build_url,
    link_to_channel,
    link_to_metric,
    link_to_span,
)
from herwa_web.pages.guild.request import parse_guild_id
from herwa_web.pages.guild.view_models import (
    build_channel_rows,
    build_kpi_view,
    build_member_rows,
    build_weekday_views,
    format_change,
)
from herwa_web.pages.home.view_models import build_invite_url
from herwa_web.pages.login import build_login_url as log_in_address

NOW = datetime(2024, 3, 20, 15, 30, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
GUILD_ID = 296783783972411134


def parse_view(**params: str) -> DashboardQuery:
    return DashboardQuery.parse(params, TOKYO, NOW, guild_id=GUILD_ID)


def parse_link(link: str) -> DashboardQuery:
    """The view that somebody sees who follows a link."""
    assert urlsplit(link).path == f"/g/{GUILD_ID}"
    return parse_view(**dict(parse_qsl(urlsplit(link).query)))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"range": "7d", "metric": "voice_minutes"},
        {"from": "2024-01-01", "to": "2024-02-01", "interval": "week", "channel": "12", "compare": "year"},
        {"range": "24h", "compare": "off"},
        {"from": "2024-01-01T10:00:00+09:00", "to": "2024-01-02T03:00:00+09:00"},
    ],
)
def test_the_address_of_a_view_shows_the_same_view(params):
    assert parse_link(build_url(parse_view(**params))) == parse_view(**params)


def test_every_range_of_the_menu_leads_to_it_and_keeps_what_else_was_chosen():
    links = build_links(parse_view(metric="reactions", channel="12"))
    for range_key in RANGE_KEYS:
        linked_view = parse_link(links[f"range_{range_key.name.lower()}"])
        assert (linked_view.preset, linked_view.metric, linked_view.channel_id) == (range_key, Metric.REACTIONS, 12)


def test_no_two_ranges_share_a_key():
    assert len(set(RANGE_KEYS.values())) == len(RANGE_KEYS)


def test_one_period_back_and_on_again_is_where_one_was():
    earlier_view = parse_link(build_links(parse_view(range="7d"))["previous"])
    assert earlier_view.date_range.end == parse_view(range="7d").date_range.start
    assert parse_link(build_links(earlier_view)["next"]).preset is DateRangePreset.WEEK


def test_there_is_no_way_on_into_the_future():
    assert build_links(parse_view(range="7d"))["next"] == ""


def test_a_zoomed_period_becomes_the_range_and_the_rest_is_kept():
    span = build_day_range(date(2024, 3, 1), date(2024, 3, 3), TOKYO)
    linked_view = parse_link(link_to_span(parse_view(metric="joins", compare="year"), span))
    assert (linked_view.date_range, linked_view.metric, linked_view.comparison_mode) == (span, Metric.JOINS, "year")


def test_comparing_is_switched_off_and_on_by_one_key():
    without_comparison = parse_link(build_links(parse_view())["compare"])
    assert without_comparison.comparison_mode == "off"
    assert parse_link(build_links(without_comparison)["compare"]).comparison_mode == "previous"


def test_what_was_not_counted_is_a_dash_with_its_reason_and_never_a_zero():
    cell = build_kpi_view(
        Kpi(Metric.JOINS, None, None, None, True, (None,)), parse_view(), {Metric.JOINS: "Needs an intent."}
    )
    assert (cell.value, cell.has_data) == ("—", False)
    assert cell.tip.endswith("Needs an intent.")


def test_a_cell_says_value_and_change_and_chooses_its_metric():
    cell = build_kpi_view(Kpi(Metric.MESSAGES, 12_345, 10_000, 0.2345, True, (1, 2)), parse_view(), {})
    assert (cell.value, cell.change, cell.tone, cell.selected) == ("12,345", "▲ 23%", "good", True)
    assert parse_link(link_to_metric(parse_view(), Metric.THREADS)).metric is Metric.THREADS


def test_a_cell_names_what_was_before_only_where_it_can_be_compared():
    comparable, incomparable = Kpi(Metric.MESSAGES, 20, 10, 1.0, True, ()), Kpi(Metric.MESSAGES, 20, 10, None, True, ())
    assert build_kpi_view(comparable, parse_view(), {}).tip.endswith("Before: 10")
    assert "Before" not in build_kpi_view(incomparable, parse_view(), {}).tip


def test_more_leaves_are_bad_and_fewer_are_good():
    assert format_change(0.5, rising_is_good=False).tone == "bad"
    assert format_change(-0.5, rising_is_good=False).tone == "good"
    assert format_change(None) == format_change(None, rising_is_good=False)


def test_a_channel_leads_to_itself_and_the_chosen_one_back():
    rows = build_channel_rows(
        [RankedItem(12, "general", 90), RankedItem(13, None, 45)], {12: -0.1, 13: None}, parse_view(channel="12")
    )
    assert [row.share for row in rows] == [1, 0.5]
    assert [row.selected for row in rows] == [True, False]
    assert parse_link(rows[0].href).channel_id is None
    assert parse_link(rows[1].href).channel_id == 13
    assert (rows[0].change, rows[1].change) == ("▼ 10%", "new")
    assert parse_link(link_to_channel(parse_view(), 13)).channel_id == 13


def test_where_nothing_can_be_compared_lists_say_no_change():
    for changes in (None, {}):
        assert [row.change for row in build_member_rows([RankedItem(1 << 40, "Mia", 3)], changes)] == [""]


@pytest.mark.parametrize(("name", "letter"), [("mia", "M"), ("🌵", "#"), ("", "#"), ("_週末", "週"), ("<b>x", "B")])
def test_every_name_has_an_initial(name, letter):
    assert get_initial(name) == letter
    assert 0 <= get_hue(GUILD_ID) < 360


def test_the_week_begins_on_monday_and_has_every_hour():
    days = build_weekday_views([HeatmapCell(day, hour, day * 100 + hour) for day in range(1, 8) for hour in range(24)])
    assert [day.name for day in days][::6] == ["Monday", "Sunday"]
    assert days[6].hours[23] == 723


def test_no_cell_of_a_table_is_a_formula_and_a_gap_is_empty():
    text = format_csv([("name", "value"), ("=1+1", 3), ("@here", None), ("a,b", -1)])
    assert text.splitlines() == ["name,value", "'=1+1,3", "'@here,", '"a,b",-1']


@pytest.mark.parametrize(
    ("path", "guild_id"), [("/g/12", "12"), ("/g/12/", "12"), ("/g", ""), ("/", ""), ("/x/12", ""), ("/g/../12", "..")]
)
def test_the_guild_is_what_stands_after_g(path, guild_id):
    assert parse_guild_id(path) == guild_id


@pytest.mark.parametrize(
    "next_path", ["", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"]
)
def test_log_in_never_redirects_to_another_site(next_path):
    assert log_in_address(next_path) == "/auth/login"


def test_after_log_in_one_comes_back_to_the_same_view():
    assert log_in_address("/g/1?range=7d") == "/auth/login?next=%2Fg%2F1%3Frange%3D7d"


def test_the_invitation_names_the_server_and_asks_for_no_more_than_needed():
    local = DiscordEndpoints("a", "c", "http://local/oauth2/authorize", "t", "r", 42, "s")
    parts = dict(parse_qsl(urlsplit(build_invite_url(local, GUILD_ID)).query))
    assert parts["guild_id"] == str(GUILD_ID)
    assert parts["scope"] == "bot applications.commands"
    assert not int(parts["permissions"]) & (1 << 3)
