"""`/api/guilds/{guild_id}/keys`: managers create, list, rotate and revoke keys in their session; a key cannot."""

from datetime import timedelta

import httpx
import pytest

from herwa_api import texts
from herwa_api.rate_limits.rules import RATE_LIMITS, LimitName
from herwa_shared.catalog import Limit
from herwa_shared.clock import utc_now
from herwa_shared.services import audit
from herwa_shared.services.audit import SYSTEM, ChangeSource
from herwa_shared.services.grants import grant_limit
from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.api.conftest import KeyFactory
from tests.support.oauth_login import ManagedServer, save_server
from tests.support.row_factories import add_guild
from tests.support.waiting import wait_until

BODY = {"name": "website", "scopes": ["stats:read"]}


class KeysClient:
    """Requests about the keys of one server, from a page of this origin."""

    def __init__(self, browser: Browser, guild_id: int) -> None:
        self.http = browser.herwa
        self.url = f"/api/guilds/{guild_id}/keys"
        self.headers = {"Origin": browser.settings.origin}

    async def create(self, **overrides) -> httpx.Response:
        return await self.http.post(self.url, json=BODY | overrides, headers=self.headers)

    async def rotate(self, key_id: str, **body) -> httpx.Response:
        return await self.http.post(f"{self.url}/{key_id}/rotate", json=body, headers=self.headers)

    async def revoke(self, key_id: str) -> httpx.Response:
        return await self.http.delete(f"{self.url}/{key_id}", headers=self.headers)

    async def list(self) -> list[dict]:
        response = await self.http.get(self.url)
        assert response.status_code == 200, response.text
        return response.json()["items"]


@pytest.fixture
async def keys(browser: Browser, server: ManagedServer, stores: Stores) -> KeysClient:
    """A manager of a server, who is logged in."""
    await save_server(stores, server)
    await browser.log_in(server.manager)
    return KeysClient(browser, server.id)


async def is_accepted(client: httpx.AsyncClient, server: ManagedServer, key: str) -> bool:
    response = await client.get(f"/api/guilds/{server.id}/stats", headers={"Authorization": f"Bearer {key}"})
    assert response.status_code in (200, 401)
    return response.status_code == 200


async def test_created_key_works_and_is_shown_once(keys: KeysClient, client, server: ManagedServer, stores: Stores):
    response = await keys.create()

    assert response.status_code == 201
    key, details = response.json()["key"], response.json()["details"]
    assert key.startswith("sk_live_hw_")
    assert (details["name"], details["scopes"], details["status"], details["hint"]) == (
        "website",
        ["stats:read"],
        "valid",
        key[-4:],
    )
    assert await keys.list() == [details]
    assert key not in (await keys.http.get(keys.url)).text
    assert await is_accepted(client, server, key)
    async with stores.database.transaction() as session:
        [entry] = await audit.list_entries(session, guild_id=server.id)
    assert (entry.action, entry.actor.via, entry.actor.user_id) == ("api_key.create", ChangeSource.API, server.manager)


async def test_repeated_creation_returns_the_same_key(keys: KeysClient, client, server: ManagedServer):
    """Otherwise a key whose response was lost would count against the tier's number, and could not be used."""
    headers = keys.headers | {"Idempotency-Key": "first-key"}
    responses = [await keys.http.post(keys.url, json=BODY, headers=headers) for _ in range(2)]
    first, again = (response.json() for response in responses)
    assert [response.status_code for response in responses] == [201, 201]
    assert again == first
    assert "Idempotency-Replayed" in responses[1].headers
    assert [key["id"] for key in await keys.list()] == [first["details"]["id"]]
    assert await is_accepted(client, server, first["key"])
    rotate_url = f"{keys.url}/{first['details']['id']}/rotate"
    rotations = [await keys.http.post(rotate_url, json={}, headers=headers | {"Idempotency-Key": "2"}) for _ in "ab"]
    assert rotations[0].json() == rotations[1].json()
    assert len(await keys.list()) == 2


async def test_revoked_key_is_refused_within_a_second(keys: KeysClient, client, server: ManagedServer):
    created = (await keys.create()).json()
    assert await is_accepted(client, server, created["key"])

    response = await keys.revoke(created["details"]["id"])
    assert (response.status_code, response.json()["status"]) == (200, "revoked")

    async def is_refused() -> bool:
        return not await is_accepted(client, server, created["key"])

    await wait_until(is_refused, timeout_seconds=1)
    assert [key["status"] for key in await keys.list()] == ["revoked"]


async def test_repeated_revocation_is_done_once(keys: KeysClient, server: ManagedServer, stores: Stores):
    created = (await keys.create()).json()
    url, headers = f"{keys.url}/{created['details']['id']}", keys.headers | {"Idempotency-Key": "revocation"}
    responses = [await keys.http.delete(url, headers=headers) for _ in range(2)]
    assert [response.status_code for response in responses] == [200, 200]
    assert responses[0].json() == responses[1].json()
    assert ["Idempotency-Replayed" in response.headers for response in responses] == [False, True]
    async with stores.database.transaction() as session:
        entries = await audit.list_entries(session, guild_id=server.id)
    assert sum(entry.action == "api_key.revoke" for entry in entries) == 1


