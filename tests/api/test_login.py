"""Login with Discord: a callback works once, in the same browser, within ten minutes."""

import asyncio

import httpx
import pytest
from sqlmodel import func, select

from herwa_api import oauth_state, texts
from herwa_api.app import create_app
from herwa_api.login_errors import LoginExpired
from herwa_shared.auth.encryption import create_encryptor
from herwa_shared.clock import utc_now
from herwa_shared.config import DiscordSettings, Settings
from herwa_shared.models import UsedOAuthState, User, UserToken, WebSession
from herwa_shared.stores import Stores
from tests.api.browser import BROWSER_HEADERS, Browser, open_browser
from tests.support.oauth_forms import parse_query
from tests.support.oauth_login import ManagedServer, load_tokens, save_server
from tests.support.sim_process import SimProcess


async def count_rows(stores: Stores, table) -> int:
    async with stores.database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(table))


async def test_authorized_user_is_logged_in_and_redirected_to_the_requested_page(
    browser: Browser, server: ManagedServer
):
    response = await browser.log_in(server.manager, next_path=f"/g/{server.id}?range=30d")

    assert (response.status_code, response.headers["location"]) == (303, f"/g/{server.id}?range=30d")
    assert await browser.find_user_id() == server.manager


async def test_authorization_request_has_state_s256_and_minimal_scopes(browser: Browser):
    query = parse_query(await browser.start_login())

    assert query["redirect_uri"] == f"{browser.settings.origin}/auth/callback"
    assert query["scope"].split() == ["identify", "guilds", "guilds.members.read"]
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert len(query["code_challenge"]) == 43
    assert len(query["state"]) >= 43
    assert "verifier" not in str(query)


async def test_each_login_has_its_own_state_and_challenge(browser: Browser):
    first_query, second_query = parse_query(await browser.start_login()), parse_query(await browser.start_login())

    assert first_query["state"] != second_query["state"]
    assert first_query["code_challenge"] != second_query["code_challenge"]


async def test_starting_a_login_writes_nothing_to_the_database(browser: Browser, stores: Stores):
    initial_counts = [await count_rows(stores, table) for table in (User, WebSession, UsedOAuthState)]
    for _ in range(5):
        await browser.start_login()
    assert [await count_rows(stores, table) for table in (User, WebSession, UsedOAuthState)] == initial_counts


@pytest.mark.parametrize(
    "change",
    [
        lambda callback: callback.copy_remove_param("state"),
        lambda callback: callback.copy_set_param("state", ""),
        lambda callback: callback.copy_set_param("state", "A" * 43),
        lambda callback: callback.copy_set_param("state", "ü" * 43),
        lambda callback: callback.copy_set_param("state", callback.params["state"][:-1]),
        lambda callback: callback.copy_set_param("state", callback.params["state"] + "A"),
        lambda callback: callback.copy_remove_param("code"),
        lambda callback: callback.copy_set_param("code", "guessed"),
        lambda callback: callback.copy_set_param("error", "server_error").copy_remove_param("code"),
    ],
)
async def test_modified_callback_is_refused(browser: Browser, server: ManagedServer, change):
    callback = httpx.URL(await browser.authorize(await browser.start_login(), server.owner))

    response = await browser.herwa.get(change(callback))

    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    assert browser.session_token is None
    assert await browser.find_user_id() is None


async def test_callback_is_accepted_only_once(browser: Browser, server: ManagedServer):
    callback = await browser.authorize(await browser.start_login(), server.owner)
    stolen_cookies = browser.cookie_header
    assert (await browser.herwa.get(callback)).status_code == 303
    session_token = browser.session_token

    repeated = await browser.herwa.get(callback)
    replayed = await browser.herwa.get(callback, headers={"Cookie": stolen_cookies})

    assert (repeated.status_code, replayed.status_code) == (400, 400)
    assert replayed.json()["code"] == LoginExpired.code, "Discord, which would refuse its code, is not asked"
    assert "set-cookie" not in repeated.headers
    assert "set-cookie" not in replayed.headers
    assert browser.session_token == session_token


async def test_used_authorization_code_is_refused(browser: Browser, other_browser: Browser, server: ManagedServer):
    used_callback = httpx.URL(await browser.authorize(await browser.start_login(), server.owner))
    await browser.herwa.get(used_callback)
    own_callback = httpx.URL(await other_browser.authorize(await other_browser.start_login(), server.member))

    response = await other_browser.herwa.get(own_callback.copy_set_param("code", used_callback.params["code"]))

    assert response.status_code == 400
    assert await other_browser.find_user_id() is None


