"""View models and links of the pages: texts, shares and URLs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.analytics.command_uses import CommandUse, CommandUses
from herwa_shared.analytics.comparison import Change
from herwa_shared.analytics.date_ranges import DateRangePreset, build_day_range, get_first_day
from herwa_shared.analytics.kpis import Kpi
from herwa_shared.analytics.metric_definitions import Metric, describe_metric
from herwa_shared.analytics.results import HeatmapCell, PointStatus, RankedItem
from herwa_shared.charts.text.series_texts import ESTIMATE, ESTIMATED_TOTAL, NO_DATA
from herwa_shared.clickhouse.pseudonyms import FIRST_PSEUDONYM
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.discord.endpoints import DiscordEndpoints
from herwa_shared.guardrail.texts import STEP_TITLES
from herwa_shared.guardrail.verdict import Reason
from herwa_shared.services.channels import ChannelInfo, ChannelKind
from herwa_web import texts
from herwa_web.avatars import get_hue, get_initial
from herwa_web.pages.exports.linked_view import LinkedView
from herwa_web.pages.guild import tile_texts
from herwa_web.pages.guild.channel_views import build_channel_options
from herwa_web.pages.guild.command_views import build_command_rows
from herwa_web.pages.guild.links import (
    RANGE_KEYS,
    build_links,
    build_url,
    link_to_channel,
    link_to_comparison,
    link_to_date_range,
    link_to_metric,
    link_to_zoom,
)
from herwa_web.pages.guild.request import parse_guild_id
from herwa_web.pages.guild.view_models import (
    EMPTY_VALUE,
    FUTURE_HOUR,
    NO_DATA_HOUR,
    build_change_label,
    build_channel_rows,
    build_kpi_view,
    build_member_rows,
    build_weekday_views,
)
from herwa_web.pages.home.view_models import build_invite_url
from herwa_web.pages.login import build_login_url

NOW = datetime(2024, 3, 20, 15, 30, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
GUILD_ID = 296783783972411134
CHANNELS = {
    12: ChannelInfo(12, "general", ChannelKind.TEXT),
    13: ChannelInfo(13, "lounge", ChannelKind.VOICE),
}


def parse_view(**params: str) -> DashboardQuery:
    return DashboardQuery.parse(params, TOKYO, NOW, guild_id=GUILD_ID)


def parse_link(link: str) -> DashboardQuery:
    """Parse a link to the overview into its view."""
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
        {"from": "2024-01-05", "to": "2024-01-14", "back": "2023-12-01..2024-02-01,week"},
    ],
)
def test_url_of_a_view_parses_to_the_same_view(params):
    assert parse_link(build_url(parse_view(**params))) == parse_view(**params)


def test_range_links_change_only_the_range():
    links = build_links(parse_view(metric="reactions", channel="12"))
    for range_key in RANGE_KEYS:
        linked_view = parse_link(links[f"range_{range_key.name.lower()}"])
        assert (linked_view.preset, linked_view.metric, linked_view.channel_id) == (range_key, Metric.REACTIONS, 12)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"from": "2024-01-01", "to": "2024-02-01"}, LinkedView("2024-01-01", "2024-01-31", "", "messages")),
        (
            {"from": "2024-01-05T10:00:00+09:00", "to": "2024-01-05T12:00:00+09:00", "metric": "voice_minutes"},
            LinkedView("2024-01-05", "2024-01-05", "", "voice"),
        ),
        (
            {"from": "2024-01-01", "to": "2024-01-02", "channel": "12", "metric": "reactions"},
            LinkedView("2024-01-01", "2024-01-01", "12", "messages"),
        ),
        (
            {"from": "2024-01-01", "to": "2024-01-02", "channel": "12", "metric": "joins"},
            LinkedView("2024-01-01", "2024-01-01", "", "members"),
        ),
    ],
)
def test_link_to_the_form_of_exports_has_days_channel_and_data_of_the_view(params, expected):
    link = urlsplit(build_links(parse_view(**params))["export"])
    assert link.path == f"/g/{GUILD_ID}/exports"
    assert LinkedView.parse(dict(parse_qsl(link.query))) == expected


def test_invalid_parameters_of_the_form_of_exports_are_ignored():
    assert LinkedView.parse({"first_day": "2024-01-01", "last_day": "soon"}) is None
    assert LinkedView.parse({"first_day": "2024-01-01", "last_day": "2024-01-02", "data": "x"}) == LinkedView(
        "2024-01-01", "2024-01-02"
    )


def test_no_two_ranges_share_a_key():
    assert len(set(RANGE_KEYS.values())) == len(RANGE_KEYS)


def test_previous_then_next_link_leads_to_the_same_range():
    earlier_view = parse_link(build_links(parse_view(range="7d"))["previous"])
    assert earlier_view.date_range.end == parse_view(range="7d").date_range.start
    assert parse_link(build_links(earlier_view)["next"]).preset is DateRangePreset.WEEK


def test_current_period_has_no_next_link():
    assert build_links(parse_view(range="7d"))["next"] == ""


def test_zoom_link_changes_only_the_range():
    span = build_day_range(date(2024, 3, 1), date(2024, 3, 3), TOKYO)
    linked_view = parse_link(link_to_date_range(parse_view(metric="joins", compare="year"), span))
    assert (linked_view.date_range, linked_view.metric, linked_view.comparison_mode) == (span, Metric.JOINS, "year")


def test_links_end_with_the_first_data():
    first_week = replace(parse_view(range="7d"), data_start=NOW - timedelta(days=3))
    assert build_links(first_week)["previous"] == ""
    assert build_links(replace(first_week, data_start=NOW - timedelta(days=8)))["previous"]


def test_zoom_has_a_link_back():
    view = parse_view(range="91d", interval="week", channel="12")
    zoomed = parse_link(link_to_zoom(view, datetime(2024, 3, 4, tzinfo=TOKYO), datetime(2024, 3, 11, tzinfo=TOKYO)))
    assert get_first_day(zoomed.date_range, TOKYO) == date(2024, 3, 4)
    assert parse_link(build_links(zoomed)["zoom_out"]) == view
    assert build_links(view)["zoom_out"] == ""


def test_comparison_link_has_the_chosen_days():
    days = build_day_range(date(2024, 1, 1), date(2024, 1, 31), TOKYO)
    linked_view = parse_link(link_to_comparison(parse_view(range="7d"), days))
    assert (linked_view.comparison_mode, linked_view.custom_comparison) == ("custom", days)


def test_compare_link_toggles_the_comparison():
    without_comparison = parse_link(build_links(parse_view())["compare"])
    assert without_comparison.comparison_mode == "off"
    assert parse_link(build_links(without_comparison)["compare"]).comparison_mode == "previous"


def test_uncounted_kpi_is_a_dash_with_its_reason():
    reasons = tile_texts.MISSING_MEMBER_EVENTS
    for metric in (Metric.JOINS, Metric.LEAVES):
        cell = build_kpi_view(Kpi(metric, None, None, True, (None,)), parse_view(), reasons)
        assert (cell.value, cell.has_data) == (EMPTY_VALUE, False)
        assert cell.tip.splitlines() == [describe_metric(metric), reasons[metric]]


def test_estimated_kpi_is_marked():
    cell = build_kpi_view(Kpi(Metric.MEMBERS, 40, None, True, (None,), is_estimated=True), parse_view(), {})
    assert (cell.value, cell.change, cell.tone) == ("40", ESTIMATE, "")
    assert cell.tip.endswith(ESTIMATED_TOTAL)


def test_kpi_shows_value_and_change_and_links_to_its_metric():
    cell = build_kpi_view(Kpi(Metric.MESSAGES, 12_345, Change(12_345, 10_000), True, (1, 2)), parse_view(), {})
    assert (cell.value, cell.change, cell.tone, cell.selected) == ("12,345", "▲ 23%", "good", True)
    assert parse_link(link_to_metric(parse_view(), Metric.THREADS)).metric is Metric.THREADS


def test_kpi_shows_the_previous_value_only_if_comparable():
    comparable, incomparable = (Kpi(Metric.MESSAGES, 20, change, True, ()) for change in (Change(20, 10), None))
    yesterday, today = parse_view(range="yesterday"), parse_view(range="today", compare="year")
    assert build_kpi_view(comparable, yesterday, {}).tip.endswith(texts.describe_base("10"))
    label = texts.format_base_label("year", "", is_running=True)
    assert build_kpi_view(comparable, today, {}).tip.endswith(texts.describe_base("10", label))
    assert build_kpi_view(incomparable, yesterday, {}).tip == describe_metric(Metric.MESSAGES)


def test_durations_are_formatted_as_such():
    kpi = Kpi(Metric.FIRST_RESPONSE_SECONDS, 725, Change(725, 14), False, (600, None, 725), long_wait=11_100)
    cell = build_kpi_view(kpi, parse_view(range="yesterday"), {})
    assert (cell.value, cell.change, cell.tone) == ("12 min", "+11 min", "bad")
    assert cell.tip.splitlines() == [
        describe_metric(Metric.FIRST_RESPONSE_SECONDS),
        tile_texts.describe_long_wait("3 h 5 min"),
        texts.describe_base("14 s"),
    ]


def test_pseudonym_is_a_member_without_a_name():
    pseudonym, unknown = build_member_rows(
        [RankedItem(FIRST_PSEUDONYM + 5, None, 4), RankedItem(5, None, 3)],
        {FIRST_PSEUDONYM + 5: Change(4, 25)},
        parse_view(range="yesterday"),
    )
    assert (pseudonym.name, pseudonym.mark) == (tile_texts.UNNAMED_MEMBER, "")
    assert pseudonym.tip.splitlines() == [tile_texts.UNNAMED_MEMBER_REASON, texts.describe_base("25")]
    assert (unknown.name, unknown.tip) == (texts.UNKNOWN_MEMBER, texts.format_id(5))


def test_commands_are_listed_with_failures_and_blocked_ones_by_step():
    uses = CommandUses(
        [
            CommandUse("why", "command", "ok", 6, 3000),
            CommandUse("server-stats", "component", "ok", 5, 1000),
            CommandUse("why", "command", "failed", 2, 1000),
        ]
    )
    rows = build_command_rows(uses, Metric.COMMANDS)
    assert [(row.name, row.value, row.share, row.mark) for row in rows] == [
        ("/why", "8", 1, tile_texts.format_failed(2)),
        ("/server-stats", "5", 0.625, ""),
    ]
    assert rows[0].tip == tile_texts.format_mean_duration(500)
    assert rows[1].tip.splitlines() == [tile_texts.format_mean_duration(200), tile_texts.format_clicks(5)]
    blocked = CommandUses(
        [
            CommandUse("why", "command", "cooldown", 3, 0),
            CommandUse("why", "command", "tier", 2, 0),
            CommandUse("voice-stats", "command", "tier", 2, 0),
            CommandUse("why", "command", "failed", 1, 0),
        ]
    )
    rows = build_command_rows(blocked, Metric.COMMANDS_DENIED)
    assert [(row.name, row.value) for row in rows] == [
        (STEP_TITLES[Reason.TIER], "4"),
        (STEP_TITLES[Reason.COOLDOWN], "3"),
        (tile_texts.CHECK_FAILED, "1"),
    ]
    assert rows[0].tip.splitlines() == ["/voice-stats: 2", "/why: 2"]


def test_metric_without_channels_is_server_wide_only():
    filtered = parse_view(channel="12")
    joins, messages = (
        build_kpi_view(Kpi(metric, None, None, True, ()), filtered, {}) for metric in ("joins", "messages")
    )
    assert joins.change == texts.SERVER_WIDE_ONLY
    assert joins.tip == describe_metric(Metric.JOINS)
    assert messages.change == NO_DATA


def test_change_tone_follows_the_direction_of_the_metric():
    assert build_change_label(Change(60, 40), rising_is_good=False).tone == "bad"
    assert build_change_label(Change(40, 60), rising_is_good=False).tone == "good"
    assert build_change_label(None) == build_change_label(None, rising_is_good=False)


def test_channel_link_selects_the_channel_or_clears_the_selection():
    rows = build_channel_rows(
        [RankedItem(12, "general", 90), RankedItem(13, "lounge", 45)],
        {12: Change(90, 100), 13: Change(45, 0)},
        parse_view(channel="12"),
        CHANNELS,
    )
    assert [row.share for row in rows] == [1, 0.5]
    assert [row.selected for row in rows] == [True, False]
    assert parse_link(rows[0].href).channel_id is None
    assert parse_link(rows[1].href).channel_id == 13
    assert (rows[0].change, rows[1].change) == ("▼ 10%", texts.NEW_ROW)
    assert parse_link(link_to_channel(parse_view(), 13)).channel_id == 13


def test_member_rows_without_comparison_have_no_change():
    for changes in (None, {}):
        (row,) = build_member_rows([RankedItem(1 << 40, "Mia", 3)], changes, parse_view())
        assert (row.change, row.tip, row.href) == ("", "", "")


def test_row_with_a_change_gives_its_base():
    rows = build_member_rows([RankedItem(7, "Mia", 3)], {7: Change(3, 25)}, parse_view(range="yesterday"))
    assert rows[0].tip == texts.describe_base("25")


def test_channel_rows_mark_kinds_namesakes_and_deleted_channels():
    namesake = ChannelInfo(14, "general", category="Help", is_name_unique=False)
    twin = ChannelInfo(15, "general", category="Help", is_name_unique=False, is_place_unique=False, is_deleted=True)
    channels = CHANNELS | {14: namesake, 15: twin}
    items = [RankedItem(id_, "general", 1) for id_ in (12, 13, 14, 15)] + [RankedItem(16, None, 1)]
    rows = build_channel_rows(items, None, parse_view(), channels)
    assert [row.kind for row in rows] == ["text", "voice", "text", "text", ""]
    assert [row.place for row in rows] == ["", "", "Help", texts.describe_channel_place("Help", twin.created_at), ""]
    assert [row.mark for row in rows] == ["", "", "", texts.DELETED, ""]
    assert (rows[4].name, rows[4].href, rows[4].tip) == (texts.UNKNOWN_CHANNEL, "", texts.format_id(16))


def test_filter_offers_existing_channels_with_their_category_and_the_selected_deleted_one():
    channels = [
        ChannelInfo(1, "general", category="Talk"),
        ChannelInfo(2, "old", is_deleted=True),
        ChannelInfo(3, "older", is_deleted=True),
    ]
    options = build_channel_options(channels, parse_view(channel="3"))
    assert [(option.name, option.place, option.selected) for option in options] == [
        ("general", "Talk", False),
        ("older", "", True),
    ]


def test_member_who_left_is_marked():
    rows = build_member_rows([RankedItem(7, "Mia", 3), RankedItem(8, "Bo", 2)], None, parse_view(), {8})
    assert [row.mark for row in rows] == ["", texts.LEFT_SERVER]


@pytest.mark.parametrize(("name", "letter"), [("mia", "M"), ("🌵", "#"), ("", "#"), ("_週末", "週"), ("<b>x", "B")])
def test_every_name_has_an_initial(name, letter):
    assert get_initial(name) == letter
    assert 0 <= get_hue(GUILD_ID) < 360


def test_week_starts_on_monday_and_has_every_hour():
    days = build_weekday_views([HeatmapCell(day, hour, day * 100 + hour) for day in range(1, 8) for hour in range(24)])
    assert [day.name for day in days][::6] == ["Monday", "Sunday"]
    assert days[6].hours[23] == "723"


def test_hours_without_data_and_hours_to_come_are_different():
    cells = [HeatmapCell(1, 0, None, PointStatus.NO_DATA), HeatmapCell(1, 1, None, PointStatus.FUTURE)]
    assert build_weekday_views(cells)[0].hours[:2] == [NO_DATA_HOUR, FUTURE_HOUR]


@pytest.mark.parametrize(
    ("path", "guild_id"), [("/g/12", "12"), ("/g/12/", "12"), ("/g", ""), ("/", ""), ("/x/12", ""), ("/g/../12", "..")]
)
def test_guild_id_is_parsed_from_the_path(path, guild_id):
    assert parse_guild_id(path) == guild_id


@pytest.mark.parametrize(
    "next_path", ["", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"]
)
def test_login_url_drops_other_sites(next_path):
    assert build_login_url(next_path) == "/auth/login"


def test_login_url_keeps_the_current_view():
    assert build_login_url("/g/1?range=7d") == "/auth/login?next=%2Fg%2F1%3Frange%3D7d"


def test_invite_url_names_the_server_and_requests_minimal_permissions():
    local = DiscordEndpoints("a", "c", "http://local/oauth2/authorize", "t", "r", 42, "s")
    parts = dict(parse_qsl(urlsplit(build_invite_url(local, GUILD_ID)).query))
    assert parts["guild_id"] == str(GUILD_ID)
    assert parts["scope"] == "bot applications.commands"
    assert not int(parts["permissions"]) & (1 << 3)
