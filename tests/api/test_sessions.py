"""`/api/sessions`: users see their log-ins, and end one or all others; keys and other users cannot."""

import httpx
import pytest

from herwa_shared.auth.sessions import get_session_id
from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.api.conftest import KeyFactory
from tests.support.oauth_login import ManagedServer, save_server

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
ROUTE = "/api/sessions"


async def list_sessions(browser: Browser) -> list[dict]:
    response = await browser.herwa.get(ROUTE)
    assert response.status_code == 200, response.text
    return response.json()["items"]


async def delete(browser: Browser, path: str, **headers: str) -> httpx.Response:
    return await browser.herwa.delete(path, headers=headers or {"Origin": browser.settings.origin})


@pytest.fixture
async def two_browsers(browser: Browser, other_browser: Browser, server: ManagedServer) -> tuple[Browser, Browser]:
    """Two browsers of one user who is logged in with both, last with the second one."""
    browser.herwa.headers["User-Agent"] = FIREFOX
    for opened in (browser, other_browser):
        await opened.log_in(server.manager)
    return browser, other_browser


async def test_sessions_are_listed_with_the_current_one_first(two_browsers):
    first, second = two_browsers
    own, other = await list_sessions(first)

    assert (own["browser"], own["current"], other["current"]) == ("Firefox on Windows", True, False)
    assert own["id"] == get_session_id(first.session_token)
    assert [session["id"] for session in await list_sessions(second)] == [other["id"], own["id"]]
    assert own["created_at"] <= own["last_used_at"] < own["ends_at"]
    assert first.session_token not in str([own, other])


async def test_ended_session_is_refused_at_once(two_browsers, server: ManagedServer):
    first, second = two_browsers
    response = await delete(first, f"{ROUTE}/{get_session_id(second.session_token)}")

    assert (response.status_code, response.json()) == (200, {"ended": 1})
    assert (await second.herwa.get("/api/me")).status_code == 401
    assert len(await list_sessions(first)) == 1


async def test_all_other_sessions_end(two_browsers):
    first, second = two_browsers
    assert (await delete(first, ROUTE)).json() == {"ended": 1}
    assert (await delete(first, ROUTE)).json() == {"ended": 0}
    assert (await second.herwa.get("/api/me")).status_code == 401
    assert (await first.herwa.get("/api/me")).status_code == 200


async def test_current_session_is_not_ended_by_its_id(two_browsers):
    first, _ = two_browsers
    response = await delete(first, f"{ROUTE}/{get_session_id(first.session_token)}")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "session_id")
    assert (await first.herwa.get("/api/me")).status_code == 200


async def test_session_of_another_user_looks_like_an_unknown_one(
    browser: Browser, other_browser: Browser, server: ManagedServer
):
    await browser.log_in(server.manager)
    await other_browser.log_in(server.owner)
    foreign = await delete(browser, f"{ROUTE}/{get_session_id(other_browser.session_token)}")
    unknown = await delete(browser, f"{ROUTE}/{'0' * 32}")

    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content
    assert (await other_browser.herwa.get("/api/me")).status_code == 200


@pytest.mark.parametrize("path", [ROUTE, f"{ROUTE}/{'0' * 32}"])
async def test_request_from_another_site_ends_nothing(two_browsers, path):
    first, second = two_browsers
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"X-Test": "neither"}):
        assert (await delete(first, path, **headers)).status_code == 403
    assert (await second.herwa.get("/api/me")).status_code == 200


async def test_api_key_has_no_sessions(client, server: ManagedServer, stores: Stores, make_key: KeyFactory):
    await save_server(stores, server)
    headers = {"Authorization": f"Bearer {await make_key(server.id)}"}
    for method, path in (("GET", ROUTE), ("DELETE", ROUTE), ("DELETE", f"{ROUTE}/{'0' * 32}")):
        assert (await client.request(method, path, headers=headers)).status_code == 403
        assert (await client.request(method, path)).status_code == 401
