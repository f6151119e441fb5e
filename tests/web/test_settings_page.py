"""The settings page: save and undo, conflicts, refused saves, messages about requests, who sees data about members."""

import asyncio

from herwa_shared.catalog import SurfaceKind
from herwa_shared.guardrail.member_data import MemberAudience
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.services.audit import list_entries
from herwa_shared.services.direct_messages import set_muted
from herwa_shared.services.discovery import register
from herwa_shared.services.guild_settings import DEFAULT_SETTINGS, load_guild_settings, set_guild_setting
from herwa_shared.services.guilds import ChannelData, save_channels
from herwa_shared.services.message_subscribers import MessageTopic, list_subscribers
from herwa_shared.services.support_channels import list_support_channels
from herwa_shared.stores import Stores
from herwa_shared.zone_names import list_zone_names
from herwa_web import texts as web_texts
from herwa_web.pages.guild.queries import SHARED_TIME
from herwa_web.pages.settings import texts
from herwa_web.saving.texts import format_change_count, format_saved
from tests.shared.services.guild_under_test import build_rule
from tests.support.access_rules import add_rule
from tests.support.db_assertions import fetch_rows
from tests.support.governance_client import TEST_ACTOR
from tests.support.waiting import wait_until
from tests.web.dashboard_factory import CanaryServer, DashboardFactory
from tests.web.settings_page import open_settings_page
from tests.web.test_rules_page import COMMANDS
from tests.web.web_server import WebServer

STATE = "reflex___state____state.herwa_web___pages___settings___state____settings_state"
OVERVIEW_STATE = "reflex___state____state.herwa_web___pages___guild___state____overview_state"


async def add_channels(stores: Stores, server: CanaryServer) -> tuple[int, int]:
    """Add a text channel and a voice channel; return their ids."""
    team, lounge = server.id + 1, server.id + 2
    async with stores.database.transaction() as session:
        await register(session, [SurfaceKind.COMMAND], COMMANDS)
        await save_channels(
            session, [ChannelData(team, server.id, None, 0, "team"), ChannelData(lounge, server.id, None, 2, "Lounge")]
        )
    return team, lounge


async def load(stores: Stores, function, server: CanaryServer):
    async with stores.database.transaction() as session:
        return await function(session, guild_id=server.id)


async def load_subscribers(stores: Stores, server: CanaryServer) -> tuple[int, ...]:
    async with stores.database.transaction() as session:
        return await list_subscribers(session, guild_id=server.id, topic=MessageTopic.REQUESTS)


async def test_all_settings_are_saved_together_and_undone(web: WebServer, factory: DashboardFactory, stores: Stores):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    team, lounge = await add_channels(stores, server)
    async with open_settings_page(web, manager, server, path="/settings", state=STATE) as page:
        await page.wait_for("time_zone", "UTC")
        for number, (name, value) in enumerate(
            (
                ("timezone", "Asia/Tokyo"),
                ("week_start", "7"),
                ("member_audience", "administrators"),
                ("request_channel_id", str(team)),
            ),
            start=1,
        ):
            await page.call("put_value", name=name, value=value)
            await page.wait_for("change_count", format_change_count(number))
        for name, value in (
            ("timezone", "Nowhere/City"),
            ("week_start", "3"),
            ("request_channel_id", str(lounge)),
            ("owner_id", "1"),
        ):
            await page.call("put_value", name=name, value=value)
        await page.call("mark_channel", key=str(team))
        await page.call("mark_channel", key="1")
        await page.wait_for("change_count", format_change_count(5))
        assert page.get("effects") == [
            texts.format_zone_effect("Asia/Tokyo"),
            texts.format_week_effect("Sunday"),
            texts.format_audience_effect("Administrators"),
            texts.format_request_effect("#team"),
            texts.format_mark_effect("#team", is_marked=True),
        ]
        await page.call("save")
        await page.wait_for("saved_text", format_saved(5))
        assert page.get("changes") == []
        settings = await load(stores, load_guild_settings, server)
        assert (settings.zone.key, settings.week_start, settings.request_channel_id) == ("Asia/Tokyo", 7, team)
        assert settings.member_audience is MemberAudience.ADMINISTRATORS
        assert list(await load(stores, list_support_channels, server)) == [team]
        assert page.get("zone_hint").endswith("in Tokyo now.")
        await page.call("undo_save")
        await page.wait_for("time_zone", "UTC")
    assert await load(stores, load_guild_settings, server) == DEFAULT_SETTINGS
    assert list(await load(stores, list_support_channels, server)) == []
    entries = await load(stores, list_entries, server)
    assert [entry.action for entry in entries].count("setting.set") == 8


