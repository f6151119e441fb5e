"""What holds for every route of the OpenAPI document: who may call it, from which page, and who may keep its response."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from herwa_shared.stores import Stores
from tests.api.browser import Browser, open_client
from tests.api.conftest import KeyFactory
from tests.api.documented_routes import list_routes
from tests.support.oauth_login import ManagedServer, save_server
from tests.support.statement_log import Transaction, report_transactions

PUBLIC_PATHS = {"/healthz", "/readyz", "/api/leaked-keys"}
"""Health checks, and reports of leaked API keys."""
FOREIGN_PAGES = [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"X-Page": "unknown"}]
WRITES = ("INSERT", "UPDATE", "DELETE")


def list_writes(transactions: list[Transaction]) -> list[str]:
    return [statement for statements in transactions for statement in statements if statement.startswith(WRITES)]


@pytest.fixture
async def manager(browser: Browser, server: ManagedServer, stores: Stores) -> Browser:
    """A manager of the server, who is logged in."""
    await save_server(stores, server)
    await browser.log_in(server.manager)
    return browser


async def test_every_route_but_the_public_ones_requires_a_key_or_a_session(app: FastAPI, client: httpx.AsyncClient):
    routes = await list_routes(client)
    assert {route.path for route in routes if route.is_public} <= PUBLIC_PATHS

    for route in routes:
        if not route.is_public:
            async with open_client(app) as other:  # with its own limit of refused requests
                assert (await route.request(other)).status_code == 401, route
                assert (await route.request(other, Cookie="herwa_session=x", Origin="http://herwa")).status_code == 401


async def test_no_change_comes_from_another_site(manager: Browser, server: ManagedServer):
    routes = [route for route in await list_routes(manager.herwa) if not route.is_reading and not route.is_public]
    assert routes
    transactions: list[Transaction] = []
    for headers in FOREIGN_PAGES:
        with report_transactions(transactions.append):
            for route in routes:
                assert (await route.request(manager.herwa, server.id, **headers)).status_code == 403, route
            assert (await manager.log_out(**headers)).status_code == 403
    assert not list_writes(transactions)
    assert await manager.find_user_id() == server.manager


async def test_reading_changes_nothing(
    manager: Browser, client: httpx.AsyncClient, server: ManagedServer, make_key: KeyFactory
):
    authorization = {"Authorization": f"Bearer {await make_key(server.id)}"}
    for http_client, headers in ((manager.herwa, {}), (client, authorization)):
        for route in await list_routes(client):
            if not route.is_reading:
                continue
            transactions: list[Transaction] = []
            assert (await route.request(http_client, server.id, **headers)).status_code < 500
            with report_transactions(transactions.append):
                await route.request(http_client, server.id, **headers)
            assert not list_writes(transactions), route


async def test_no_dependency_of_a_route_runs_in_a_thread(
    manager: Browser, server: ManagedServer, monkeypatch: pytest.MonkeyPatch
):
    """FastAPI runs dependencies that are no coroutines in a thread, which costs more CPU than they do."""
    names: list[str] = []

    async def note_name(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        names.append(function.__qualname__)
        return function(*args, **options)

    monkeypatch.setattr("fastapi.dependencies.utils.run_in_threadpool", note_name)
    for route in await list_routes(manager.herwa):
        if not route.is_public:
            await route.request(manager.herwa, server.id, Origin=manager.settings.origin)
    assert names == []


async def test_no_cache_keeps_a_response_for_someone_else(
    manager: Browser, client: httpx.AsyncClient, server: ManagedServer, make_key: KeyFactory
):
    authorization = {"Authorization": f"Bearer {await make_key(server.id)}"}
    routes = await list_routes(client)
    for http_client, headers in ((manager.herwa, {}), (client, authorization), (client, {})):
        for route in routes:
            response = await route.request(http_client, server.id, **headers)
            directives = set(response.headers["cache-control"].split(", "))
            assert "private" in directives, route
            assert directives & {"no-store", "no-cache"}, route
            assert {"Authorization", "Cookie"} <= set(response.headers["vary"].split(", ")), route
            assert not [name for name in response.headers if name.startswith("access-control")], route


async def test_every_response_with_a_body_is_json_and_not_sniffed(
    manager: Browser, client: httpx.AsyncClient, server: ManagedServer, make_key: KeyFactory
):
    authorization = {"Authorization": f"Bearer {await make_key(server.id)}"}
    routes = await list_routes(client)
    for http_client, headers in ((manager.herwa, {}), (client, authorization), (client, {})):
        for route in routes:
            response = await route.request(http_client, server.id, **headers)
            kind = "application/json" if response.is_success else "application/problem+json"
            assert response.headers["content-type"] == kind, route
            assert response.headers["x-content-type-options"] == "nosniff"
            assert isinstance(response.json(), dict)


async def test_other_methods_are_refused_and_nothing_is_echoed(client: httpx.AsyncClient):
    for route in await list_routes(client):
        for method in ("TRACE", "PROPFIND"):
            response = await client.request(method, route.fill(), headers={"X-Secret": "canary"})
            assert response.status_code == 405
            assert "canary" not in response.text


async def test_no_path_redirects_to_another_one(client: httpx.AsyncClient):
    for route in await list_routes(client):
        path = f"{route.fill()}/"
        assert (await client.request(route.method, path, headers={"Host": "evil.example"})).status_code == 404, path


async def test_ids_are_strings_and_bodies_have_no_other_fields(client: httpx.AsyncClient):
    document = (await client.get("/api/openapi.json")).json()
    schemas = document["components"]["schemas"]
    bodies = {name for route in await list_routes(client) for name in route.body_schemas}
    assert bodies
    assert {name: schemas[name].get("additionalProperties") for name in bodies} == dict.fromkeys(bodies, False)
    ids = {
        (name, key): schema
        for name, description in schemas.items()
        for key, schema in description.get("properties", {}).items()
        if key == "id" or key.endswith(("_id", "_ids"))
    }
    assert ids
    assert not [key for key, schema in ids.items() if "integer" in str(schema) or "number" in str(schema)]
