"""The use of a key: each request is recorded with its endpoint and its outcome, and nothing that the client sent."""

import httpx
import pytest

from herwa_api.key_usage import UsageRecorder
from herwa_api.periodic_saves import save_periodically
from herwa_shared.catalog import Scope
from herwa_shared.db import Database
from herwa_shared.errors import Forbidden
from herwa_shared.services.api_key_authentication import Principal
from herwa_shared.services.api_key_usage import list_last_requests, load_usage
from herwa_shared.services.api_keys import list_keys
from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.api.conftest import UNREACHABLE_DATABASE_URL, KeyFactory
from tests.support.oauth_login import ManagedServer, save_server
from tests.support.row_factories import add_guild

STATS = "/api/guilds/{guild_id}/stats"


async def get_key_id(stores: Stores, guild_id: int) -> int:
    async with stores.database.transaction() as session:
        return (await list_keys(session, guild_id=guild_id))[0].id


async def test_manager_sees_requests_and_errors_of_a_key(
    app, client, browser: Browser, server: ManagedServer, stores: Stores, make_key: KeyFactory
):
    await save_server(stores, server)
    headers = {"Authorization": f"Bearer {await make_key(server.id, [Scope.STATS])}"}
    for path in ("stats", "stats?channel_id=12345678", "top/members", "stats?from=secret-value", "nowhere/secret-path"):
        await client.get(f"/api/guilds/{server.id}/{path}", headers=headers)
    await client.request("PURGE", f"/api/guilds/{server.id}/stats", headers=headers)
    await app.state.app_state.key_usage.save()

    await browser.log_in(server.manager)
    url = f"/api/guilds/{server.id}/keys/{await get_key_id(stores, server.id)}"
    usage = (await browser.herwa.get(f"{url}/usage?days=2")).json()
    assert usage["requests"] == 6
    rows = {(row["method"], row["route"]): row for row in usage["items"]}
    assert (rows["GET", STATS]["requests"], rows["GET", STATS]["client_errors"]) == (3, 2)
    assert rows["GET", "/api/guilds/{guild_id}/top/members"]["client_errors"] == 1
    assert (rows[None, None]["requests"], rows[None, None]["client_errors"]) == (2, 2)
    assert {(error["route"], error["status"], error["code"]) for error in usage["errors"]} == {
        (STATS, 404, "not_found"),
        (STATS, 400, "bad_request"),
        ("/api/guilds/{guild_id}/top/members", 403, Forbidden.code),
        (None, 404, "not_found"),
        (None, 405, "method_not_allowed"),
    }

    response = await browser.herwa.get(f"{url}/requests")
    items = response.json()["items"]
    assert [item["status"] for item in items] == [405, 404, 400, 403, 404, 200]
    assert {"at", "method", "route", "status", "code", "ms", "request_id"} == items[0].keys()
    for secret in ("12345678", "secret", str(server.id)):
        assert secret not in response.text


async def test_request_id_of_the_log_is_that_of_the_response(app, client, stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    headers = {"Authorization": f"Bearer {await make_key(guild_id)}"}
    response = await client.get(f"/api/guilds/{guild_id}/heatmap", headers=headers)
    await app.state.app_state.key_usage.save()
    async with stores.database.transaction() as session:
        (key,) = await list_keys(session, guild_id=guild_id)
        [request] = await list_last_requests(session, guild_id=guild_id, key_id=key.id)
    assert request.request_id == response.headers["x-request-id"]
    assert key.last_used_at == request.at


async def test_requests_beyond_the_limit_are_counted(app, client, stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    headers = {"Authorization": f"Bearer {await make_key(guild_id)}"}
    statuses = [(await client.get("/api/me", headers=headers)).status_code for _ in range(102)]
    assert statuses == [200] * 100 + [429] * 2
    await app.state.app_state.key_usage.save()
    async with stores.database.transaction() as session:
        usage = await load_usage(session, guild_id=guild_id, key_id=await get_key_id(stores, guild_id), days=1)
    assert [(row.endpoint, row.requests) for row in usage.endpoints] == [("GET /api/me", 100), ("", 2)]
    assert [(group.status, group.code) for group in usage.errors] == [(429, "too_many_requests")]


async def test_requests_of_users_and_of_invalid_keys_are_not_recorded(client, app, browser: Browser, stores: Stores):
    await app.state.app_state.key_usage.save()
    for headers in ({}, {"Authorization": "Bearer sk_live_hw_x"}):
        assert (await client.get("/api/me", headers=headers)).status_code == 401
    assert not app.state.app_state.key_usage._batch


async def test_what_could_not_be_saved_is_saved_later(stores: Stores, make_key: KeyFactory):
    guild_id = await add_guild(stores)
    await make_key(guild_id)
    key_id = await get_key_id(stores, guild_id)
    scope = {"method": "GET", "state": {"api_key": Principal(key_id, guild_id, guild_id, frozenset(), b"")}}
    unreachable = Database(UNREACHABLE_DATABASE_URL, pool_size=1)
    recorder = UsageRecorder(unreachable)
    for expected in (1, 2):
        recorder.record(scope, status=200, started_at=0.0, request_id="a")
        await recorder.save()
        assert [row[5] for row in recorder._batch.get_counts()] == [expected]
    await unreachable.close()

    recorder._database = stores.database
    async with save_periodically(recorder.save):
        recorder.record(scope, status=200, started_at=0.0, request_id="b")
    async with stores.database.transaction() as session:
        assert (await load_usage(session, guild_id=guild_id, key_id=key_id, days=1)).requests == 3


@pytest.mark.parametrize("query", ["days=0", "days=91", "days=x", "other=1"])
async def test_invalid_number_of_days_is_refused(browser: Browser, server: ManagedServer, stores: Stores, query):
    await save_server(stores, server)
    await browser.log_in(server.manager)
    response = await browser.herwa.get(f"/api/guilds/{server.id}/keys/1/usage?{query}")
    assert response.status_code == 400


async def test_use_of_an_unknown_key_is_not_found(browser: Browser, server: ManagedServer, stores: Stores):
    await save_server(stores, server)
    await browser.log_in(server.manager)
    for path in ("usage", "requests"):
        response: httpx.Response = await browser.herwa.get(f"/api/guilds/{server.id}/keys/{1 << 60}/{path}")
        assert response.status_code == 404
