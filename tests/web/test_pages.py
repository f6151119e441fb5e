"""What pages show, before any browser draws it: words, shares, and addresses that lead where they say."""

from datetime import UTC, date, datetime
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.date_ranges import Range, whole_days
from herwa_shared.analytics.kpis import Kpi
from herwa_shared.analytics.results import Cell, Metric, Ranked
from herwa_shared.dashboard_query import View
from herwa_shared.discord.endpoints import DiscordPlace
from herwa_web.avatars import hue_of, initial_of
from herwa_web.pages.guild.downloads import as_csv
from herwa_web.pages.guild.links import RANGE_KEYS, address, addresses, with_channel, with_metric, with_span
from herwa_web.pages.guild.request import guild_id_in
from herwa_web.pages.guild.view_models import change_shown, channel_rows, kpi_shown, member_rows, week_shown
from herwa_web.pages.home.view_models import invite
from herwa_web.pages.login import address as log_in_address

NOW = datetime(2024, 3, 20, 15, 30, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
GUILD = 296783783972411134


def view(**params: str) -> View:
    return View.parse(params, TOKYO, NOW, guild_id=GUILD)


def at(href: str) -> View:
    """The view that somebody sees who follows a link."""
    assert urlsplit(href).path == f"/g/{GUILD}"
    return view(**dict(parse_qsl(urlsplit(href).query)))


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
    assert at(address(view(**params))) == view(**params)


def test_every_range_of_the_menu_leads_to_it_and_keeps_what_else_was_chosen():
    links = addresses(view(metric="reactions", channel="12"))
    for one in RANGE_KEYS:
        there = at(links[f"range_{one.name.lower()}"])
        assert (there.range, there.metric, there.channel_id) == (one, Metric.REACTIONS, 12)


def test_no_two_ranges_share_a_key():
    assert len(set(RANGE_KEYS.values())) == len(RANGE_KEYS)


def test_one_period_back_and_on_again_is_where_one_was():
    before = at(addresses(view(range="7d"))["sooner"])
    assert before.span.end == view(range="7d").span.start
    assert at(addresses(before)["later"]).range is Range.WEEK


def test_there_is_no_way_on_into_the_future():
    assert addresses(view(range="7d"))["later"] == ""


def test_a_stretch_of_the_chart_becomes_the_range_and_the_rest_stays():
    span = whole_days(date(2024, 3, 1), date(2024, 3, 3), TOKYO)
    there = at(with_span(view(metric="joins", compare="year"), span))
    assert (there.span, there.metric, there.comparison) == (span, Metric.JOINS, "year")


def test_comparing_is_switched_off_and_on_by_one_key():
    off = at(addresses(view())["compare"])
    assert off.comparison == "off"
    assert at(addresses(off)["compare"]).comparison == "previous"


def test_what_was_not_counted_is_a_dash_with_its_reason_and_never_a_zero():
    cell = kpi_shown(Kpi(Metric.JOINS, None, None, None, True, (None,)), view(), {Metric.JOINS: "Needs an intent."})
    assert (cell.value, cell.counted) == ("—", False)
    assert cell.tip.endswith("Needs an intent.")


def test_a_cell_says_value_and_change_and_chooses_its_metric():
    cell = kpi_shown(Kpi(Metric.MESSAGES, 12_345, 10_000, 0.2345, True, (1, 2)), view(), {})
    assert (cell.value, cell.change, cell.tone, cell.chosen) == ("12,345", "▲ 23%", "good", True)
    assert at(with_metric(view(), Metric.THREADS)).metric is Metric.THREADS


def test_a_cell_names_what_was_before_only_where_it_can_be_compared():
    counted, hardly = Kpi(Metric.MESSAGES, 20, 10, 1.0, True, ()), Kpi(Metric.MESSAGES, 20, 10, None, True, ())
    assert kpi_shown(counted, view(), {}).tip.endswith("Before: 10")
    assert "Before" not in kpi_shown(hardly, view(), {}).tip


def test_more_leaves_are_bad_and_fewer_are_good():
    assert change_shown(0.5, rising_is_good=False).tone == "bad"
    assert change_shown(-0.5, rising_is_good=False).tone == "good"
    assert change_shown(None) == change_shown(None, rising_is_good=False)


def test_a_channel_leads_to_itself_and_the_chosen_one_back():
    rows = channel_rows([Ranked(12, "general", 90), Ranked(13, None, 45)], {12: -0.1, 13: None}, view(channel="12"))
    assert [row.share for row in rows] == [1, 0.5]
    assert [row.chosen for row in rows] == [True, False]
    assert at(rows[0].href).channel_id is None
    assert at(rows[1].href).channel_id == 13
    assert (rows[0].change, rows[1].change) == ("▼ 10%", "new")
    assert at(with_channel(view(), 13)).channel_id == 13


def test_where_nothing_can_be_compared_lists_say_no_change():
    for changes in (None, {}):
        assert [row.change for row in member_rows([Ranked(1 << 40, "Mia", 3)], changes)] == [""]


@pytest.mark.parametrize(("name", "letter"), [("mia", "M"), ("🌵", "#"), ("", "#"), ("_週末", "週"), ("<b>x", "B")])
def test_every_name_has_an_initial(name, letter):
    assert initial_of(name) == letter
    assert 0 <= hue_of(GUILD) < 360


def test_the_week_begins_on_monday_and_has_every_hour():
    days = week_shown([Cell(day, hour, day * 100 + hour) for day in range(1, 8) for hour in range(24)])
    assert [day.name for day in days][::6] == ["Monday", "Sunday"]
    assert days[6].hours[23] == 723


def test_no_cell_of_a_table_is_a_formula_and_a_gap_is_empty():
    text = as_csv([("name", "value"), ("=1+1", 3), ("@here", None), ("a,b", -1)])
    assert text.splitlines() == ["name,value", "'=1+1,3", "'@here,", '"a,b",-1']


@pytest.mark.parametrize(
    ("path", "found"), [("/g/12", "12"), ("/g/12/", "12"), ("/g", ""), ("/", ""), ("/x/12", ""), ("/g/../12", "..")]
)
def test_the_guild_is_what_stands_after_g(path, found):
    assert guild_id_in(path) == found


@pytest.mark.parametrize(
    "then", ["", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"]
)
def test_after_log_in_nobody_is_sent_to_another_site(then):
    assert log_in_address(then) == "/auth/login"


def test_after_log_in_one_comes_back_to_the_same_view():
    assert log_in_address("/g/1?range=7d") == "/auth/login?next=%2Fg%2F1%3Frange%3D7d"


def test_the_invitation_names_the_server_and_asks_for_no_more_than_needed():
    local = DiscordPlace("a", "c", "http://local/oauth2/authorize", "t", "r", 42, "s")
    parts = dict(parse_qsl(urlsplit(invite(local, GUILD)).query))
    assert parts["guild_id"] == str(GUILD)
    assert parts["scope"] == "bot applications.commands"
    assert not int(parts["permissions"]) & (1 << 3)
