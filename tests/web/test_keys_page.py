"""The API keys page: create, rotate and revoke; the secret is shown once and works."""

import json

from herwa_shared.catalog import Scope
from herwa_shared.clock import utc_now
from herwa_shared.demo_guild import DEMO_GUILD_ID
from herwa_shared.services.api_key_format import TEST_PREFIX
from herwa_shared.services.api_key_usage import KeyRequest, UsageBatch, save_usage
from herwa_shared.services.api_keys import create_key, list_keys
from herwa_shared.services.audit import list_entries
from herwa_shared.services.guild_settings import set_guild_setting
from herwa_shared.stores import Stores
from herwa_web.pages.keys import texts
from tests.support.governance_client import TEST_ACTOR
from tests.web.dashboard_factory import CanaryServer, DashboardFactory
from tests.web.settings_page import SettingsTab, open_settings_page
from tests.web.web_server import WebServer

ENDPOINT = "GET /api/guilds/{guild_id}/stats"
STATE = "reflex___state____state.herwa_web___pages___keys___state____keys_state"
FORM = {
    "name": "weekly report",
    "kind": "live",
    "expiry": "30",
    "networks": "192.0.2.7, 198.51.100.0/24",
    "scope:stats:read": "on",
}


def open_keys(web: WebServer, user, server: CanaryServer):
    return open_settings_page(web, user, server, path="/keys", state=STATE)


async def create(page: SettingsTab, **values: str) -> str:
    """Create a key; return its secret."""
    await page.call("open_form")
    await page.wait_for("creating", True)
    await page.call("create_key", form=FORM | values)
    await page.wait_for("secret", lambda secret: secret)
    return page.get("secret")


async def list_audited(stores: Stores, server: CanaryServer) -> list[str]:
    async with stores.database.transaction() as session:
        return [entry.action for entry in await list_entries(session, guild_id=server.id)]


async def test_key_is_created_shown_once_rotated_and_revoked(web: WebServer, factory: DashboardFactory, stores: Stores):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_keys(web, manager, server) as page:
        assert page.get("allowance") in (None, texts.format_allowance(0, 1))
        secret = await create(page)
        await page.wait_for("valid_keys", lambda keys: len(keys or []) == 1)
        row = page.get("valid_keys")[0]
        assert (row["name"], row["hint"]) == ("weekly report", f"sk_live_hw_…{secret[-4:]}")
        assert row["facts"][0] == texts.NEVER_USED
        assert row["facts"][-1] == "192.0.2.7/32, 198.51.100.0/24"
        assert secret in page.get("curl_command")
        assert page.get("allowance") == texts.format_allowance(1, 1)
        assert page.get("limit_hint") == texts.format_limit_hint(1)
        await page.call("close_secret")
        await page.wait_for("secret", "")
        received = len(page.visitor.received)
        await page.call("retry")
        await page.visitor.wait_until_idle()
        assert secret not in json.dumps(page.visitor.received[received:])

        await page.call("start_action", action="rotate", key=row["key"])
        await page.wait_for("action", f"rotate:{row['key']}")
        await page.call("rotate_key", form={"overlap": "1"})
        await page.wait_for("secret", lambda new: new and new != secret)
        await page.wait_for("valid_keys", lambda keys: len(keys) == 2)
        newest, old = page.get("valid_keys")
        assert old["state"].startswith(texts.REPLACED)
        assert not old["can_rotate"]
        for key in (newest["key"], old["key"]):
            await page.call("start_action", action="revoke", key=key)
            await page.wait_for("action", f"revoke:{key}")
            await page.call("revoke_key")
            await page.wait_for("ended_keys", lambda rows, key=key: key in [row["key"] for row in rows or []])
        assert page.get("valid_keys") == []
    audited = await list_audited(stores, server)
    assert audited == ["api_key.revoke", "api_key.revoke", "api_key.rotate", "api_key.create"]


async def test_invalid_forms_create_nothing(web: WebServer, factory: DashboardFactory, stores: Stores):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with open_keys(web, manager, server) as page:
        await page.call("open_form")
        await page.wait_for("creating", True)
        for changes in (
            {"name": " "},
            {"expiry": "7"},
            {"kind": "both"},
            {"networks": "here"},
            {"scope:stats:read": ""},
            {"scope:stats:read": "", "scope:members:read": "on"},
        ):
            received = len(page.visitor.received)
            await page.call("create_key", form={**FORM, **changes})
            await page.visitor.wait_until(
                lambda received=received: any(
                    message and message.get("delta", {}).get(STATE, {}).get("form_error_rx_state_")
                    for message in page.visitor.received[received:]
                ),
                f"an error for {changes}",
            )
    async with stores.database.transaction() as session:
        assert await list_keys(session, guild_id=server.id) == ()