async def test_callback_works_only_in_the_browser_that_started_the_login(
    browser: Browser, other_browser: Browser, server: ManagedServer
):
    callback = await browser.authorize(await browser.start_login(), server.owner)
    response_without_login = await other_browser.herwa.get(callback)
    await other_browser.start_login()
    response_during_login = await other_browser.herwa.get(callback)

    assert (response_without_login.status_code, response_during_login.status_code) == (400, 400)
    assert await other_browser.find_user_id() is None
    assert (await browser.herwa.get(callback)).status_code == 303


async def test_attacker_cannot_log_a_victim_into_the_attackers_account(
    browser: Browser, other_browser: Browser, server: ManagedServer
):
    attacker_callback = httpx.URL(await other_browser.authorize(await other_browser.start_login(), server.member))
    victim_callback = httpx.URL(await browser.authorize(await browser.start_login(), server.owner))

    response = await browser.herwa.get(victim_callback.copy_set_param("code", attacker_callback.params["code"]))

    assert response.status_code == 400
    assert await browser.find_user_id() is None


async def test_login_older_than_ten_minutes_is_refused(browser: Browser, server: ManagedServer, folder):
    encryptor = create_encryptor(browser.settings, folder, purpose="attempts")
    for minutes, status in ((11, 400), (9, 303)):
        attempt = oauth_state.create_oauth_state(next="/", now=utc_now() - oauth_state.LOGIN_LIFETIME * minutes / 10)
        authorization_url = httpx.URL(await browser.start_login())
        authorization_url = authorization_url.copy_merge_params(
            {"state": attempt.state, "code_challenge": attempt.challenge}
        )
        cookie = browser.login_cookies[-1]
        cookie.name = cookie.name[: -oauth_state.LOGIN_ID_LENGTH] + attempt.login_id
        cookie.value = attempt.encrypt(encryptor)
        assert (
            await browser.herwa.get(await browser.authorize(str(authorization_url), server.owner))
        ).status_code == status


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_logins_in_two_tabs_each_reach_their_own_destination(
    browser: Browser, server: ManagedServer, order: tuple[int, int]
):
    destinations = (f"/g/{server.id}?range=7d", "/home")
    authorization_urls = [await browser.start_login(destination) for destination in destinations]
    callbacks = [await browser.authorize(url, server.manager) for url in authorization_urls]

    for tab in order:
        response = await browser.herwa.get(callbacks[tab])
        assert (response.status_code, response.headers["location"]) == (303, destinations[tab])
        assert await browser.find_user_id() == server.manager
    assert browser.login_cookies == []


async def test_logins_started_at_the_same_time_all_work(browser: Browser, server: ManagedServer):
    authorization_urls = await asyncio.gather(*(browser.start_login(f"/g/{number}") for number in range(3)))

    for number, url in enumerate(authorization_urls):
        response = await browser.herwa.get(await browser.authorize(url, server.owner))
        assert response.headers["location"] == f"/g/{number}"


async def test_cancelling_one_login_leaves_the_other_as_it_is(browser: Browser, server: ManagedServer):
    cancelled = httpx.URL(await browser.start_login("/g/1")).params["state"]
    callback = await browser.authorize(await browser.start_login("/g/2"), server.owner)
    await browser.herwa.get("/auth/callback", params={"error": "access_denied", "state": cancelled})

    assert (await browser.herwa.get(callback)).headers["location"] == "/g/2"


async def test_only_the_newest_logins_are_kept(browser: Browser, server: ManagedServer):
    authorization_urls = [await browser.start_login(f"/g/{number}") for number in range(oauth_state.MAX_LOGINS + 1)]
    callbacks = [await browser.authorize(url, server.owner) for url in authorization_urls]

    assert len(browser.login_cookies) == oauth_state.MAX_LOGINS
    assert (await browser.herwa.get(callbacks[0])).status_code == 400
    for number, callback in enumerate(callbacks[1:], start=1):
        assert (await browser.herwa.get(callback)).headers["location"] == f"/g/{number}"