async def test_rotated_key_works_beside_the_new_one_until_the_overlap_ends(keys: KeysClient, client, server):
    old = (await keys.create()).json()
    response = await keys.rotate(old["details"]["id"], overlap_hours=1)
    assert response.status_code == 201
    new = response.json()

    assert await is_accepted(client, server, old["key"])
    assert await is_accepted(client, server, new["key"])
    newest, oldest = await keys.list()
    assert oldest["successor_id"] == newest["id"] == new["details"]["id"]

    again = (await keys.rotate(newest["id"], overlap_hours=0)).json()
    assert [key["status"] for key in await keys.list()] == ["valid", "replaced", "valid"]

    async def is_refused() -> bool:
        return not await is_accepted(client, server, new["key"])

    await wait_until(is_refused, timeout_seconds=1)
    assert await is_accepted(client, server, again["key"])


async def test_second_key_of_a_free_server_is_refused_with_the_limit(keys: KeysClient):
    await keys.create()
    response = await keys.create()
    assert (response.status_code, response.json()["code"]) == (403, "key_limit_reached")
    assert "1 API key" in response.json()["detail"]


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "0"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2099-01-01T00:00:00"}, "expires_at"),
        ({"networks": ["example.com"]}, "networks"),
        ({"guild_id": "1"}, "guild_id"),
        ({"tier": "premium"}, "tier"),
    ],
)
async def test_invalid_body_is_refused_with_the_field(keys: KeysClient, overrides, field):
    response = await keys.create(**overrides)
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert await keys.list() == []


async def test_expiry_and_networks_are_stored(keys: KeysClient, client, server: ManagedServer):
    expires_at = (utc_now() + timedelta(days=7)).replace(microsecond=0)
    created = (await keys.create(expires_at=expires_at.isoformat(), networks=["192.0.2.1"])).json()
    assert created["details"]["expires_at"] == expires_at.isoformat()
    assert created["details"]["networks"] == ["192.0.2.1/32"]
    assert not await is_accepted(client, server, created["key"]), "the client has another address"


async def test_key_is_accepted_from_its_networks_only(app, stores: Stores, make_key: KeyFactory):
    key = await make_key(await add_guild(stores), networks=["192.0.2.0/24"])
    statuses = []
    for address in ("192.0.2.1", "198.51.100.1", "192.0.2.1"):
        transport = httpx.ASGITransport(app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://herwa") as client:
            statuses.append((await client.get("/api/me", headers={"Authorization": f"Bearer {key}"})).status_code)
    assert statuses == [200, 401, 200]


async def test_a_key_cannot_manage_keys(client, stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    headers = {"Authorization": f"Bearer {await make_key(guild_id)}"}
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", "/1"), ("POST", "/1/rotate")):
        response = await client.request(method, f"/api/guilds/{guild_id}/keys{path}", headers=headers, json=BODY)
        assert (response.status_code, response.json()["detail"]) == (403, texts.KEYS_NEED_SESSION)
        foreign = await client.request(method, f"/api/guilds/1/keys{path}", headers=headers, json=BODY)
        assert foreign.status_code == 404


async def test_member_without_rights_sees_no_server(browser: Browser, server: ManagedServer, stores: Stores):
    await save_server(stores, server)
    await browser.log_in(server.member)
    keys = KeysClient(browser, server.id)
    responses = [await keys.create(), await keys.rotate("1"), await keys.revoke("1"), await keys.http.get(keys.url)]
    assert [response.status_code for response in responses] == [404] * 4


async def test_rights_are_checked_again_before_a_change(keys: KeysClient, server: ManagedServer):
    assert await keys.list() == []
    server.remove_manager_role()
    assert (await keys.create()).status_code == 404


async def test_key_of_another_server_is_not_found(keys: KeysClient, stores: Stores, make_key: KeyFactory):
    other_guild_id = await add_guild(stores)
    await make_key(other_guild_id)
    for key_id in ("1", str(1 << 62)):
        assert (await keys.revoke(key_id)).status_code == 404
        assert (await keys.rotate(key_id)).status_code == 404


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_change_from_another_site_is_refused(keys: KeysClient, headers):
    keys.headers = headers
    assert (await keys.create()).status_code == 403
    assert (await keys.revoke("1")).status_code == 403
    assert await keys.list() == []


async def test_new_keys_are_limited_per_address(keys: KeysClient, server: ManagedServer, stores: Stores):
    async with stores.database.transaction() as session:
        await grant_limit(session, guild_id=server.id, limit=Limit.API_KEYS, value=None, reason="test", actor=SYSTEM)
    responses = [await keys.create() for _ in range(RATE_LIMITS.key_creation.amount + 1)]
    assert [response.status_code for response in responses] == [201] * RATE_LIMITS.key_creation.amount + [429]
    assert responses[-1].json()["limit"] == LimitName.KEY_CREATION
