"""Logging in with Discord: whoever comes back is who asked, once, in the same browser, in time."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlmodel import func, select

from herwa_api import oauth_state
from herwa_shared.auth.encryption import seal_of
from herwa_shared.clock import utc_now
from herwa_shared.config import DiscordSettings, Settings
from herwa_shared.models import SpentLogin, User, UserToken, WebSession
from herwa_shared.stores import Stores
from tests.api import browser as browsers
from tests.api.browser import PERSON, Browser
from tests.people import Server, tokens_of
from tests.sim.process import SimProcess


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


async def rows(stores: Stores, table) -> int:
    async with stores.database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(table))


async def test_who_agrees_at_discord_is_logged_in_and_lands_where_they_wanted(browser: Browser, server: Server):
    back = await browser.log_in(server.manager, page=f"/g/{server.id}?range=30d")

    assert (back.status_code, back.headers["location"]) == (303, f"/g/{server.id}?range=30d")
    assert await browser.who_am_i() == server.manager


async def test_discord_is_asked_for_a_code_with_state_and_s256_and_nothing_more_than_needed(browser: Browser):
    asked = query_of(await browser.ask_to_log_in())

    assert asked["redirect_uri"] == f"{browser.settings.origin}/auth/callback"
    assert asked["scope"].split() == ["identify", "guilds", "guilds.members.read"]
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert len(asked["code_challenge"]) == 43
    assert len(asked["state"]) >= 43
    assert "verifier" not in str(asked)


async def test_no_two_log_ins_share_a_state_or_a_challenge(browser: Browser):
    first, second = query_of(await browser.ask_to_log_in()), query_of(await browser.ask_to_log_in())

    assert first["state"] != second["state"]
    assert first["code_challenge"] != second["code_challenge"]


async def test_asking_to_log_in_writes_nothing(browser: Browser, stores: Stores):
    before = [await rows(stores, table) for table in (User, WebSession, SpentLogin)]
    for _ in range(5):
        await browser.ask_to_log_in()
    assert [await rows(stores, table) for table in (User, WebSession, SpentLogin)] == before


@pytest.mark.parametrize(
    "change",
    [
        lambda back: back.copy_remove_param("state"),
        lambda back: back.copy_set_param("state", ""),
        lambda back: back.copy_set_param("state", "A" * 43),
        lambda back: back.copy_set_param("state", "ü" * 43),
        lambda back: back.copy_set_param("state", back.params["state"][:-1]),
        lambda back: back.copy_set_param("state", back.params["state"] + "A"),
        lambda back: back.copy_remove_param("code"),
        lambda back: back.copy_set_param("code", "guessed"),
        lambda back: back.copy_set_param("error", "server_error").copy_remove_param("code"),
    ],
)
async def test_a_changed_answer_logs_nobody_in(browser: Browser, server: Server, change):
    back = httpx.URL(await browser.agree(await browser.ask_to_log_in(), server.owner))

    answer = await browser.herwa.get(change(back))

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert browser.session is None
    assert await browser.who_am_i() is None


async def test_an_answer_is_taken_once(browser: Browser, server: Server):
    address = await browser.agree(await browser.ask_to_log_in(), server.owner)
    stolen = browser.cookies
    assert (await browser.herwa.get(address)).status_code == 303
    secret = browser.session

    again = await browser.herwa.get(address)
    replayed = await browser.herwa.get(address, headers={"Cookie": stolen})

    assert (again.status_code, replayed.status_code) == (400, 400)
    assert "set-cookie" not in again.headers
    assert "set-cookie" not in replayed.headers
    assert browser.session == secret


async def test_a_code_that_discord_has_taken_already_logs_nobody_in(browser: Browser, other: Browser, server: Server):
    used = httpx.URL(await browser.agree(await browser.ask_to_log_in(), server.owner))
    await browser.herwa.get(used)
    mine = httpx.URL(await other.agree(await other.ask_to_log_in(), server.member))

    answer = await other.herwa.get(mine.copy_set_param("code", used.params["code"]))

    assert answer.status_code == 400
    assert await other.who_am_i() is None


async def test_another_browser_cannot_take_the_answer(browser: Browser, other: Browser, server: Server):
    address = await browser.agree(await browser.ask_to_log_in(), server.owner)
    nothing_under_way = await other.herwa.get(address)
    await other.ask_to_log_in()
    something_else_under_way = await other.herwa.get(address)

    assert (nothing_under_way.status_code, something_else_under_way.status_code) == (400, 400)
    assert await other.who_am_i() is None
    assert (await browser.herwa.get(address)).status_code == 303


async def test_an_attacker_cannot_log_a_victim_into_the_attackers_account(
    browser: Browser, other: Browser, server: Server
):
    attackers = httpx.URL(await other.agree(await other.ask_to_log_in(), server.member))
    victims = httpx.URL(await browser.agree(await browser.ask_to_log_in(), server.owner))

    answer = await browser.herwa.get(victims.copy_set_param("code", attackers.params["code"]))

    assert answer.status_code == 400
    assert await browser.who_am_i() is None


async def test_a_log_in_that_took_more_than_ten_minutes_is_begun_anew(browser: Browser, server: Server, folder):
    seal = seal_of(browser.settings, folder, purpose="attempts")
    for minutes, status in ((11, 400), (9, 303)):
        attempt = oauth_state.begin(next="/", now=utc_now() - oauth_state.LOGIN_LASTS * minutes / 10)
        address = httpx.URL(await browser.ask_to_log_in())
        address = address.copy_merge_params({"state": attempt.state, "code_challenge": attempt.challenge})
        [cookie] = browser.herwa.cookies.jar
        cookie.value = attempt.sealed(seal)
        assert (await browser.herwa.get(await browser.agree(str(address), server.owner))).status_code == status


async def test_a_log_in_kept_by_the_browser_is_sealed_and_a_changed_one_is_worth_nothing(
    browser: Browser, server: Server
):
    address = await browser.agree(await browser.ask_to_log_in(), server.owner)
    [cookie] = browser.herwa.cookies.jar
    assert query_of(address)["state"] not in cookie.value
    cookie.value = cookie.value[:-6] + "AAAA=="

    assert (await browser.herwa.get(address)).status_code == 400


async def test_a_visitor_who_says_no_is_told_kindly_and_may_try_again(browser: Browser):
    address = httpx.URL(await browser.ask_to_log_in("/g/1"))
    state = address.params["state"]
    back = await browser.herwa.get("/auth/callback", params={"error": "access_denied", "state": state})

    assert (back.status_code, back.headers["location"]) == (303, "/login?reason=denied&next=%2Fg%2F1")
    assert browser.session is None
    forged = await browser.herwa.get("/auth/callback", params={"error": "access_denied", "state": state})
    assert forged.status_code == 400


async def test_a_visitor_who_leaves_out_a_permission_is_not_logged_in(browser: Browser, server: Server):
    address = httpx.URL(await browser.ask_to_log_in()).copy_set_param("scope", "identify")

    answer = await browser.herwa.get(await browser.agree(str(address), server.owner))

    assert answer.status_code == 400
    assert "permission" in answer.json()["detail"]


async def test_a_person_sees_a_page_with_a_way_on_and_a_program_a_problem(browser: Browser):
    page = await browser.herwa.get("/auth/callback?state=<script>", headers=PERSON)
    problem = await browser.herwa.get("/auth/callback?state=<script>")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert 'href="/auth/login"' in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert problem.headers["content-type"] == "application/problem+json"
    assert page.status_code == problem.status_code == 400


async def test_every_answer_of_a_log_in_is_kept_nowhere_and_tells_no_other_site(browser: Browser, server: Server):
    back = await browser.agree(await browser.ask_to_log_in(), server.owner)
    for answer in (await browser.herwa.get("/auth/login"), await browser.herwa.get(back), await browser.log_out()):
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["referrer-policy"] == "no-referrer"


async def test_from_another_name_of_this_machine_one_is_first_sent_to_the_origin(browser: Browser):
    elsewhere = {"Host": f"127.0.0.1:{browser.settings.port}"}
    moved = await browser.herwa.get("/auth/login?next=/g/1", headers=elsewhere)

    assert moved.headers["location"] == f"{browser.settings.origin}/auth/login?next=%2Fg%2F1&moved=1"
    assert "set-cookie" not in moved.headers
    again = await browser.herwa.get("/auth/login?next=/g/1&moved=1", headers=elsewhere)
    assert "/oauth2/authorize?" in again.headers["location"]


async def test_where_log_in_is_not_set_up_people_are_told_what_is_missing(stores: Stores, settings: Settings, policies):
    real = DiscordSettings(DISCORD_TOKEN="real", DISCORD_CLIENT_ID=None, DISCORD_CLIENT_SECRET=None)
    bare = settings.model_copy(update={"discord": real})
    async with browsers.opened(stores, bare, policies) as browser:
        for path in ("/auth/login", "/auth/callback?code=1&state=2"):
            page = await browser.herwa.get(path, headers=PERSON)
            assert page.status_code == 503
            assert "DISCORD_CLIENT_ID" in page.text
            assert "/auth/login" not in page.text
        assert (await browser.log_out()).status_code == 204


async def test_while_discord_is_away_a_log_in_says_so(browser: Browser, server: Server, discord: SimProcess):
    address = await browser.agree(await browser.ask_to_log_in(), server.owner)
    discord.client.chaos(fail={"next": 1, "route": "/users/@me"})
    answer = await browser.herwa.get(address)

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert await browser.who_am_i() is None
    assert (await browser.log_in(server.owner)).status_code == 303


async def test_on_https_cookies_belong_to_this_host_alone(stores: Stores, settings: Settings, policies, folder):
    public = settings.model_copy(update={"public_url": "https://herwa.example"})
    async with browsers.opened(stores, public, policies) as browser:
        answer = await browser.herwa.get("/auth/login")
        cookie = answer.headers["set-cookie"]

    assert cookie.startswith("__Host-herwa_login=")
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/", "Max-Age=600"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


async def test_tokens_in_the_database_cannot_be_read(browser: Browser, server: Server, stores: Stores, folder):
    await browser.log_in(server.owner)
    async with stores.database.transaction() as session:
        row = await session.get_one(UserToken, server.owner)
        user = await session.get_one(User, server.owner)
    tokens = await tokens_of(stores, browser.settings, folder, server.owner)

    for secret in (tokens.access, tokens.refresh):
        assert len(secret) > 20
        assert secret.encode() not in row.sealed
        assert secret not in f"{row!r} {user!r} {tokens!r}"