async def test_login_cookies_have_a_bounded_length(browser: Browser, server: ManagedServer):
    destination = "/g/1?channel=" + "1" * 1900
    authorization_urls = [await browser.start_login(destination) for _ in range(oauth_state.MAX_LOGINS)]

    assert sum(len(cookie.value) for cookie in browser.login_cookies) <= oauth_state.MAX_COOKIES_LENGTH
    callback = await browser.authorize(authorization_urls[-1], server.owner)
    assert (await browser.herwa.get(callback)).headers["location"] == destination


async def test_foreign_and_expired_login_cookies_are_deleted_by_the_next_login(browser: Browser, folder):
    encryptor = create_encryptor(browser.settings, folder, purpose="attempts")
    expired = oauth_state.create_oauth_state(next="/", now=utc_now() - oauth_state.LOGIN_LIFETIME)
    for _ in range(2):
        await browser.start_login()
    foreign_cookie, expired_cookie = browser.login_cookies
    foreign_cookie.value, expired_cookie.value = "not-encrypted-by-us", expired.encrypt(encryptor)
    await browser.start_login()

    [cookie] = browser.login_cookies
    assert cookie.name not in (foreign_cookie.name, expired_cookie.name)


async def test_cookie_of_one_login_does_not_accept_the_state_of_another(browser: Browser, server: ManagedServer):
    callbacks = [await browser.authorize(await browser.start_login(), server.owner) for _ in range(2)]
    first_cookie, second_cookie = browser.login_cookies
    first_cookie.value, second_cookie.value = second_cookie.value, first_cookie.value

    for callback in callbacks:
        assert (await browser.herwa.get(callback)).status_code == 400
    assert await browser.find_user_id() is None


async def test_failed_login_offers_to_log_in_again_with_the_same_destination(browser: Browser, server: ManagedServer):
    callback = httpx.URL(await browser.authorize(await browser.start_login("/g/1?range=7d"), server.owner))
    page = await browser.herwa.get(callback.copy_set_param("code", "guessed"), headers=BROWSER_HEADERS)

    assert page.status_code == 400
    assert 'href="/auth/login?next=%2Fg%2F1%3Frange%3D7d"' in page.text


async def test_login_cookie_is_encrypted_and_a_modified_one_is_refused(browser: Browser, server: ManagedServer):
    callback = await browser.authorize(await browser.start_login(), server.owner)
    [cookie] = browser.herwa.cookies.jar
    assert parse_query(callback)["state"] not in cookie.value
    cookie.value = cookie.value[:-6] + "AAAA=="

    assert (await browser.herwa.get(callback)).status_code == 400


async def test_cancelled_login_redirects_to_the_login_page_with_a_reason(browser: Browser):
    authorization_url = httpx.URL(await browser.start_login("/g/1"))
    state = authorization_url.params["state"]
    response = await browser.herwa.get("/auth/callback", params={"error": "access_denied", "state": state})

    assert (response.status_code, response.headers["location"]) == (303, "/login?reason=denied&next=%2Fg%2F1")
    assert browser.session_token is None
    forged = await browser.herwa.get("/auth/callback", params={"error": "access_denied", "state": state})
    assert forged.status_code == 400


async def test_login_with_a_missing_scope_is_refused(browser: Browser, server: ManagedServer):
    authorization_url = httpx.URL(await browser.start_login()).copy_set_param("scope", "identify")

    response = await browser.herwa.get(await browser.authorize(str(authorization_url), server.owner))

    assert (response.status_code, response.json()["code"]) == (400, "login_scope_missing")


async def test_login_error_is_html_for_browsers_and_a_problem_for_programs(browser: Browser):
    page = await browser.herwa.get("/auth/callback?state=<script>", headers=BROWSER_HEADERS)
    problem = await browser.herwa.get("/auth/callback?state=<script>")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert texts.LOGIN_EXPIRED in page.text
    assert 'href="/auth/login"' in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["code"] == "login_expired"
    assert page.status_code == problem.status_code == 400


async def test_login_responses_are_not_cached_and_send_no_referrer(browser: Browser, server: ManagedServer):
    callback = await browser.authorize(await browser.start_login(), server.owner)
    for response in (
        await browser.herwa.get("/auth/login"),
        await browser.herwa.get(callback),
        await browser.log_out(),
    ):
        assert "no-store" in response.headers["cache-control"]
        assert response.headers["referrer-policy"] == "no-referrer"


