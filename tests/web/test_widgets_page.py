"""The page Widgets: create, build, save, undo, revoke; invalid values are refused; nothing of another server."""

import base64
from dataclasses import asdict

from herwa_shared.services.audit import list_entries
from herwa_shared.services.widgets import create_widget, list_widgets
from herwa_shared.stores import Stores
from herwa_web.pages.widgets import texts
from tests.support.governance_client import TEST_ACTOR
from tests.web.dashboard_factory import CanaryServer, DashboardFactory
from tests.web.settings_page import SettingsTab, open_settings_page
from tests.web.web_server import WebServer

STATE = "reflex___state____state.herwa_web___pages___widgets___state____widgets_state"


def open_widgets(web: WebServer, user, server: CanaryServer):
    return open_settings_page(web, user, server, path="/widgets", state=STATE)


async def create(page: SettingsTab) -> str:
    """Create a widget; return its id."""
    await page.call("add_widget")
    await page.wait_for("rows", lambda rows: len(rows or []) == 1)
    await page.wait_for("selected", page.get("rows")[0]["key"])
    return page.get("selected")


async def load_settings(stores: Stores, server: CanaryServer) -> dict:
    async with stores.database.transaction() as session:
        [widget] = await list_widgets(session, guild_id=server.id)
    return asdict(widget.settings)


async def test_widget_is_created_off_built_saved_undone_and_revoked(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_widgets(web, manager, server) as page:
        key = await create(page)
        assert page.get("rows")[0]["state"] == texts.STATES["off"][0]
        assert page.get("limit_hint") == texts.format_limit_hint(1)
        await page.call("toggle_visible")
        await page.wait_for("builder_values", lambda values: values["is_on"])
        await page.call("put_value", field="template", value="badge")
        await page.call("put_value", field="days", value="7")
        await page.call("toggle_item", field="metrics", value="joins")
        await page.call("add_site", form={"site": "example.com"})
        await page.wait_for("sites", ["https://example.com"])
        await page.wait_for("changes", lambda changes: len(changes) == 1 and "example.com" in changes[0]["after"])
        assert page.get("effects") == [texts.format_switched_on(texts.format_new_name(1))]
        await page.call("save")
        await page.wait_for("saved_text", texts.format_saved(1))
        saved = await load_settings(stores, server)
        assert (saved["is_on"], saved["template"], saved["days"]) == (True, "badge", 7)
        assert saved["metrics"] == ("active_members", "messages", "joins")
        assert len(page.get("snippets")) == 5
        await page.call("undo_save")
        await page.wait_for("saved_text", texts.UNDONE)
        assert not (await load_settings(stores, server))["is_on"]
        await page.call("start_revoke", key=key)
        await page.wait_for("revoking", key)
        await page.call("revoke_widget")
        await page.wait_for("revoked_rows", lambda rows: len(rows or []) == 1)
        assert page.get("rows") == []
    async with stores.database.transaction() as session:
        actions = [entry.action for entry in await list_entries(session, guild_id=server.id)]
    assert actions[:4] == ["widget.revoke", "widget.set", "widget.set", "widget.create"]


async def test_new_widget_is_shown_together_with_its_settings(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_widgets(web, manager, server) as page:
        received_before = len(page.visitor.received)
        await create(page)
        deltas = [
            (message or {}).get("delta", {}).get(STATE, {}) for message in page.visitor.received[received_before:]
        ]
        [selecting] = [delta for delta in deltas if "selected_rx_state_" in delta]
        assert selecting["rows_rx_state_"][0]["key"] == page.get("selected")
        assert selecting["builder_values_rx_state_"]["name"] == texts.format_new_name(1)


async def test_invalid_values_are_refused_and_unknown_ones_ignored(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_widgets(web, manager, server) as page:
        await create(page)
        for field, value in (("accent", "red"), ("invite", "https://evil.example/x"), ("radius", "99"), ("name", "")):
            await page.call("put_value", field=field, value=value)
            await page.wait_for("field_error", lambda text: text)
            await page.call("put_value", field="size", value="large")
            await page.wait_for("field_error", "")
        await page.call("add_site", form={"site": "javascript:alert(1)"})
        await page.wait_for("field_error", lambda text: text)
        for field in ("is_on", "owner", "sites", "_data"):
            await page.call("put_value", field=field, value="true")
        await page.call("toggle_item", field="name", value="x")
        await page.call("discard")
        await page.wait_for("changes", [])
        assert page.get("builder_values")["size"] == "medium"


async def test_fields_are_filled_again_after_a_discard(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_widgets(web, manager, server) as page:
        await create(page)
        serial = page.get("serial")
        await page.call("put_value", field="name", value="Shop")
        await page.wait_for("changes", lambda changes: len(changes) == 1)
        assert page.get("serial") == serial
        await page.call("discard")
        await page.wait_for("serial", lambda later: later != serial)


async def test_preview_follows_the_draft_and_warns_of_contrast(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_widgets(web, manager, server) as page:
        await create(page)
        await page.wait_for(
            "previews", lambda previews: [view["kind"] for view in previews] == ["light", "dark", "phone"]
        )
        await page.call("put_value", field="accent", value="#ffffaa")
        await page.wait_for("warnings", lambda warnings: len(warnings) == 1)
        await page.call("put_value", field="color_scheme", value="dark")
        await page.wait_for("previews", lambda previews: [view["kind"] for view in previews] == ["dark", "phone"])
        await page.wait_for("warnings", [])
        source = page.get("previews")[0]["sources"][0].partition(",")[2]
        assert "#ffffaa" in base64.b64decode(source).decode()


async def test_public_page_is_set_up_off(web: WebServer, factory: DashboardFactory):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_widgets(web, manager, server) as page:
        await page.call("add_page")
        await page.wait_for("page_key", lambda key: key)
        await page.wait_for("is_page", True)
        assert (page.get("page_state"), page.get("snippets")) == (texts.STATES["off"][0], [])
        assert "/w/" in page.get("page_url")


async def test_widget_of_another_server_cannot_be_opened_or_revoked(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server, other = await factory.create_server(), await factory.create_server()
    manager = await factory.create_user(server)
    async with stores.database.transaction() as session:
        foreign = await create_widget(session, guild_id=other.id, value={"name": "Secret"}, actor=TEST_ACTOR)
    async with open_widgets(web, manager, server) as page:
        key = await create(page)
        await page.call("select_widget", key=str(foreign.id))
        await page.call("start_revoke", key=str(foreign.id))
        await page.call("revoke_widget")
        await page.visitor.wait_until_idle()
        assert (page.get("selected"), page.get("revoking") or "") == (key, "")
        assert "Secret" not in str(page.visitor.received)
    async with stores.database.transaction() as session:
        [widget] = await list_widgets(session, guild_id=other.id)
    assert widget.revoked_at is None
