"""A session reads only the servers that its user manages; every other server looks missing."""

import httpx
import pytest

from herwa_shared.auth import guild_access
from herwa_shared.auth.user_guilds import invalidate_guild_access
from herwa_shared.catalog import Scope
from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.api.conftest import KeyFactory
from tests.api.documented_routes import DocumentedRoute, list_routes
from tests.support.oauth_login import ManagedServer, create_oauth_client, load_tokens, save_server
from tests.support.row_factories import add_guild
from tests.support.sim_process import SimProcess
from tests.support.statement_log import Transaction, report_transactions

ROUTES = ["stats", "top/channels", "top/members", "heatmap"]


def get_comparable_parts(response: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """Return status, body and headers of a response without what differs from request to request."""
    return (
        response.status_code,
        response.content,
        {name: value for name, value in response.headers.items() if name not in ("x-request-id", "ratelimit")},
    )


@pytest.mark.parametrize("route", ROUTES)
async def test_owner_and_manager_can_read_the_server(browser: Browser, server: ManagedServer, stores: Stores, route):
    await save_server(stores, server)
    for user_id in (server.owner, server.manager):
        await browser.log_in(user_id)
        assert (await browser.herwa.get(f"/api/guilds/{server.id}/{route}")).status_code == 200


@pytest.mark.parametrize("is_member", [True, False])
async def test_server_looks_missing_to_users_who_do_not_manage_it(
    browser: Browser, server: ManagedServer, stores: Stores, discord: SimProcess, is_member: bool
):
    await save_server(stores, server)
    without_bot = ManagedServer(discord.client, bot=False)
    foreign = await add_guild(stores)
    invalid_guild_ids = [
        str(foreign),
        "0",
        "01",
        "-1",
        "abc",
        "\N{FULLWIDTH DIGIT ONE}",
        str(1 << 63),
        str(1 << 70),
        "1" * 30,
        f"0{server.id}",
        "%20",
    ]
    routes = [route for route in await list_routes(browser.herwa) if route.is_of_a_guild and route.is_reading]
    assert len(routes) >= len(ROUTES) + 14, "numbers, settings, keys, exports, widgets, and the server itself"

    await browser.log_in(server.member if is_member else without_bot.owner)
    for route in routes:
        missing = get_comparable_parts(await browser.herwa.get(route.fill(81384788765712384)))
        assert missing[0] == 404
        for guild_id in (str(server.id), str(without_bot.id), *invalid_guild_ids):
            assert get_comparable_parts(await browser.herwa.get(route.fill(guild_id))) == missing


async def test_foreign_and_missing_servers_cost_the_same_statements_on_every_route(
    browser: Browser, server: ManagedServer, stores: Stores, monkeypatch
):
    # Any refused request refreshes an old cache, whichever comes first.
    monkeypatch.setattr(guild_access, "REFUSAL_TTL", guild_access.CACHE_TTL)
    await save_server(stores, server)
    await browser.log_in(server.member)
    routes = [route for route in await list_routes(browser.herwa) if route.is_of_a_guild and route.is_reading]

    async def list_statements(route: DocumentedRoute, guild_id: int) -> list[Transaction]:
        transactions: list[Transaction] = []
        with report_transactions(transactions.append):
            assert (await browser.herwa.get(route.fill(guild_id))).status_code == 404
        return transactions

    for route in routes:
        await list_statements(route, 81384788765712384)
        foreign, missing = await list_statements(route, server.id), await list_statements(route, 81384788765712385)
        assert foreign == missing, route


async def test_a_server_has_its_tier_limits_and_time_zone(
    browser: Browser, server: ManagedServer, stores: Stores, client: httpx.AsyncClient, make_key: KeyFactory
):
    await save_server(stores, server, has_all_history=False)
    await browser.log_in(server.manager)
    path = f"/api/guilds/{server.id}"
    body = (await browser.herwa.get(path)).json()
    assert (body["id"], body["name"], body["timezone"], body["tier"]) == (str(server.id), server.name, "UTC", "free")
    assert (body["limits"]["history_days"], body["limits"]["requests_a_minute"]) == (90, 100)
    headers = {"Authorization": f"Bearer {await make_key(server.id, [Scope.SETTINGS_READ])}"}
    assert (await client.get(path, headers=headers)).json()["name"] == server.name


async def test_request_without_a_session_is_refused(browser: Browser, server: ManagedServer, stores: Stores):
    await save_server(stores, server)
    for path in ("/api/me", "/api/guilds", f"/api/guilds/{server.id}/stats"):
        assert (await browser.herwa.get(path)).status_code == 401


async def test_session_does_not_replace_an_invalid_key(browser: Browser, server: ManagedServer, stores: Stores):
    await save_server(stores, server)
    await browser.log_in(server.owner)
    for authorization in ("Bearer sk_live_wrong", "Basic abc", "Bearer"):
        response = await browser.herwa.get(f"/api/guilds/{server.id}/stats", headers={"Authorization": authorization})
        assert response.status_code == 401


async def test_session_token_outside_its_cookie_is_refused(browser: Browser, server: ManagedServer, stores: Stores):
    await save_server(stores, server)
    await browser.log_in(server.owner)
    session_token = browser.session_token
    browser.herwa.cookies.clear()

    path = f"/api/guilds/{server.id}/stats"
    assert (await browser.herwa.get(path, params={"herwa_session": session_token})).status_code == 401
    assert (await browser.herwa.get(path, headers={"Authorization": f"Bearer {session_token}"})).status_code == 401
    assert (await browser.herwa.get(path, headers={"Cookie": f"session={session_token}"})).status_code == 401


async def test_me_returns_the_user_or_the_key(
    browser: Browser, server: ManagedServer, make_key: KeyFactory, stores: Stores
):
    await save_server(stores, server)
    await browser.log_in(server.manager)
    body = (await browser.herwa.get("/api/me")).json()
    headers = {"Authorization": f"Bearer {await make_key(server.id, [Scope.STATS])}"}

    assert body["user"]["id"] == str(server.manager)
    assert body["user"]["name"].startswith("Max")
    assert body["key"] is None
    assert (await browser.herwa.get("/api/me", headers=headers)).json() == {
        "user": None,
        "key": {"guild_id": str(server.id), "scopes": ["stats:read"], "is_test": False},
    }


async def test_guild_list_contains_managed_servers_with_and_without_the_bot(
    browser: Browser, server: ManagedServer, stores: Stores, discord: SimProcess
):
    await save_server(stores, server)
    without_bot = discord.client.create_guild(f"No bot of {server.name}", owner_id=server.manager, bot=False)
    await browser.log_in(server.manager)
    guilds_by_id = {guild["id"]: guild for guild in (await browser.herwa.get("/api/guilds")).json()["items"]}

    assert {id_: (guild["owner"], guild["bot_is_in"]) for id_, guild in guilds_by_id.items()} == {
        str(server.id): (False, True),
        str(without_bot): (True, False),
    }
    assert guilds_by_id[str(server.id)]["name"] == server.name
    await browser.log_in(server.member)
    assert (await browser.herwa.get("/api/guilds")).json() == {"items": []}


async def test_guild_list_of_a_key_contains_its_server(client, make_key: KeyFactory, stores: Stores):
    guild_id = await add_guild(stores)
    headers = {"Authorization": f"Bearer {await make_key(guild_id)}"}
    [item] = (await client.get("/api/guilds", headers=headers)).json()["items"]

    assert (item["id"], item["name"], item["bot_is_in"]) == (str(guild_id), "Tea", True)


async def test_manager_who_lost_the_role_is_refused(browser: Browser, server: ManagedServer, stores: Stores):
    await save_server(stores, server)
    await browser.log_in(server.manager)
    path = f"/api/guilds/{server.id}/stats"
    assert (await browser.herwa.get(path)).status_code == 200

    server.remove_manager_role()
    async with stores.database.transaction() as session:
        await invalidate_guild_access(session, guild_id=server.id, user_id=server.manager)

    assert (await browser.herwa.get(path)).status_code == 404


async def test_session_request_gets_503_while_discord_is_unavailable(
    browser: Browser, server: ManagedServer, stores: Stores, discord: SimProcess
):
    await save_server(stores, server)
    await browser.log_in(server.owner)
    discord.client.enable_faults(fail={"share": 1, "route": "/users/@me/guilds"})
    response = await browser.herwa.get(f"/api/guilds/{server.id}/stats")

    assert (response.status_code, response.json()["code"]) == (503, "discord_away")
    assert int(response.headers["retry-after"]) >= 1


async def test_user_who_revokes_the_authorization_at_discord_is_logged_out(
    browser: Browser, server: ManagedServer, stores: Stores, discord: SimProcess, folder
):
    await save_server(stores, server)
    await browser.log_in(server.owner)
    await create_oauth_client(browser.settings, folder).revoke(
        await load_tokens(stores, browser.settings, folder, server.owner)
    )

    response = await browser.herwa.get("/api/guilds")

    assert (response.status_code, response.json()["code"]) == (401, "log_in_again")
    assert await browser.find_user_id() is None
