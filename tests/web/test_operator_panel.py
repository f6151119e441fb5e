"""The pages of the operator's panel: an operator's acts; for everyone else its pages and handlers are unknown."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import pytest
from sqlalchemy import delete
from sqlmodel import col

from herwa_shared.auth.operators import RECENT_LOGIN
from herwa_shared.auth.sessions import create_session, get_cookie_name
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.discord.endpoints import LOCAL_OPERATOR_ID
from herwa_shared.models import Process
from herwa_shared.operators.days import DISCORD_SOURCE, GrowthSteps
from herwa_shared.operators.overview import DayNumbers, PanelOverview
from herwa_shared.runtime.data_dir import DataFolder
from herwa_shared.services.audit import list_entries
from herwa_shared.stores import Stores
from herwa_web.pages.admin.frame import PANEL_ITEMS
from herwa_web.pages.admin.overview import texts as overview_texts
from herwa_web.pages.admin.overview.state import build_overview
from herwa_web.pages.admin.server import texts as server_texts
from herwa_web.panel import PANEL_STATES, is_panel_path
from tests.support.oauth_login import log_in
from tests.support.waiting import wait_until
from tests.web.dashboard_factory import CanaryServer, DashboardFactory, LoggedInUser
from tests.web.reflex_client import HYDRATE_AND_LOAD, ReflexClient, connect_client
from tests.web.registered_handlers import list_own_handlers
from tests.web.settings_page import SettingsTab
from tests.web.test_attacks import strip_connection_state
from tests.web.web_server import WebServer

SERVERS_STATE = "reflex___state____state.herwa_web___pages___admin___servers___state____admin_servers_state"
SERVER_STATE = "reflex___state____state.herwa_web___pages___admin___server___state____admin_server_state"
PATHS = ("/admin", "/admin/", "/admin/servers", "/admin/servers/1", "/admin/audit", "/admin/nothing")
MANAGE_GUILD = 1 << 5


async def create_operator_session(stores: Stores, settings: Settings, *, age=None) -> LoggedInUser:
    await log_in(stores, settings, DataFolder(settings.data_dir), LOCAL_OPERATOR_ID)
    async with stores.database.transaction() as session:
        now = utc_now() - age if age else utc_now()
        return LoggedInUser(LOCAL_OPERATOR_ID, await create_session(session, user_id=LOCAL_OPERATOR_ID, now=now))


@pytest.fixture
async def operator(stores: Stores, settings: Settings, web: WebServer) -> LoggedInUser:
    return await create_operator_session(stores, settings)


@asynccontextmanager
async def open_panel(web: WebServer, user: LoggedInUser, path: str, state: str) -> AsyncIterator[SettingsTab]:
    async with connect_client(web, session_token=user.session_token) as visitor:
        tab = SettingsTab(visitor, path, state)
        await visitor.send(HYDRATE_AND_LOAD, path=path)
        await tab.wait_for("phase", lambda phase: phase not in (None, "loading"))
        yield tab


async def fetch(web: WebServer, path: str, user: LoggedInUser | None):
    cookies = {get_cookie_name(web.settings): user.session_token} if user else {}
    async with web.client(cookies=cookies) as client:
        response = await client.get(path)
    headers = {name: value for name, value in response.headers.items() if name != "date"}
    return response.status_code, response.text, headers


async def test_documents_exist_for_operators_only(web: WebServer, factory: DashboardFactory, operator: LoggedInUser):
    server = await factory.create_server()
    for user in (None, await factory.create_user(), await factory.create_user(server)):
        unknown = await fetch(web, "/nothing-here", user)
        assert unknown[0] == 404
        for path in (*PATHS, "/admin/index.html", "/admin/servers/index.html", "//admin/servers", "/admin.html"):
            assert await fetch(web, path, user) == unknown, path
    for path in ("/admin/servers", "/admin/servers/1", "/admin/audit"):
        assert (await fetch(web, path, operator))[0] == 200
    assert (await fetch(web, "/admin/nothing", operator))[0] == 404


async def record_frames(web: WebServer, user: LoggedInUser | None, path: str, names: list[str]) -> list:
    """What a tab receives at a path and for events; without the path and the tab's token."""
    async with connect_client(web, session_token=user.session_token if user else None) as visitor:
        await visitor.send(HYDRATE_AND_LOAD, path=path)
        await visitor.wait_until_idle()
        for name in names:
            await visitor.send(name, {}, path=path)
        await visitor.wait_until_idle()
        text = visitor.dump_received().replace(visitor.token, "TOKEN").replace(path, "/PATH")
        for message in json.loads(text):
            assert "/admin" not in json.dumps(message.get("delta", {}).get("reflex___state____state", {}))
        return strip_connection_state(text)


