"""The audit log page: entries of all interfaces, filters, pagination, undo."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest

from herwa_shared.catalog import DEFAULT_SCOPES, FeatureKey
from herwa_shared.clock import utc_now
from herwa_shared.services.api_keys import create_key
from herwa_shared.services.audit import SYSTEM, Actor, ChangeSource, record
from herwa_shared.services.audit_kinds import ACTIONS_BY_KIND
from herwa_shared.services.features import set_feature
from herwa_shared.services.undo import SETTING_KINDS
from herwa_shared.stores import Stores
from herwa_web.pages.audit import texts
from herwa_web.pages.audit.filters import AuditView
from herwa_web.pages.audit.state import PAGE_ENTRIES, UNDO_SURFACES
from tests.support.governance_client import GovernanceClient
from tests.web.dashboard_factory import CanaryServer, DashboardFactory, LoggedInUser
from tests.web.settings_page import SettingsTab, open_settings_page
from tests.web.test_features_page import is_on
from tests.web.web_server import WebServer

STATE = "reflex___state____state.herwa_web___pages___audit___state____audit_state"


def open_audit(
    web: WebServer, user: LoggedInUser, server: CanaryServer, query: str = ""
) -> AbstractAsyncContextManager[SettingsTab]:
    return open_settings_page(web, user, server, path=f"/audit{query}", state=STATE)


async def test_change_is_listed_with_its_author_and_undone(web: WebServer, factory: DashboardFactory, stores: Stores):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    mia = Actor(ChangeSource.DISCORD, 42, "Mia")
    async with stores.database.transaction() as session:
        await set_feature(session, guild_id=server.id, feature=FeatureKey.VOICE_STATS, enabled=False, actor=mia)
    async with open_audit(web, manager, server) as tab:
        [row] = tab.get("rows")
        assert (row["actor"], row["source"], row["before"], row["after"]) == ("Mia", "Discord", "on", "off")
        assert row["can_undo"]
        await tab.call("undo_entry", entry_id=row["id"])
        await tab.wait_for("rows", lambda rows: len(rows) == 2)
        assert await is_on(stores, server, FeatureKey.VOICE_STATS)
        assert [row["can_undo"] for row in tab.get("rows")] == [True, False]


async def test_key_is_listed_with_its_name_and_scopes(web: WebServer, factory: DashboardFactory, stores: Stores):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with stores.database.transaction() as session:
        key = await create_key(
            session, guild_id=server.id, name="shop", scopes=DEFAULT_SCOPES, pepper=b"pepper", actor=SYSTEM
        )
    async with open_audit(web, manager, server, "?kind=keys") as tab:
        [row] = tab.get("rows")
        assert row["sentence"] == f"{texts.ACTIONS['api_key.create']} {texts.format_key('shop', key.status.hint)}"
        assert "scopes: members:read stats:read" in row["after"]


async def test_filters_by_user_kind_and_day(web: WebServer, factory: DashboardFactory, stores: Stores):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    await GovernanceClient(stores).set_feature(server.id, FeatureKey.VOICE_STATS, enabled=False)
    mia = Actor(ChangeSource.DISCORD, 42, "Mia")
    async with stores.database.transaction() as session:
        await set_feature(session, guild_id=server.id, feature=FeatureKey.TICKET_STATS, enabled=False, actor=mia)
    tomorrow = (utc_now() + timedelta(days=1)).date()
    for query, count in (("", 2), ("?actor=42", 1), ("?kind=rules", 0), (f"?from={tomorrow}", 0), ("?kind=x", 2)):
        async with open_audit(web, manager, server, query) as tab:
            assert len(tab.get("rows")) == count, query


async def test_older_entries_are_on_the_next_page(web: WebServer, factory: DashboardFactory, stores: Stores):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with stores.database.transaction() as session:
        for number in range(PAGE_ENTRIES + 3):
            await record(
                session, Actor(ChangeSource.CLI, None, "Herwa"), "test.entry", guild_id=server.id, target=str(number)
            )
    async with open_audit(web, manager, server) as tab:
        assert len(tab.get("rows")) == PAGE_ENTRIES
        query = tab.get("older_href").partition("?")[2]
    async with open_audit(web, manager, server, f"?{query}") as tab:
        assert [row["number"] for row in tab.get("rows")] == ["#3", "#2", "#1"]
        assert tab.get("older_href") == ""


def test_every_undoable_change_has_a_kind_a_sentence_and_commands():
    actions = {action for actions in ACTIONS_BY_KIND.values() for action in actions}
    assert ACTIONS_BY_KIND.keys() == texts.KINDS.keys()
    assert SETTING_KINDS.keys() <= actions
    assert {action.partition(".")[0] for action in SETTING_KINDS} == UNDO_SURFACES.keys()
    assert actions - texts.ACTIONS.keys() == {"feature.set", "module.set"}


@pytest.mark.parametrize(
    "parameters",
    [{"kind": "x", "actor": "a", "from": "2026-13-01", "to": "0001-01-01", "before": "-1"}, {"actor": "٣"}, {}],
)
def test_invalid_parameters_are_ignored(parameters: dict[str, str]):
    assert AuditView.parse(parameters) == AuditView()
