"""Routes about widgets: with the scopes of a key or as a manager, within the tier, nothing of another server."""

import httpx
import pytest

from herwa_shared.catalog import Scope
from herwa_shared.services.audit import list_entries
from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.api.conftest import KeyFactory
from tests.api.settings_client import SettingsClient, build_key_client, build_session_client
from tests.support.oauth_login import ManagedServer
from tests.support.row_factories import add_guild

WIDGET = "widgets/{widget_id}"


@pytest.fixture
async def keyed(stores: Stores, client: httpx.AsyncClient, make_key: KeyFactory) -> SettingsClient:
    guild_id = await add_guild(stores)
    return build_key_client(client, guild_id, await make_key(guild_id))


async def create(client: SettingsClient, **body) -> dict:
    response = await client.send("POST", "widgets", json={"name": "Blog"} | body)
    assert response.status_code == 201, response.text
    return response.json()


async def change(client: SettingsClient, widget: dict, **body) -> httpx.Response:
    return await client.send("PATCH", f"widgets/{widget['id']}", template=WIDGET, json=body)


async def test_widget_is_created_changed_and_revoked_with_a_key(keyed: SettingsClient, stores: Stores):
    widget = await create(keyed, accent="#5865F2")
    assert (widget["hidden_by"], widget["settings"]["accent"], len(widget["views"])) == ("off", "#5865f2", 30)
    changed = (await change(keyed, widget, is_on=True, sites=["example.com"])).json()
    assert (changed["hidden_by"], changed["settings"]["sites"]) == (None, ["https://example.com"])
    assert (await keyed.http.get(changed["urls"]["svg"])).status_code == 200
    revoked = await keyed.send("DELETE", f"widgets/{widget['id']}", template=WIDGET)
    assert revoked.json()["hidden_by"] == "revoked"
    assert [item["id"] for item in (await keyed.get("widgets"))["items"]] == [widget["id"]]
    async with stores.database.transaction() as session:
        entries = await list_entries(session, guild_id=keyed.guild_id)
    assert [entry.action for entry in entries][:3] == ["widget.revoke", "widget.set", "widget.create"]
    assert entries[0].actor.name.startswith("API key")


async def test_public_page_is_set_up_switched_on_and_revoked_with_a_key(keyed: SettingsClient):
    assert (await keyed.send("GET", "public-page")).status_code == 404
    page = (await keyed.send("PATCH", "public-page", json={"metrics": ["messages"]})).json()
    assert (page["hidden_by"], page["settings"]["metrics"]) == ("off", ["messages"])
    assert (await keyed.http.get(page["url"])).status_code == 404
    changed = (await keyed.send("PATCH", "public-page", json={"is_on": True, "invite": "abc123"})).json()
    assert (changed["id"], changed["hidden_by"], changed["settings"]["metrics"]) == (page["id"], None, ["messages"])
    shown = await keyed.http.get(page["url"])
    assert (shown.status_code, "frame-ancestors 'none'" in shown.headers["content-security-policy"]) == (200, True)
    assert await keyed.get("public-page") == changed
    for setting in ({"sites": []}, {"template": "badge"}, {"name": "Blog"}):
        assert (await keyed.send("PATCH", "public-page", json=setting)).status_code == 400
    assert (await keyed.send("DELETE", "public-page")).json()["hidden_by"] == "revoked"
    assert (await keyed.send("GET", "public-page")).status_code == 404
    assert (await keyed.http.get(page["url"])).status_code == 404
    assert (await keyed.send("PATCH", "public-page", json={})).json()["url"] != page["url"]


async def test_key_needs_the_scopes(stores: Stores, client: httpx.AsyncClient, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    for scopes, statuses in (((Scope.STATS,), (403, 403)), ((Scope.WIDGETS_READ,), (200, 403))):
        keyed = build_key_client(client, guild_id, await make_key(guild_id, scopes))
        responses = (
            await keyed.send("GET", "widgets"),
            await keyed.send("POST", "widgets", json={"name": "Blog"}),
        )
        assert tuple(response.status_code for response in responses) == statuses


async def test_number_of_the_tier_is_kept(keyed: SettingsClient):
    await create(keyed)
    response = await keyed.send("POST", "widgets", json={"name": "Shop"})
    assert (response.status_code, response.json()["code"]) == (403, "widget_limit_reached")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"owner": 1}, 422),
        ({"days": 8}, 400),
        ({"accent": "red"}, 400),
        ({"sites": ["javascript:alert(1)"]}, 400),
        ({"metrics": ["leaves"]}, 400),
        ({"radius": 99}, 400),
        ({"is_on": "yes"}, 400),
    ],
)
async def test_wrong_settings_are_refused(keyed: SettingsClient, body: dict, status: int):
    response = await keyed.send("POST", "widgets", json={"name": "Blog"} | body)
    assert response.status_code in (status, 400, 422)
    assert (await keyed.get("widgets"))["items"] == []


async def test_widget_of_another_server_does_not_exist(keyed: SettingsClient, stores, client, make_key):
    widget = await create(keyed)
    other_id = await add_guild(stores)
    other = build_key_client(client, other_id, await make_key(other_id))
    assert (await change(other, widget, is_on=True)).status_code == 404
    assert (await other.send("GET", f"widgets/{widget['id']}", template=WIDGET)).status_code == 404


async def test_public_page_is_no_widget(keyed: SettingsClient):
    page = (await keyed.send("PATCH", "public-page", json={})).json()
    path = f"widgets/{page['id']}"
    for method, options in (("GET", {}), ("PATCH", {"json": {"is_on": True}}), ("DELETE", {})):
        assert (await keyed.send(method, path, template=WIDGET, **options)).status_code == 404
    assert (await keyed.get("public-page"))["id"] == page["id"]


async def test_refusal_that_quotes_a_lone_surrogate_is_valid_json(keyed: SettingsClient):
    response = await keyed.send("POST", "widgets", content=b'{"name": "Blog", "sites": ["\\ud800"]}')
    assert (response.status_code, response.json()["code"]) == (400, "bad_request")


async def test_repeated_creation_with_one_key_creates_one(keyed: SettingsClient):
    headers = {"Idempotency-Key": "once"}
    responses = [await keyed.send("POST", "widgets", json={"name": "Blog"}, headers=headers) for _ in range(2)]
    assert [response.status_code for response in responses] == [201, 201]
    assert responses[0].json() == responses[1].json()


async def test_manager_creates_a_widget_in_a_session(browser: Browser, saved_server: ManagedServer):
    await browser.log_in(saved_server.manager)
    manager = build_session_client(browser, saved_server.id)
    widget = await create(manager)
    assert (await manager.get("widgets"))["items"][0]["public_id"] == widget["public_id"]