async def test_pages_and_handlers_are_unknown_to_everyone_else(web: WebServer, factory: DashboardFactory):
    handlers = [handler.name for handler in list_own_handlers() if PANEL_STATES in handler.name]
    assert len(handlers) >= 15
    server = await factory.create_server()
    for user in (None, await factory.create_user(server)):
        unknown = await record_frames(web, user, "/nothing", ["unknown.handler"] * 2)
        for path in ("/admin/servers", f"/admin/servers/{server.id}"):
            assert await record_frames(web, user, path, handlers) == unknown, path
        assert await record_frames(web, user, "/nothing", handlers) == unknown


@pytest.mark.slow
@pytest.mark.parametrize("role", ["visitor", "stranger", "manager", "owner"])
async def test_every_address_and_handler_is_unknown_to_every_role(web: WebServer, factory: DashboardFactory, role: str):
    handlers = [handler.name for handler in list_own_handlers() if PANEL_STATES in handler.name]
    server = await factory.create_server()
    if role == "visitor":
        user = None
    elif role == "stranger":
        user = await factory.create_user()
    else:
        user = await factory.create_user(server, permissions=MANAGE_GUILD)
        if role == "owner":
            factory.discord.update_guild(server.id, owner_id=user.id)
            await factory.invalidate_access(user, server)
    document = await fetch(web, "/nothing-here", user)
    unknown = await record_frames(web, user, "/nothing", ["unknown.handler"] * len(handlers))
    for path in (
        *(item.href for item in PANEL_ITEMS),
        f"/admin/servers/{server.id}",
        "/admin/servers/x",
        "/admin/nothing",
    ):
        assert await fetch(web, path, user) == document, path
        assert await record_frames(web, user, path, handlers) == unknown, path


def test_overview_without_servers_says_what_is_missing():
    day = DayNumbers(date(2026, 11, 29), servers=0, members=0, events=0, commands=0, refused=0, added=0, removed=0)
    empty = build_overview(PanelOverview((day,), {}, (), (), utc_now()), {"free": "Free"})
    assert (empty.growth, empty.acts, empty.tiers[0].percent) == ([], [], 0)
    assert {tile.note for tile in empty.tiles[1:]} == {overview_texts.FIRST_DAY}
    added = GrowthSteps(DISCORD_SOURCE, installed=3, with_numbers=1, old_enough=0, active_later=0)
    [growth] = build_overview(PanelOverview((day,), {}, (added,), (), utc_now()), {}).growth
    assert [step.percent for step in growth.steps] == [100, 33, 0]
    assert growth.steps[-1].text == overview_texts.NOT_OLD_ENOUGH


async def test_every_state_of_the_panel_is_hidden():
    titles = {handler.title for handler in list_own_handlers() if PANEL_STATES in handler.name}
    assert {handler.title for handler in list_own_handlers() if handler.title.startswith("Admin")} == titles


@pytest.mark.parametrize("path", ["/admin", "admin", "admin/x", "/admin.html", "/admin/servers/1"])
def test_panel_paths(path: str):
    assert is_panel_path(path)
    assert not is_panel_path(path.replace("admin", "administer"))


async def list_actions(stores: Stores, guild_id: int | None) -> list[str]:
    async with stores.database.transaction() as session:
        return [entry.action for entry in await list_entries(session, guild_id=guild_id)]


