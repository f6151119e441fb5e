"""The features page: toggles, the save bar, two users at once, rights."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest

from herwa_shared.catalog import FeatureKey, ModuleKey, SurfaceKind, TierKey
from herwa_shared.clock import utc_now
from herwa_shared.guardrail.policy import SubjectKind, TargetKind
from herwa_shared.services.access_rules import NewRule
from herwa_shared.services.audit import ChangeSource, list_entries
from herwa_shared.services.discovery import register
from herwa_shared.services.features import list_features
from herwa_shared.services.setting_changes import SettingChange, SettingType
from herwa_shared.settings_surfaces import FEATURE_COMMANDS
from herwa_shared.stores import Stores
from herwa_web.pages.features import texts
from herwa_web.saving.state import list_later_changes
from tests.support.access_rules import add_rule
from tests.support.governance_client import TEST_ACTOR, GovernanceClient
from tests.support.waiting import wait_until
from tests.web.dashboard_factory import CanaryServer, DashboardFactory, LoggedInUser
from tests.web.settings_page import SettingsTab, open_settings_page
from tests.web.test_rules_page import COMMANDS
from tests.web.web_server import WebServer

BACK = [("off", "on")]

STATE = "reflex___state____state.herwa_web___pages___features___state____features_state"


@pytest.fixture
def governance(stores: Stores) -> GovernanceClient:
    return GovernanceClient(stores)


def open_features(web: WebServer, user: LoggedInUser, server: CanaryServer) -> AbstractAsyncContextManager[SettingsTab]:
    return open_settings_page(web, user, server, path="/features", state=STATE)


async def is_on(stores: Stores, server: CanaryServer, feature: FeatureKey) -> bool:
    async with stores.database.transaction() as session:
        statuses = await list_features(session, guild_id=server.id, now=utc_now())
    return next(status.enabled for status in statuses if status.key == feature)


def find_row(modules: Sequence[dict[str, Any]] | None, key: str) -> dict[str, Any]:
    return next(row for module in modules or () for row in module["features"] if row["key"] == key)


async def test_toggle_is_saved_and_undone_with_the_user_as_its_author(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_features(web, manager, server) as tab:
        await tab.call("toggle_feature", key=FeatureKey.VOICE_STATS)
        await tab.wait_for("changes", lambda changes: changes and changes[0]["after"] == "off")
        assert await is_on(stores, server, FeatureKey.VOICE_STATS)
        await tab.call("save")
        await tab.wait_for("can_undo", True)
        assert not await is_on(stores, server, FeatureKey.VOICE_STATS)
        async with stores.database.transaction() as session:
            [entry] = await list_entries(session, guild_id=server.id)
        assert (entry.actor.via, entry.actor.user_id) == (ChangeSource.WEB, manager.id)
        await tab.call("undo_save")
        await tab.wait_for("can_undo", False)
        assert await is_on(stores, server, FeatureKey.VOICE_STATS)


async def test_toggle_back_and_discard_leave_nothing_to_save(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_features(web, manager, server) as tab:
        for count in (1, 0):
            await tab.call("toggle_feature", key=FeatureKey.VOICE_STATS)
            await tab.wait_for("changes", lambda changes, count=count: len(changes) == count)
        await tab.call("toggle_module", key=ModuleKey.TICKETS)
        await tab.wait_for("changes", lambda changes: len(changes) == 1)
        await tab.call("discard")
        await tab.wait_for("changes", [])


async def test_locked_features_cannot_be_toggled(
    web: WebServer, factory: DashboardFactory, governance: GovernanceClient
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    await governance.set_tier_feature(TierKey.FREE, FeatureKey.TICKET_STATS, included=False)
    await governance.set_kill_switch(FeatureKey.VOICE_STATS, enabled=True, reason="maintenance")
    try:
        async with open_features(web, manager, server) as tab:
            voice, tickets = (find_row(tab.get("modules"), key) for key in ("voice.stats", "ticket.stats"))
            assert (voice["tone"], tickets["tone"]) == ("red", "amber")
            assert "maintenance" in voice["detail"]
            for key in ("voice.stats", "ticket.stats", "governance.permissions", "no.such", "server.stats"):
                await tab.call("toggle_feature", key=key)
            await tab.wait_for("changes", bool)
            assert [change["label"] for change in tab.get("changes")] == ["Server stats"]
    finally:
        await governance.set_tier_feature(TierKey.FREE, FeatureKey.TICKET_STATS, included=True)
        await governance.set_kill_switch(FeatureKey.VOICE_STATS, enabled=False)


async def test_user_who_is_refused_the_command_cannot_save_and_keeps_the_draft(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    rule = NewRule(False, SubjectKind.MEMBER, manager.id, TargetKind.COMMAND, "features disable")
    async with stores.database.transaction() as session:
        await register(session, [SurfaceKind.COMMAND], FEATURE_COMMANDS)
        await add_rule(session, guild_id=server.id, rule=rule, actor=TEST_ACTOR)
    async with open_features(web, manager, server) as tab:
        await tab.call("toggle_feature", key=FeatureKey.VOICE_STATS)

        async def is_refused() -> bool:
            await tab.call("save")
            return tab.get("save_error")

        await wait_until(is_refused)
        assert tab.get("phase") == "ready"
        assert len(tab.get("changes")) == 1
        assert await is_on(stores, server, FeatureKey.VOICE_STATS)


async def test_user_who_lost_the_role_at_discord_cannot_save(web: WebServer, factory: DashboardFactory, stores: Stores):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_features(web, manager, server) as tab:
        await tab.call("toggle_feature", key=FeatureKey.VOICE_STATS)
        await tab.wait_for("changes", lambda changes: len(changes) == 1)
        factory.discord.set_roles(server.id, manager.id, [])  # no message about it: only Discord knows
        await tab.call("save")
        await tab.wait_for("phase", "missing")
        assert await is_on(stores, server, FeatureKey.VOICE_STATS)


async def test_click_during_a_save_starts_from_the_saved_value(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_features(web, manager, server) as tab:
        await tab.call("toggle_feature", key=FeatureKey.VOICE_STATS)
        await tab.wait_for("changes", lambda changes: len(changes or []) == 1)
        await tab.call("save")
        await tab.call("toggle_feature", key=FeatureKey.VOICE_STATS)  # on again, before the save has ended
        await tab.wait_for("saving", False)
        await tab.wait_for(
            "changes", lambda changes: [(change["before"], change["after"]) for change in changes] == BACK
        )
        assert not await is_on(stores, server, FeatureKey.VOICE_STATS)
        await tab.call("save")
        await tab.wait_for("changes", [])
        assert await is_on(stores, server, FeatureKey.VOICE_STATS)


def test_later_changes_start_from_saved_values():
    def build(target: str, before: object, after: object) -> SettingChange:
        return SettingChange(SettingType.GUILD, target, {"value": before}, {"value": after})

    saved = {"a": build("a", 1, 2), "b": build("b", 1, 2), "c": build("c", 1, 2)}
    draft = {"a": build("a", 1, 2), "b": build("b", 1, 3), "d": build("d", 1, 2)}
    assert list_later_changes(draft, saved) == {
        "b": build("b", 2, 3),
        "c": build("c", 2, 1),  # changed back
        "d": build("d", 1, 2),
    }


async def test_features_show_how_often_their_commands_were_used(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with stores.database.transaction() as session:
        await register(session, [SurfaceKind.COMMAND], COMMANDS)
    hour = utc_now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    rows = [
        (server.id, "command", hour, "voice-stats", "command", "ok", 1, 3, 0),
        (server.id, "command_denied", hour, "voice-stats", "command", "toggle", 1, 5, 0),
        (server.id, "command", hour - timedelta(days=40), "voice-stats", "command", "ok", 1, 7, 0),
    ]
    await stores.clickhouse_writer.insert("command_hourly", rows)
    async with open_features(web, manager, server) as tab:
        assert find_row(tab.get("modules"), FeatureKey.VOICE_STATS)["usage"] == texts.format_usage(3)
        assert find_row(tab.get("modules"), FeatureKey.SERVER_STATS)["usage"] == texts.format_usage(0)
