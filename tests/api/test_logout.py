"""Browser sessions: new at every login, deleted at logout, protected against CSRF."""

import httpx
import pytest
from fastapi import Response
from sqlmodel import func, select

from herwa_api.app import create_app
from herwa_api.cookies import set_session_cookie
from herwa_shared.auth.discord_oauth import TokenRejected
from herwa_shared.auth.sessions import get_cookie_name
from herwa_shared.models import UserToken, WebSession
from herwa_shared.stores import Stores
from tests.api.browser import BROWSER_HEADERS, Browser, open_browser
from tests.support.oauth_login import ManagedServer, create_oauth_client, load_tokens

ATTACKER_TOKEN = "A" * 43


async def count_rows(stores: Stores, table, user_id: int) -> int:
    async with stores.database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(table).where(table.user_id == user_id))


async def test_logout_ends_the_session_and_invalidates_stolen_cookies(browser: Browser, server: ManagedServer):
    await browser.log_in(server.owner)
    stolen_cookies = browser.cookie_header

    response = await browser.log_out()

    assert (response.status_code, response.content) == (204, b"")
    assert browser.session_token is None
    stolen_response = await browser.herwa.get("/api/me", headers={"Cookie": stolen_cookies})
    assert stolen_response.status_code == 401


async def test_login_creates_a_new_session_and_ends_the_previous_one(browser: Browser, server: ManagedServer):
    await browser.log_in(server.owner)
    former_cookies = browser.cookie_header
    await browser.log_in(server.owner)

    assert browser.cookie_header != former_cookies
    assert (await browser.herwa.get("/api/me", headers={"Cookie": former_cookies})).status_code == 401
    assert await browser.find_user_id() == server.owner


async def test_login_as_another_user_ends_the_previous_session(browser: Browser, server: ManagedServer, stores: Stores):
    await browser.log_in(server.owner)
    await browser.log_in(server.member)

    assert await browser.find_user_id() == server.member
    assert await count_rows(stores, WebSession, server.owner) == 0


async def test_login_never_adopts_a_session_token_chosen_by_an_attacker(browser: Browser, server: ManagedServer):
    name = get_cookie_name(browser.settings)
    browser.herwa.cookies.set(name, ATTACKER_TOKEN)
    assert await browser.find_user_id() is None
    response = await browser.log_in(server.owner)

    assert ATTACKER_TOKEN not in response.headers["set-cookie"]
    assert (await browser.herwa.get("/api/me", headers={"Cookie": f"{name}={ATTACKER_TOKEN}"})).status_code == 401


async def test_session_cookie_is_httponly_and_has_no_domain(browser: Browser, server: ManagedServer):
    response = await browser.log_in(server.owner)
    [cookie] = [
        header
        for header in response.headers.get_list("set-cookie")
        if header.startswith(get_cookie_name(browser.settings))
    ]
    parts = cookie.split("; ")

    assert len(parts[0].partition("=")[2]) == 43
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(parts)
    assert not [part for part in parts if part.lower().startswith("domain")]


def test_https_session_cookie_has_every_protection(settings):
    https_settings = settings.model_copy(update={"public_url": "https://herwa.example"})
    response = Response()
    set_session_cookie(response, ATTACKER_TOKEN, https_settings)
    name_and_value, *attributes = response.headers["set-cookie"].split("; ")

    assert name_and_value == f"__Host-herwa_session={ATTACKER_TOKEN}"
    assert set(attributes) == {"HttpOnly", "Max-Age=7776000", "Path=/", "SameSite=lax", "Secure"}


async def test_https_session_cookie_has_the_host_prefix(
    browser: Browser, server: ManagedServer, stores: Stores, settings, policies
):
    callback = await browser.authorize(await browser.start_login(), server.owner)
    https_settings = settings.model_copy(update={"public_url": settings.origin.replace("http://", "https://")})
    async with open_browser(create_app(stores, https_settings, policies)) as https_browser:
        await https_browser.start_login()
        refusal = await https_browser.log_out()
        assert "__Host-herwa_session=" in refusal.headers["set-cookie"]
        assert "Secure" in refusal.headers["set-cookie"]
        assert (await https_browser.herwa.get(httpx.URL(callback).raw_path.decode())).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost:8321.evil.example"},
        {"Accept": "*/*"},
    ],
)
async def test_logout_from_another_site_is_refused(browser: Browser, server: ManagedServer, headers):
    await browser.log_in(server.owner)

    response = await browser.log_out(**headers)

    assert response.status_code == 403
    assert "set-cookie" not in response.headers
    assert await browser.find_user_id() == server.owner


async def test_logout_works_from_every_local_origin(browser: Browser, server: ManagedServer):
    port = browser.settings.port
    for headers in (
        {"Origin": f"http://localhost:{port}", "Sec-Fetch-Site": "same-origin"},
        {"Origin": f"http://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "same-origin"},
    ):
        await browser.log_in(server.owner)
        assert (await browser.log_out(**headers)).status_code == 204
        assert await browser.find_user_id() is None


async def test_logout_by_get_or_head_is_refused(browser: Browser, server: ManagedServer):
    await browser.log_in(server.owner)
    for method in ("GET", "HEAD"):
        response = await browser.herwa.request(method, "/auth/logout", headers=BROWSER_HEADERS)
        assert response.status_code == 405
    assert await browser.find_user_id() == server.owner


async def test_logout_without_a_session_succeeds(browser: Browser):
    assert (await browser.log_out()).status_code == 204
    assert (await browser.log_out()).status_code == 204


async def test_logout_of_the_last_session_deletes_the_tokens_and_revokes_them_at_discord(
    browser: Browser, other_browser: Browser, server: ManagedServer, stores: Stores, folder
):
    for session_browser in (browser, other_browser):
        await session_browser.log_in(server.owner)
    discord = create_oauth_client(browser.settings, folder)
    tokens = await load_tokens(stores, browser.settings, folder, server.owner)

    await browser.log_out()
    assert await count_rows(stores, UserToken, server.owner) == 1
    assert (await discord.fetch_current_user(tokens)).id == server.owner

    await other_browser.log_out()
    assert await count_rows(stores, UserToken, server.owner) == 0
    for call in (discord.fetch_current_user, discord.refresh):
        with pytest.raises(TokenRejected):
            await call(tokens)


async def test_session_token_is_stored_only_as_a_hash(browser: Browser, server: ManagedServer, stores: Stores):
    await browser.log_in(server.owner)
    async with stores.database.transaction() as session:
        [row] = (await session.scalars(select(WebSession).where(WebSession.user_id == server.owner))).all()

    assert len(row.digest) == 32
    assert browser.session_token not in repr(row)