async def test_operator_finds_a_server_and_grants_and_revokes_a_tier(
    web: WebServer, factory: DashboardFactory, operator: LoggedInUser, stores: Stores
):
    server = await factory.create_server()
    path = f"/admin/servers?q={server.canary[3:]}"
    async with open_panel(web, operator, path, SERVERS_STATE) as tab:
        await tab.wait_for("rows", lambda rows: rows and [row["id"] for row in rows] == [str(server.id)])
        assert tab.get("search_text") == server.canary[3:]
    async with open_panel(web, operator, f"/admin/servers/{server.id}", SERVER_STATE) as tab:
        assert (tab.get("phase"), tab.get("view")["name"], tab.get("view")["tier"]) == ("ready", server.canary, "Free")
        form = {"act": "grant", "tier": "premium", "days": "30", "reason": "Support request 17"}
        await tab.call("change_tier", form=form)
        await tab.wait_for("view", lambda view: view["tier"] == "Premium")
        [period] = tab.get("view")["periods"]
        assert (period["state"], period["start"]) == ("now", 0)
        await tab.call("add_override", form={"what": "limit:api_keys", "value": "20", "reason": "Agency"})
        await tab.wait_for("view", lambda view: len(view["overrides"]) == 2)
        key = tab.get("view")["overrides"][0]["key"]
        await tab.call("start_ending", key=key)
        await tab.wait_for("ending", key)
        await tab.call("end_override", form={"reason": "done"})
        await tab.wait_for("view", lambda view: view["overrides"][0]["key"] == "")
        await tab.wait_for("undo_text", server_texts.OVERRIDE_ENDED)
        await tab.call("undo")
        await tab.wait_for("view", lambda view: view["overrides"][0]["key"] == key)
        await tab.call("add_note", form={"text": "asked"})
        await tab.wait_for("view", lambda view: [note["label"] for note in view["notes"]] == ["asked"])
        await tab.call("delete_note", key=tab.get("view")["notes"][0]["key"])
        await tab.wait_for("view", lambda view: view["notes"] == [])
        await tab.call("change_tier", form={"act": "revoke", "reason": "over"})
        await tab.wait_for("view", lambda view: view["tier"] == "Free")
        assert (await list_actions(stores, server.id))[0] == "subscription.revoke"
        await tab.wait_for("undo_text", server_texts.TIERS_REVOKED)
        await tab.call("undo")
        await tab.wait_for("view", lambda view: view["tier"] == "Premium")
    assert (await list_actions(stores, server.id))[0] == "subscription.restore"
    assert "server.revoke" in await list_actions(stores, None)


async def test_forms_with_nonsense_change_nothing(
    web: WebServer, factory: DashboardFactory, operator: LoggedInUser, stores: Stores
):
    server = await factory.create_server()
    before = await list_actions(stores, server.id)
    async with open_panel(web, operator, f"/admin/servers/{server.id}", SERVER_STATE) as tab:
        for form in ({}, {"act": "grant"}, {"act": "x", "reason": "r"}, {"act": "extend", "days": "-1", "reason": "r"}):
            received = len(tab.visitor.received)
            await tab.call("change_tier", form=form)
            await wait_for_toast(tab.visitor, received)
        received = len(tab.visitor.received)
        await tab.call("add_override", form={"what": "limit:nothing", "reason": "r"})
        await wait_for_toast(tab.visitor, received)
    assert await list_actions(stores, server.id) == before


async def wait_for_toast(visitor: ReflexClient, received: int) -> None:
    async def has_toast() -> bool:
        return any(message.get("events") for message in visitor.received[received:])

    await wait_until(has_toast, timeout_seconds=20)


async def test_revoking_needs_a_recent_log_in(
    web: WebServer, factory: DashboardFactory, stores: Stores, settings: Settings
):
    server: CanaryServer = await factory.create_server()
    late_operator = await create_operator_session(stores, settings, age=RECENT_LOGIN)
    async with open_panel(web, late_operator, f"/admin/servers/{server.id}", SERVER_STATE) as tab:
        await tab.call("change_tier", form={"act": "revoke", "reason": "over"})
        await tab.wait_for("login_url", f"/auth/login?next=/admin/servers/{server.id}")
        assert "subscription.revoke" not in await list_actions(stores, server.id)


async def test_server_that_does_not_exist_is_missing(web: WebServer, operator: LoggedInUser):
    for last in ("1", "x", "9" * 30):
        async with open_panel(web, operator, f"/admin/servers/{last}", SERVER_STATE) as tab:
            assert tab.get("phase") == "missing"


PANEL = "reflex___state____state.herwa_web___pages___admin___"
TIERS_STATE = f"{PANEL}tiers___state____admin_tiers_state"
FEATURES_STATE = f"{PANEL}features___state____admin_features_state"
HEALTH_STATE = f"{PANEL}health___state____admin_health_state"
OVERVIEW_STATE = f"{PANEL}overview___state____admin_overview_state"


async def test_effect_of_a_tier_is_shown_before_it_is_saved(
    web: WebServer, factory: DashboardFactory, operator: LoggedInUser, stores: Stores
):
    await factory.create_server()
    async with open_panel(web, operator, "/admin/tiers?tier=free", TIERS_STATE) as tab:
        view = tab.get("view")
        limits = {entry["name"]: entry["value"] for entry in view["limits"]}
        features = {box["name"]: "on" for box in view["features"] if box["checked"]}
        before = await list_actions(stores, None)
        form = {**features, **limits, "limit:widgets": "3", "inherits": "", "reason": "Prices of 2027"}
        await tab.call("preview", form=form)
        await tab.wait_for("asking", True)
        assert len(tab.get("effects")) == 1
        await tab.call("cancel")
        await tab.wait_for("asking", False)
        assert await list_actions(stores, None) == before
        await tab.call("preview", form={**form, "limit:widgets": limits["limit:widgets"]})
        await tab.wait_for("asking", True)
        await tab.call("save")
        await tab.wait_for("asking", False)
        assert await list_actions(stores, None) == before