async def test_keys_cannot_read_what_their_creator_does_not_see(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with stores.database.transaction() as session:
        await set_guild_setting(
            session, guild_id=server.id, setting="member_audience", value={"value": "administrators"}, actor=TEST_ACTOR
        )
    async with open_keys(web, manager, server) as page:
        await page.call("open_form")
        await page.wait_for("creating", True)
        await page.call("create_key", form={**FORM, "scope:members:read": "on"})
        await page.wait_for("form_error", texts.MEMBERS_NOT_SHOWN)
        await page.call("create_key", form=FORM)
        await page.wait_for("secret", lambda secret: secret)


async def test_action_without_a_question_changes_nothing(web: WebServer, factory: DashboardFactory, stores: Stores):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with stores.database.transaction() as session:
        await create_key(
            session,
            guild_id=server.id,
            name="other",
            scopes=[Scope.STATS],
            pepper=b"another pepper",
            actor=TEST_ACTOR,
        )
    async with open_keys(web, manager, server) as page:
        key = page.get("valid_keys")[0]["key"]
        await page.call("revoke_key")
        await page.call("start_action", action="erase", key=key)
        await page.call("start_action", action="revoke", key="1")
        await page.call("rotate_key", form={})
        await page.visitor.wait_until_idle()
        assert page.get("action") in (None, "")
    assert await list_audited(stores, server) == ["api_key.create"]


async def test_use_of_a_key_is_shown(web: WebServer, factory: DashboardFactory, stores: Stores):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with stores.database.transaction() as session:
        key = await create_key(
            session, guild_id=server.id, name="bot", scopes=[Scope.STATS], pepper=b"a pepper", actor=TEST_ACTOR
        )
        batch = UsageBatch()
        for status, code in ((200, ""), (200, ""), (403, "feature_off")):
            batch.add(KeyRequest(key.status.id, utc_now(), ENDPOINT, status, code, 5, "r"))
        await save_usage(session, batch)
    async with open_keys(web, manager, server) as page:
        [row] = page.get("valid_keys")
        assert row["usage"] == texts.format_usage(3, 1, 7)
        assert row["line"].startswith("M")
        assert row["facts"][0] != texts.NEVER_USED
        await page.call("toggle_usage", key="1")
        await page.call("toggle_usage", key=row["key"])
        await page.wait_for("usage_key", row["key"])
        endpoint = {"endpoint": ENDPOINT, "requests": "3", "failed": "1", "average": "5 ms"}
        assert page.get("endpoints") == [endpoint]
        last, *others = page.get("last_requests")
        assert (last["endpoint"], last["result"], last["duration"], last["tone"]) == (
            ENDPOINT,
            "403 feature_off",
            "5 ms",
            "red",
        )
        assert [request["result"] for request in others] == ["200", "200"]
        await page.call("toggle_usage", key=row["key"])
        await page.wait_for("usage_key", "")
        assert page.get("last_requests") == []


async def test_test_keys_have_their_own_limit_and_read_the_demo_server(
    web: WebServer, factory: DashboardFactory, stores: Stores
):
    server = await factory.create_server()
    manager = await factory.create_user(server)
    async with stores.database.transaction() as session:
        await set_guild_setting(
            session, guild_id=server.id, setting="member_audience", value={"value": "administrators"}, actor=TEST_ACTOR
        )
    async with open_keys(web, manager, server) as page:
        await create(page)
        await page.wait_for("has_free_live_key", False)
        await page.call("close_secret")
        await page.wait_for("secret", "")
        secret = await create(page, kind="test", **{"scope:members:read": "on"})
        assert secret.startswith(TEST_PREFIX)
        assert f"/api/guilds/{DEMO_GUILD_ID}/stats?metric=messages&from=" in page.get("curl_command")
        await page.wait_for("has_free_test_key", False)
        assert page.get("test_allowance") == texts.format_test_allowance(1, 1)
        assert [row["is_test"] for row in page.get("valid_keys")] == [True, False]
