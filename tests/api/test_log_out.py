"""Sessions of browsers: new at every log-in, gone at log-out, closed against other sites."""

import httpx
import pytest
from sqlmodel import func, select

from herwa_shared.auth.discord_oauth import TokenRefused
from herwa_shared.auth.sessions import cookie_name
from herwa_shared.models import UserToken, WebSession
from herwa_shared.stores import Stores
from tests.api import browser as browsers
from tests.api.browser import PERSON, Browser
from tests.people import Server, at_discord, tokens_of

CHOSEN = "A" * 43


async def count(stores: Stores, table, user_id: int) -> int:
    async with stores.database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(table).where(table.user_id == user_id))


async def test_logging_out_ends_the_session_here_and_a_stolen_one_is_worth_nothing(browser: Browser, server: Server):
    await browser.log_in(server.owner)
    stolen = browser.cookies

    answer = await browser.log_out()

    assert (answer.status_code, answer.content) == (204, b"")
    assert browser.session is None
    thief = await browser.herwa.get("/api/me", headers={"Cookie": stolen})
    assert thief.status_code == 401


async def test_every_log_in_has_a_new_session_and_the_former_one_ends(browser: Browser, server: Server):
    await browser.log_in(server.owner)
    former = browser.cookies
    await browser.log_in(server.owner)

    assert browser.cookies != former
    assert (await browser.herwa.get("/api/me", headers={"Cookie": former})).status_code == 401
    assert await browser.who_am_i() == server.owner


async def test_who_logs_in_as_somebody_else_is_nobody_else_any_more(browser: Browser, server: Server, stores: Stores):
    await browser.log_in(server.owner)
    await browser.log_in(server.member)

    assert await browser.who_am_i() == server.member
    assert await count(stores, WebSession, server.owner) == 0


async def test_a_session_that_an_attacker_chose_is_never_taken_over(browser: Browser, server: Server):
    name = cookie_name(browser.settings)
    browser.herwa.cookies.set(name, CHOSEN)
    assert await browser.who_am_i() is None
    back = await browser.log_in(server.owner)

    assert CHOSEN not in back.headers["set-cookie"]
    assert (await browser.herwa.get("/api/me", headers={"Cookie": f"{name}={CHOSEN}"})).status_code == 401


async def test_the_cookie_is_for_the_server_alone(browser: Browser, server: Server):
    back = await browser.log_in(server.owner)
    [cookie] = [one for one in back.headers.get_list("set-cookie") if one.startswith(cookie_name(browser.settings))]
    parts = cookie.split("; ")

    assert len(parts[0].partition("=")[2]) == 43
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(parts)
    assert not [part for part in parts if part.lower().startswith("domain")]


async def test_on_https_the_session_is_bound_to_the_host(
    browser: Browser, server: Server, stores: Stores, settings, policies
):
    address = await browser.agree(await browser.ask_to_log_in(), server.owner)
    public = settings.model_copy(update={"public_url": settings.origin.replace("http://", "https://")})
    async with browsers.opened(stores, public, policies) as secure:
        await secure.ask_to_log_in()
        refused = await secure.log_out()
        assert "__Host-herwa_session=" in refused.headers["set-cookie"]
        assert "Secure" in refused.headers["set-cookie"]
        assert (await secure.herwa.get(httpx.URL(address).raw_path.decode())).status_code == 400


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
async def test_another_site_cannot_log_a_person_out(browser: Browser, server: Server, headers):
    await browser.log_in(server.owner)

    answer = await browser.log_out(**headers)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert await browser.who_am_i() == server.owner


async def test_our_own_pages_can_log_out_under_each_of_our_names(browser: Browser, server: Server):
    port = browser.settings.port
    for headers in (
        {"Origin": f"http://localhost:{port}", "Sec-Fetch-Site": "same-origin"},
        {"Origin": f"http://127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "same-origin"},
    ):
        await browser.log_in(server.owner)
        assert (await browser.log_out(**headers)).status_code == 204
        assert await browser.who_am_i() is None


async def test_an_image_or_a_link_cannot_log_a_person_out(browser: Browser, server: Server):
    await browser.log_in(server.owner)
    for method in ("GET", "HEAD"):
        answer = await browser.herwa.request(method, "/auth/logout", headers=PERSON)
        assert answer.status_code == 405
    assert await browser.who_am_i() == server.owner


async def test_logging_out_twice_or_without_a_session_is_no_error(browser: Browser):
    assert (await browser.log_out()).status_code == 204
    assert (await browser.log_out()).status_code == 204


async def test_with_the_last_session_the_tokens_end_here_and_at_discord(
    browser: Browser, other: Browser, server: Server, stores: Stores, folder
):
    for one in (browser, other):
        await one.log_in(server.owner)
    discord = at_discord(browser.settings, folder)
    tokens = await tokens_of(stores, browser.settings, folder, server.owner)

    await browser.log_out()
    assert await count(stores, UserToken, server.owner) == 1
    assert (await discord.account(tokens)).id == server.owner

    await other.log_out()
    assert await count(stores, UserToken, server.owner) == 0
    for refused in (discord.account, discord.renewed):
        with pytest.raises(TokenRefused):
            await refused(tokens)


async def test_a_session_is_stored_as_a_hash_alone(browser: Browser, server: Server, stores: Stores):
    await browser.log_in(server.owner)
    async with stores.database.transaction() as session:
        [row] = (await session.scalars(select(WebSession).where(WebSession.user_id == server.owner))).all()

    assert len(row.digest) == 32
    assert browser.session not in repr(row)
