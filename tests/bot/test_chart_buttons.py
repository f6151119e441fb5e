"""The buttons of a chart reply change it in place, and its link opens the same view on the dashboard."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest

from herwa_bot.cogs.stats.chart_buttons import ChartButton
from herwa_bot.cogs.stats.chart_selection import STATS_COMMANDS, ChartSelection
from herwa_bot.discord_endpoints import find_dashboard_url
from herwa_bot.texts import buttons
from herwa_bot.texts import stats as texts
from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.analytics.query import ActivityQuery, Window
from herwa_shared.charts.text.metric_phrases import format_amount
from herwa_shared.clock import utc_now
from herwa_shared.config import DiscordSettings, Settings
from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.guardrail.policy import TargetKind
from tests.bot.expected_refusals import expect_rule_refusal
from tests.support.bot_process import run_bot_process
from tests.support.db_assertions import wait_until_stored
from tests.support.member_client import MemberClient
from tests.support.row_factories import EventRow, add_imported_period, insert_events

STATS = (TargetKind.COMMAND, "server-stats")
MESSAGES_BY_AGE_DAYS = {2: 40, 10: 30, 20: 50, 40: 60, 80: 70}
TOTALS_BY_WINDOW = {7: 40, 30: 120, 90: 250}
PRIMARY, SECONDARY, LINK = 1, 2, 5


@pytest.fixture
async def busy_members(stores, members) -> MemberClient:
    """The members of a server with messages of the last 80 days."""
    now, guild_id = utc_now(), members.server.id
    await add_imported_period(stores, guild_id, now - timedelta(days=200), now)
    rows = [
        EventRow(now - timedelta(days=days), 1000 + number, 5)
        for days, count in MESSAGES_BY_AGE_DAYS.items()
        for number in range(count)
    ]
    await insert_events(stores, guild_id, rows)
    return members


def list_buttons(message):
    """List label, style and whether the button is disabled."""
    return [
        (button["label"], button["style"], button.get("disabled", False))
        for row in message.components
        for button in row["components"]
    ]


def expect_buttons(window, *, is_compared=True):
    windows = [
        (buttons.format_days(days), PRIMARY if days == window else SECONDARY, days == window) for days in (7, 30, 90)
    ]
    compare = (buttons.COMPARE, PRIMARY if is_compared else SECONDARY, False)
    return [*windows, compare, (buttons.OPEN_DASHBOARD, LINK, False)]


def get_link(message):
    return next(button["url"] for row in message.components for button in row["components"] if "url" in button)


def parse_link(message, guild_id):
    """Parse the link as the dashboard does."""
    parts = urlsplit(get_link(message))
    assert parts.path == f"/g/{guild_id}"
    return DashboardQuery.parse(dict(parse_qsl(parts.query)), ZoneInfo("UTC"), utc_now(), guild_id=guild_id)


def assert_shows(message, name, window, *, is_compared=True):
    """Assert that text, picture, buttons and link show this window."""
    heading, total, *_ = message.content.splitlines()
    assert heading == texts.format_heading(name, window)
    assert total.startswith(f"- {format_amount(TOTALS_BY_WINDOW[window], Metric.MESSAGES)}")
    [image] = message.attachments
    assert total.removeprefix("- ") in image.description
    assert list_buttons(message) == expect_buttons(window, is_compared=is_compared)


def get_guild_name(members):
    return members.sim.client.get_guild(members.server.id)["name"]


async def test_buttons_change_the_reply_in_place(busy_members):
    members, name = busy_members, get_guild_name(busy_members)
    reply = await members.run("server-stats")
    assert_shows(reply, name, 30)
    for window in (7, 90, 30):
        [changed_reply] = (await members.press(reply, buttons.format_days(window))).messages
        assert changed_reply.id == reply.id
        assert not changed_reply.ephemeral
        assert changed_reply.attachments[0].url != reply.attachments[0].url
        assert_shows(changed_reply, name, window)
        reply = changed_reply


async def test_compare_is_switched_and_kept_by_the_other_buttons(busy_members):
    members, name = busy_members, get_guild_name(busy_members)
    reply = await members.run("server-stats")
    [single_reply] = (await members.press(reply, buttons.COMPARE)).messages
    assert_shows(single_reply, name, 30, is_compared=False)
    assert single_reply.content.splitlines()[1] != reply.content.splitlines()[1]
    assert parse_link(single_reply, members.server.id).to_comparison_query() is None
    [week_reply] = (await members.press(single_reply, buttons.format_days(7))).messages
    assert_shows(week_reply, name, 7, is_compared=False)
    [compared_reply] = (await members.press(week_reply, buttons.COMPARE)).messages
    assert_shows(compared_reply, name, 7)


async def test_reply_says_why_there_is_no_comparison(stores, members):
    now = utc_now()
    await add_imported_period(stores, members.server.id, now - timedelta(days=12), now)
    reply = await members.run("server-stats")
    assert reply.content.endswith(texts.NO_COMPARISON)
    [single_reply] = (await members.press(reply, buttons.COMPARE)).messages
    assert texts.NO_COMPARISON not in single_reply.content


async def test_only_the_invoker_can_press_the_buttons(busy_members):
    members = busy_members
    reply = await members.run("server-stats")
    for label in (buttons.format_days(7), buttons.COMPARE):
        [*unchanged, refusal] = (await members.press(reply, label, user=members.server.bob)).messages
        assert unchanged == []
        assert (refusal.content, refusal.ephemeral) == (buttons.WRONG_USER, True)


async def test_press_is_refused_by_a_new_rule(busy_members):
    members = busy_members
    reply = await members.run("server-stats")
    await members.add_rule(allow=False, target=STATS)
    await members.wait_for_verdict("No", "server-stats")
    [refusal] = (await members.press(reply, buttons.format_days(7))).messages
    assert refusal.content == expect_rule_refusal("server-stats", STATS)
    assert refusal.ephemeral


async def test_link_opens_the_shown_window(busy_members):
    members = busy_members
    reply = await members.run("server-stats")
    for window in (7, 90, 30):
        [reply] = (await members.press(reply, buttons.format_days(window))).messages
        shown = ActivityQuery.from_last_days(window, guild_id=members.server.id)
        assert parse_link(reply, members.server.id).to_activity_query() == shown


async def test_buttons_of_every_command_work_after_a_restart(sim, stores, settings, server):
    members = MemberClient(sim, stores, server)
    with run_bot_process(settings, sim) as first_bot:
        await first_bot.wait_until_ready()
        await wait_until_stored(stores, first_bot)
        await members.wait_for_verdict("Yes", "ticket-stats")
        replies = [await members.run(name) for name in STATS_COMMANDS]
        await first_bot.stop()
    with run_bot_process(settings, sim) as second_bot:
        await second_bot.wait_until_ready()
        await members.wait_for_verdict("Yes", "ticket-stats")
        for reply in replies:
            [changed_reply] = (await members.press(reply, buttons.format_days(90))).messages
            assert changed_reply.id == reply.id
            assert changed_reply.content.startswith(texts.format_heading(get_guild_name(members), 90))
            assert list_buttons(changed_reply) == expect_buttons(90)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"])
@pytest.mark.parametrize("command", STATS_COMMANDS.values(), ids=lambda command: command.name)
def test_dashboard_query_is_the_view_of_the_reply(command, zone):
    zone = ZoneInfo(zone)
    for now in (datetime(2026, 11, 28, 23, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)):
        for window in Window:
            for is_compared in (True, False):
                selection = ChartSelection(command, window, 1, is_compared=is_compared)
                query = selection.build_dashboard_query(7, zone=zone, now=now)
                opened = DashboardQuery.parse(query.to_params(), zone, now, guild_id=7)
                assert opened == query
                for metric in command.metrics:
                    assert (
                        replace(selection, metric=metric).build_dashboard_query(7, zone=zone, now=now).metric is metric
                    )
                assert opened.metric is command.metric
                expected = ActivityQuery.from_last_days(window, guild_id=7, zone=zone, now=now)
                assert (opened.date_range.start, opened.date_range.end) == (expected.start, expected.end)


def test_custom_ids_fit_discords_limit_and_differ():
    for command in STATS_COMMANDS.values():
        selections = [
            ChartSelection(command, window, 2**63 - 1, is_compared=is_compared, metric=metric)
            for window in Window
            for is_compared in (True, False)
            for metric in (None, *command.other_metrics)
        ]
        custom_ids = {ChartButton.build("x", selection).custom_id for selection in selections}
        assert len(custom_ids) == len(selections)
        assert all(len(custom_id) <= 100 for custom_id in custom_ids)


@pytest.mark.parametrize(
    ("public_url", "discord", "expected"),
    [
        ("https://herwa.example", DiscordSettings(token="t"), "https://herwa.example"),
        (None, DiscordSettings(token="t"), None),
        (None, DiscordSettings(token=None), "http://localhost:8321"),
        (None, DiscordSettings(token="t", url="http://localhost:9"), "http://localhost:8321"),
    ],
)
def test_local_dashboard_is_not_linked_on_discord(public_url, discord, expected):
    assert find_dashboard_url(Settings(port=8321, public_url=public_url, discord=discord)) == expected
