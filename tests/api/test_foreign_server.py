"""A server of others and one that does not exist: the same response for the same work, on every route and method.

The same work means the same statements, so that the time of a response tells nothing either.
"""

from dataclasses import dataclass

import httpx

from herwa_shared.auth import guild_access
from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.api.conftest import KeyFactory
from tests.api.documented_routes import DocumentedRoute, list_routes
from tests.support.oauth_login import ManagedServer, save_server
from tests.support.row_factories import EventRow, add_guild, insert_events, make_utc
from tests.support.statement_log import Transaction, count_selects, report_transactions

MISSING_ID = 81384788765712384
CHANGING_HEADERS = ("x-request-id", "ratelimit")


@dataclass(frozen=True)
class Observation:
    """All that a caller can see of a response, and what it has cost."""

    status: int
    body: bytes
    headers: dict[str, str]
    transactions: list[Transaction]
    selects: int


async def observe(
    stores: Stores, client: httpx.AsyncClient, route: DocumentedRoute, guild_id: int, **headers: str
) -> Observation:
    """Send a request to the route of this guild."""
    transactions: list[Transaction] = []
    selects_before = await count_selects(stores.clickhouse)
    with report_transactions(transactions.append):
        response = await route.request(client, guild_id, **headers)
    selects = await count_selects(stores.clickhouse) - selects_before - 1
    compared = {name: value for name, value in response.headers.items() if name not in CHANGING_HEADERS}
    return Observation(response.status_code, response.content, compared, transactions, selects)


async def test_foreign_server_costs_a_key_what_a_missing_one_does(client, stores: Stores, make_key: KeyFactory):
    own_id, foreign_id = await add_guild(stores), await add_guild(stores)
    await insert_events(stores, foreign_id, [EventRow(make_utc(2025, 3, 1))])
    await make_key(foreign_id)
    authorization = {"Authorization": f"Bearer {await make_key(own_id)}"}
    assert (await client.get("/api/me", headers=authorization)).status_code == 200

    for route in await list_routes(client):
        if route.is_of_a_guild:
            foreign = await observe(stores, client, route, foreign_id, **authorization)
            assert (foreign.status, foreign.transactions, foreign.selects) == (404, [], 0), route
            assert foreign == await observe(stores, client, route, MISSING_ID, **authorization)


async def test_foreign_server_costs_a_user_what_a_missing_one_does(
    browser: Browser, stores: Stores, server: ManagedServer, make_key: KeyFactory, monkeypatch
):
    # Any refused request refreshes an old cache, whichever comes first.
    monkeypatch.setattr(guild_access, "REFUSAL_TTL", guild_access.CACHE_TTL)
    await save_server(stores, server)
    await insert_events(stores, server.id, [EventRow(make_utc(2025, 3, 1))])
    await make_key(server.id)
    await browser.log_in(server.member)
    headers = {"Origin": browser.settings.origin}
    assert (await browser.herwa.get("/api/guilds")).json() == {"items": []}

    for route in await list_routes(browser.herwa):
        if route.is_of_a_guild:
            foreign = await observe(stores, browser.herwa, route, server.id, **headers)
            assert (foreign.status, foreign.selects) == (404, 0), route
            assert foreign == await observe(stores, browser.herwa, route, MISSING_ID, **headers)