async def test_tier_is_created_and_deleted(web: WebServer, operator: LoggedInUser, stores: Stores):
    async with open_panel(web, operator, "/admin/tiers?tier=free", TIERS_STATE) as tab:
        form = {"key": "starter", "title": "Starter", "above": "free", "reason": "Prices of 2027"}
        await tab.call("create", form=form)
        await tab.wait_for("tabs", lambda tabs: "Starter" in [entry["label"] for entry in tabs])
    async with open_panel(web, operator, "/admin/tiers?tier=starter", TIERS_STATE) as tab:
        assert tab.get("view")["key"] == "starter"
        await tab.call("delete", form={"reason": "Not needed"})
        await tab.wait_for("tabs", lambda tabs: "Starter" not in [entry["label"] for entry in tabs])
    assert (await list_actions(stores, None))[:2] == ["tier.delete", "tier.create"]


async def test_kill_switch_is_turned_on_and_off(web: WebServer, operator: LoggedInUser, stores: Stores):
    async with open_panel(web, operator, "/admin/features", FEATURES_STATE) as tab:
        key = "ticket.stats"
        await tab.call("start_action", action="switch", key=key)
        await tab.wait_for("action", f"switch:{key}")
        await tab.call("switch_off", form={"reason": "Being repaired."})
        await tab.wait_for("rows", lambda rows: [row["key"] for row in rows if row["switch"]] == [key])
        await tab.call("switch_on", key=key)
        await tab.wait_for("rows", lambda rows: not any(row["switch"] for row in rows))
    assert (await list_actions(stores, None)).count("kill_switch.set") >= 2


async def test_overview_and_health_are_shown(web: WebServer, operator: LoggedInUser, stores: Stores):
    async with stores.database.transaction() as session:  # other tests may have run a worker
        await session.execute(delete(Process).where(col(Process.name) == "worker"))
    async with open_panel(web, operator, "/admin", OVERVIEW_STATE) as tab:
        assert tab.get("phase") == "ready"

    badges: set[tuple[str, str]] = set()

    async def is_health_shown() -> bool:
        nonlocal badges
        async with open_panel(web, operator, "/admin/health", HEALTH_STATE) as tab:
            assert tab.get("view")["problems"]
            badges = {(row["label"], row["badge"]) for row in tab.get("view")["processes"]}
            return {("Pages", "running"), ("Worker", "missing")} <= badges

    await wait_until(is_health_shown, description="the state of each process", get_details=lambda: str(badges))


async def test_view_as_shows_the_pages_read_only_and_leaves_an_entry(
    web: WebServer, factory: DashboardFactory, operator: LoggedInUser, stores: Stores
):
    server = await factory.create_server()
    settings_state = "reflex___state____state.herwa_web___pages___settings___state____settings_state"
    async with open_panel(web, operator, f"/g/{server.id}/settings", settings_state) as tab:
        assert tab.get("phase") == "missing"
    async with open_panel(web, operator, f"/admin/servers/{server.id}", SERVER_STATE) as tab:
        received = len(tab.visitor.received)
        await tab.call("start_view", form={"reason": ""})
        await wait_for_toast(tab.visitor, received)
        assert await list_actions(stores, server.id) == []
        await tab.call("start_view", form={"reason": "Support request 17"})
        await tab.visitor.wait_until(lambda: f"/g/{server.id}" in tab.visitor.dump_received(), "the redirect")
    async with open_panel(web, operator, f"/g/{server.id}/settings", settings_state) as tab:
        assert tab.get("phase") == "ready"
        assert server.canary in json.dumps(tab.visitor.received)
        assert "read-only" in json.dumps(tab.visitor.received)
        await tab.call("put_value", name="week_start", value="7")
        await tab.call("save")
        await tab.visitor.wait_until_idle()
        assert await list_actions(stores, server.id) == ["operator.view"]
    async with open_panel(web, operator, f"/admin/servers/{server.id}", SERVER_STATE) as tab:
        await tab.call("stop_view")
        await wait_for_toast(tab.visitor, len(tab.visitor.received))
    async with open_panel(web, operator, f"/g/{server.id}/settings", settings_state) as tab:
        assert tab.get("phase") == "missing"