async def test_changes_and_the_save_after_them_happen_in_the_order_of_the_clicks(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    zones = [zone for zone in sorted(list_zone_names()) if zone.startswith("Europe/")][:30]
    async with open_settings_page(web, manager, server, path="/settings", state=STATE) as page:
        for zone in zones:
            await page.call("put_value", name="timezone", value=zone)
        await page.call("save")
        await page.wait_for("saved_text", format_saved(1))
    assert (await load(stores, load_guild_settings, server)).zone.key == zones[-1]


async def test_quick_clicks_on_a_switch_are_each_counted(web: WebServer, factory: DashboardFactory, stores: Stores):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_settings_page(web, manager, server, path="/settings", state=STATE) as page:
        for _ in range(3):
            await page.call("toggle_messages")
        await page.wait_for("is_subscribed", True)
        await page.call("toggle_messages")
        await page.wait_for("is_subscribed", False)

        async def is_stored() -> bool:
            return await load_subscribers(stores, server) == ()

        await wait_until(is_stored, description="the last of four clicks")


async def test_second_manager_sees_the_difference_and_decides(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_settings_page(web, manager, server, path="/settings", state=STATE) as page:
        await page.call("put_value", name="timezone", value="Asia/Tokyo")
        await page.wait_for("change_count", "1 change")
        async with stores.database.transaction() as session:
            await set_guild_setting(
                session, guild_id=server.id, setting="timezone", value={"value": "Europe/Paris"}, actor=TEST_ACTOR
            )
        await page.call("save")
        await page.wait_for("conflicts", lambda conflicts: conflicts and conflicts[0]["theirs"] == "Europe/Paris")
        assert page.get("conflicts")[0]["yours"] == "Asia/Tokyo"
        await page.call("use_mine")
        await page.wait_for("saved_text", format_saved(1))
    assert (await load(stores, load_guild_settings, server)).zone.key == "Asia/Tokyo"


async def test_refused_save_keeps_the_draft_and_says_why(web: WebServer, factory: DashboardFactory, stores: Stores):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    team, _ = await add_channels(stores, server)
    async with open_settings_page(web, manager, server, path="/settings", state=STATE) as page:
        await page.call("mark_channel", key=str(team))
        await page.wait_for("change_count", "1 change")
        async with stores.database.transaction() as session:
            rule = build_rule(
                allow=False,
                subject_kind=SubjectKind.MEMBER,
                subject_id=manager.id,
                target_kind=TargetKind.FEATURE,
                target_key="ticket.channels",
            )
            await add_rule(session, guild_id=server.id, rule=rule, actor=TEST_ACTOR)
        await page.call("save")
        await page.wait_for("save_error", lambda text: text)
        assert page.get("phase") == "ready"
        assert page.get("change_count") == "1 change"
        assert list(await load(stores, list_support_channels, server)) == []
        await page.call("discard")
        await page.wait_for("changes", [])
        await page.call("put_value", name="week_start", value="6")  # needs no command
        await page.wait_for("change_count", "1 change")
        await page.call("save")
        await page.wait_for("saved_text", format_saved(1))


async def test_messages_about_requests_are_switched_on_by_the_manager(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_settings_page(web, manager, server, path="/settings", state=STATE) as page:
        await page.call("toggle_messages")
        await page.wait_for("is_subscribed", True)
        assert await load_subscribers(stores, server) == (manager.id,)
        assert not page.get("is_muted")
        async with stores.database.transaction() as session:
            await set_muted(session, user_id=manager.id, muted=True)
        await page.call("refresh")
        await page.wait_for("is_muted", True)
        await page.call("toggle_messages")
        await page.wait_for("is_subscribed", False)
    assert await load_subscribers(stores, server) == ()


async def test_rankings_of_members_are_shown_to_the_audience_only_and_recorded(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_settings_page(web, manager, server, path="", state=OVERVIEW_STATE) as page:
        assert [row["name"] for row in page.get("overview")["members"]] == [f"member {server.canary}"]
    views = await fetch_rows(stores, f"SELECT user_id, view FROM member_data_view WHERE guild_id = {server.id}")
    assert [tuple(row) for row in views] == [(manager.id, "overview")]
    async with stores.database.transaction() as session:
        await set_guild_setting(
            session, guild_id=server.id, setting="member_audience", value={"value": "administrators"}, actor=TEST_ACTOR
        )
    other_manager = await factory.create_user(server)
    await asyncio.sleep(SHARED_TIME.total_seconds())
    async with open_settings_page(web, other_manager, server, path="?range=7d", state=OVERVIEW_STATE) as page:
        assert page.get("overview")["members"] == []
        assert page.get("overview")["no_members_text"] == web_texts.MEMBERS_HIDDEN
        assert page.get("overview")["channels"] != []
        assert f"member {server.canary}" not in page.visitor.dump_received()
    views = await fetch_rows(stores, f"SELECT count(*) FROM member_data_view WHERE guild_id = {server.id}")
    assert views[0][0] == 1