async def test_login_on_another_host_name_redirects_to_the_origin_first(browser: Browser):
    headers = {"Host": f"127.0.0.1:{browser.settings.port}"}
    first_redirect = await browser.herwa.get("/auth/login?next=/g/1", headers=headers)

    assert first_redirect.headers["location"] == f"{browser.settings.origin}/auth/login?next=%2Fg%2F1&moved=1"
    assert "set-cookie" not in first_redirect.headers
    second_redirect = await browser.herwa.get("/auth/login?next=/g/1&moved=1", headers=headers)
    assert "/oauth2/authorize?" in second_redirect.headers["location"]


async def test_unconfigured_login_names_the_missing_setting(stores: Stores, settings: Settings, policies):
    discord_settings = DiscordSettings(DISCORD_TOKEN="real", DISCORD_CLIENT_ID=None, DISCORD_CLIENT_SECRET=None)
    incomplete_settings = settings.model_copy(update={"discord": discord_settings})
    async with open_browser(create_app(stores, incomplete_settings, policies)) as browser:
        for path in ("/auth/login", "/auth/callback?code=1&state=2"):
            page = await browser.herwa.get(path, headers=BROWSER_HEADERS)
            assert page.status_code == 503
            assert "DISCORD_CLIENT_ID" in page.text
            assert "/auth/login" not in page.text
        assert (await browser.log_out()).status_code == 204


async def test_login_returns_503_while_discord_is_unavailable(
    browser: Browser, server: ManagedServer, discord: SimProcess
):
    callback = await browser.authorize(await browser.start_login(), server.owner)
    discord.client.enable_faults(fail={"next": 1, "route": "/users/@me"})
    response = await browser.herwa.get(callback)

    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert await browser.find_user_id() is None
    assert (await browser.log_in(server.owner)).status_code == 303


async def test_https_login_cookie_has_the_host_prefix(stores: Stores, settings: Settings, policies, folder):
    https_settings = settings.model_copy(update={"public_url": "https://herwa.example"})
    async with open_browser(create_app(stores, https_settings, policies)) as browser:
        response = await browser.herwa.get("/auth/login")
        cookie = response.headers["set-cookie"]

    assert cookie.startswith("__Host-herwa_login_")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/", "Max-Age=600"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


async def test_stored_tokens_are_encrypted(browser: Browser, server: ManagedServer, stores: Stores, folder):
    await browser.log_in(server.owner)
    async with stores.database.transaction() as session:
        row = await session.get_one(UserToken, server.owner)
        user = await session.get_one(User, server.owner)
    tokens = await load_tokens(stores, browser.settings, folder, server.owner)

    for secret in (tokens.access, tokens.refresh):
        assert len(secret) > 20
        assert secret.encode() not in row.encrypted_tokens
        assert secret not in f"{row!r} {user!r} {tokens!r}"


async def test_discord_asks_for_consent_at_every_login(browser: Browser, server: ManagedServer):
    await browser.log_in(server.owner)
    url = await browser.start_login()

    assert parse_query(url).get("prompt", "consent") == "consent"
    form = await browser.discord.get(url)
    assert form.status_code == 200, "a page, not a redirect back"
    assert 'name="proof"' in form.text


async def test_no_response_contains_a_token_of_discord(browser: Browser, server: ManagedServer, stores: Stores, folder):
    await save_server(stores, server)
    response = await browser.log_in(server.owner)
    tokens = await load_tokens(stores, browser.settings, folder, server.owner)
    responses = [response, await browser.herwa.get(response.headers["location"])]
    for path in ("/api/me", "/api/guilds", "/api/sessions", f"/api/guilds/{server.id}/stats"):
        responses.append(await browser.herwa.get(path))
        assert responses[-1].status_code == 200
    responses.append(await browser.log_out())

    sent = "".join(f"{response.headers} {response.text}" for response in responses) + browser.cookie_header
    assert not [token for token in (tokens.access, tokens.refresh) if token in sent]


async def test_access_token_of_discord_is_no_key(browser: Browser, server: ManagedServer, stores: Stores, folder):
    await browser.log_in(server.owner)
    tokens = await load_tokens(stores, browser.settings, folder, server.owner)
    browser.herwa.cookies.clear()
    for token in (tokens.access, tokens.refresh):
        response = await browser.herwa.get("/api/me", headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 401
