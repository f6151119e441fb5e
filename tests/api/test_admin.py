"""The routes of the operator's panel: operators use them; for everyone else they are unknown paths."""

import re
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlmodel import col

from herwa_api.app import PANEL_ROUTERS
from herwa_api.operator_gate import PANEL_PREFIX
from herwa_shared.auth.operators import RECENT_LOGIN
from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.discord.endpoints import LOCAL_OPERATOR_ID
from herwa_shared.models import WebSession
from herwa_shared.services.audit import list_entries
from herwa_shared.stores import Stores
from tests.api.browser import Browser, open_browser, open_client
from tests.api.conftest import KeyFactory
from tests.support.oauth_login import ManagedServer

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
CHANGING_HEADERS = ("x-request-id", "ratelimit", "date")


@pytest.fixture
async def operator(browser: Browser) -> Browser:
    """The operator of the local Discord, who has just logged in."""
    await browser.log_in(LOCAL_OPERATOR_ID)
    browser.herwa.headers["Origin"] = browser.settings.origin
    return browser


def list_panel_paths(guild_id: int) -> list[str]:
    templates = {route.path for router in PANEL_ROUTERS for route in router.routes}
    assert all(template.startswith(f"{PANEL_PREFIX}/") for template in templates)
    assert len(templates) >= 9
    filled = {template.replace("{guild_id}", str(guild_id)) for template in templates}
    return sorted(re.sub(r"\{\w+\}", "1", path) for path in filled)


def describe(response: httpx.Response) -> tuple:
    headers = {name: value for name, value in response.headers.items() if name not in CHANGING_HEADERS}
    return response.status_code, response.text, headers


@pytest.mark.slow
async def test_panel_is_unknown_to_everyone_else(
    app: FastAPI, settings: Settings, saved_server: ManagedServer, make_key: KeyFactory
):
    """To a visitor, a key, the owner (also without `Origin`), a manager, a member and a stranger."""
    stranger = saved_server.discord.join(saved_server.discord.create_guild("Elsewhere"), "Stranger")
    origin = {"Origin": settings.origin}
    key = {"Authorization": f"Bearer {await make_key(saved_server.id)}"}
    callers = [{}, key]
    for user in (saved_server.owner, saved_server.manager, saved_server.member, stranger):
        async with open_browser(app) as browser:
            await browser.log_in(user)
            callers.append({"Cookie": browser.cookie_header, **origin})
    callers.append({"Cookie": callers[2]["Cookie"]})
    paths = [*list_panel_paths(saved_server.id), PANEL_PREFIX, f"{PANEL_PREFIX}/", f"{PANEL_PREFIX}/nothing"]
    for headers in callers:
        methods = ("GET", "POST") if headers is key else METHODS  # a key has fewer requests per minute
        async with open_client(app) as client:
            assert (await client.get("/api/me", headers=headers)).status_code == (200 if headers else 401)
            unknown = {
                method: describe(await client.request(method, "/api/nothing", headers=headers)) for method in methods
            }
            assert unknown["GET"][0] == 404
            for content in (b"{", b"null", b"\xff"):
                response = await client.post(
                    paths[1], headers={**headers, "Content-Type": "application/json"}, content=content
                )
                assert describe(response) == unknown["POST"]
        for path in paths:
            async with open_client(app) as client:  # with its own limit of requests
                for method in methods:
                    response = await client.request(method, path, headers=headers)
                    assert describe(response) == unknown[method], (method, path)


async def test_openapi_document_does_not_name_the_panel(client: httpx.AsyncClient):
    assert PANEL_PREFIX not in (await client.get("/api/openapi.json")).text


async def test_operator_finds_and_changes_a_server(operator: Browser, saved_server: ManagedServer, stores: Stores):
    url = f"{PANEL_PREFIX}/servers/{saved_server.id}"
    found = (await operator.herwa.get(f"{PANEL_PREFIX}/servers", params={"q": saved_server.name})).json()
    assert str(saved_server.id) in [item["id"] for item in found["items"]]
    body = {"tier": "premium", "days": 30, "reason": "Support request 17"}
    granted = await operator.herwa.post(f"{url}/grant", json=body)
    assert (granted.status_code, granted.json()["tier"], granted.json()["subscriptions"][0]["source"]) == (
        200,
        "premium",
        "manual",
    )
    assert (await operator.herwa.post(f"{url}/notes", json={"text": "asked"})).json()["notes"][0]["text"] == "asked"
    override = {"limit": "api_keys", "value": 9, "reason": "Agency"}
    assert (await operator.herwa.post(f"{url}/overrides", json=override)).json()["overrides"][0]["value"] == 9
    revoked = await operator.herwa.post(f"{url}/revoke", json={"reason": "Refunded"})
    assert (revoked.status_code, revoked.json()["tier"]) == (200, "free")
    audited = (await operator.herwa.get(f"{PANEL_PREFIX}/audit")).json()["items"]
    own = [item["action"] for item in audited if item["target"] == str(saved_server.id)]
    assert own == ["server.revoke", "server.limit", "server.note", "server.grant"]
    assert {item["via"] for item in audited if item["target"] == str(saved_server.id)} == {"api"}
    async with stores.database.transaction() as session:
        assert "subscription.grant" in [entry.action for entry in await list_entries(session, guild_id=saved_server.id)]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("grant", {"tier": "premium", "days": 0, "reason": "r"}, "days"),
        ("grant", {"tier": "premium", "days": 1, "reason": ""}, "reason"),
        ("grant", {"tier": "premium", "reason": "r", "owner": 1}, "owner"),
        ("overrides", {"reason": "r"}, "body"),
        ("extend", {"days": "7", "reason": "r"}, "days"),
    ],
)
async def test_invalid_bodies_are_refused(
    operator: Browser, saved_server: ManagedServer, path: str, body: dict, field: str
):
    response = await operator.herwa.post(f"{PANEL_PREFIX}/servers/{saved_server.id}/{path}", json=body)
    assert response.status_code in (400, 422)
    assert field in response.json()["errors"][0]["field"]


async def test_changes_come_from_our_pages_only(operator: Browser, saved_server: ManagedServer):
    del operator.herwa.headers["Origin"]
    url = f"{PANEL_PREFIX}/servers/{saved_server.id}/notes"
    for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await operator.herwa.post(url, json={"text": "x"}, headers=headers)).status_code == 403


async def test_revoking_needs_a_recent_log_in(operator: Browser, saved_server: ManagedServer, stores: Stores):
    url = f"{PANEL_PREFIX}/servers/{saved_server.id}"
    await operator.herwa.post(f"{url}/grant", json={"tier": "premium", "days": 30, "reason": "r"})
    async with stores.database.transaction() as session:
        old = utc_now() - RECENT_LOGIN - timedelta(seconds=1)
        is_operator = col(WebSession.user_id) == LOCAL_OPERATOR_ID
        await session.execute(update(WebSession).where(is_operator).values(created_at=old))
    response = await operator.herwa.post(f"{url}/revoke", json={"reason": "r"})
    assert (response.status_code, response.json()["code"]) == (403, "recent_login_required")
    assert (await operator.herwa.get(url)).json()["tier"] == "premium"
    await operator.log_in(LOCAL_OPERATOR_ID)
    assert (await operator.herwa.post(f"{url}/revoke", json={"reason": "r"})).status_code == 200
