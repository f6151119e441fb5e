"""OAuth2: the authorization form, tokens, bearer requests, and adding the bot to a server."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest

from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_sim.oauth.grants import OAuthGrantStore
from herwa_sim.texts import authorization as texts
from herwa_sim.texts import users
from herwa_sim.world import APPLICATION_ID, PERSONAS
from tests.sim.recording_bot import RecordingBot, connect_bot, wait_until
from tests.support.oauth_forms import PKCE_CHALLENGE, PKCE_VERIFIER, extract_proof, parse_query, submit_authorization
from tests.support.sim_process import SimProcess

ORIGIN = Settings().origin
CALLBACK = f"{ORIGIN}/auth/callback"
SCOPES = "identify guilds guilds.members.read"


@pytest.fixture
async def browser(sim: SimProcess) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client with cookies, in the role of the user's browser."""
    async with httpx.AsyncClient(base_url=sim.url, timeout=30) as client:
        yield client


@pytest.fixture
async def backend(sim: SimProcess) -> AsyncIterator[httpx.AsyncClient]:
    """The backend of the OAuth client, which knows the client secret."""
    secret = sim.folder.get_or_create_secret("local_discord_client_secret")
    async with httpx.AsyncClient(base_url=sim.url, auth=(str(APPLICATION_ID), secret), timeout=30) as client:
        yield client


def build_authorize_url(**changes: str | None) -> str:
    """Build the authorization URL; `changes` replace its parameters, None removes one."""
    params = {
        "client_id": str(APPLICATION_ID),
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": SCOPES,
        "state": "as it came & = ü/+",
        "code_challenge": PKCE_CHALLENGE,
        "code_challenge_method": "S256",
    } | changes
    return "/oauth2/authorize?" + urlencode({name: value for name, value in params.items() if value is not None})


async def obtain_code(browser: httpx.AsyncClient, persona: str = "owner", **changes: str | None) -> str:
    return parse_query(await submit_authorization(browser, build_authorize_url(**changes), who=PERSONAS[persona]))[
        "code"
    ]


async def exchange_code(backend: httpx.AsyncClient, code: str, /, **changes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": PKCE_VERIFIER}
    return await backend.post("/api/oauth2/token", data=form | changes)


async def refresh_token(backend: httpx.AsyncClient, token: str) -> httpx.Response:
    return await backend.post("/api/oauth2/token", data={"grant_type": "refresh_token", "refresh_token": token})


async def fetch_with_token(browser: httpx.AsyncClient, token: str, path: str = "/users/@me") -> httpx.Response:
    return await browser.get(f"/api/v10{path}", headers={"Authorization": f"Bearer {token}"})


class TestForm:
    async def test_form_offers_every_persona(self, browser):
        page = (await browser.get(build_authorize_url())).text
        assert all(f'value="{id_}"' in page for id_ in PERSONAS.values())
        assert all(label in page for label in (texts.SCOPE_DESCRIPTIONS["identify"], texts.AUTHORIZE, texts.CANCEL))

    async def test_callback_has_a_code_and_the_unchanged_state(self, browser):
        callback = await submit_authorization(browser, build_authorize_url(), who=PERSONAS["member"])
        assert callback.startswith(f"{CALLBACK}?")
        assert parse_query(callback)["state"] == "as it came & = ü/+"
        assert parse_query(callback)["code"]

    async def test_cancelled_form_returns_an_error_without_a_code(self, browser):
        query = parse_query(await submit_authorization(browser, build_authorize_url(), decision="cancel"))
        assert query["error"] == "access_denied"
        assert query["state"] == "as it came & = ü/+"
        assert "code" not in query

    @pytest.mark.parametrize(
        "change",
        [
            {"client_id": "1"},
            {"redirect_uri": f"{CALLBACK}/"},
            {"redirect_uri": f"{CALLBACK}?x=1"},
            {"redirect_uri": "https://example.org/auth/callback"},
            {"redirect_uri": None},
            {"scope": "identify everything"},
            {"scope": ""},
            {"response_type": "token"},
            {"response_type": None},
            {"code_challenge_method": "plain"},
        ],
    )
    async def test_invalid_authorization_request_gets_an_error_page_without_a_redirect(self, browser, change):
        response = await browser.get(build_authorize_url(**change))
        assert response.status_code == 400
        assert "Location" not in response.headers
        post_response = await browser.post(build_authorize_url(**change), data={"decision": "cancel"})
        assert post_response.status_code == 400

    async def test_form_with_an_invalid_proof_is_refused(self, browser):
        fields = {"proof": "0" * 64, "decision": "authorize", "who": str(PERSONAS["owner"])}
        assert (await browser.post(build_authorize_url(), data=fields)).status_code == 403

    async def test_form_of_another_browser_is_refused(self, browser, sim):
        async with httpx.AsyncClient(base_url=sim.url) as other_browser:
            stolen_proof = extract_proof((await other_browser.get(build_authorize_url())).text)
        await browser.get(build_authorize_url())
        fields = {"proof": stolen_proof, "decision": "authorize", "who": str(PERSONAS["owner"])}
        assert (await browser.post(build_authorize_url(), data=fields)).status_code == 403

    async def test_chosen_user_is_remembered_and_can_be_switched(self, browser):
        await obtain_code(browser, "stranger")
        page = (await browser.get(build_authorize_url())).text
        assert "Sasha" in page
        assert "Ottilie" not in page
        switch = re.search(r'href="([^"]+switch=1)"', page)[1].replace("&amp;", "&")
        assert "Ottilie" in (await browser.get(switch)).text

    async def test_tampered_cookie_is_ignored(self, browser):
        await obtain_code(browser, "member")
        session, _, signature = browser.cookies["local_discord"].split(".")
        browser.cookies.clear()
        forged = f"local_discord={session}.{PERSONAS['owner']}.{signature}"
        page = await browser.get(build_authorize_url(), headers={"Cookie": forged})
        assert users.CHOOSE_USER in page.text

    async def test_prompt_none_skips_the_form_after_an_earlier_authorization(self, browser, backend):
        await exchange_code(backend, await obtain_code(browser, "operator"))
        response = await browser.get(build_authorize_url(prompt="none"))
        assert response.status_code == 303
        token = (await exchange_code(backend, parse_query(response.headers["Location"])["code"])).json()["access_token"]
        assert (await fetch_with_token(browser, token)).json()["username"] == "operator"

    async def test_prompt_none_shows_the_form_without_an_earlier_authorization(self, browser):
        assert (await browser.get(build_authorize_url(prompt="none"))).status_code == 200

    async def test_bot_cannot_log_in(self, browser):
        page = await browser.get(build_authorize_url())
        fields = {"proof": extract_proof(page.text), "decision": "authorize", "who": str(APPLICATION_ID)}
        assert (await browser.post(build_authorize_url(), data=fields)).status_code == 400

    async def test_other_users_are_found_by_name(self, browser, sim):
        guild = sim.client.create_guild("Searchers")
        sim.client.join(guild, "Zoë <img src=x onerror=alert(1)>")
        results_page = (await browser.get("/_play/people", params={"q": "zoë <"})).text
        assert "Zoë &lt;img" in results_page
        assert "<img src=x" not in results_page

    async def test_only_local_host_names_are_served(self, browser):
        assert (await browser.get(build_authorize_url(), headers={"Host": "evil.example"})).status_code == 403

    async def test_content_security_policy_allows_the_form_to_lead_only_to_the_client(self, browser):
        policy = (await browser.get(build_authorize_url())).headers["Content-Security-Policy"]
        assert f"form-action 'self' {ORIGIN};" in policy
        assert "default-src 'none'" in policy


class TestTokens:
    async def test_code_is_exchanged_for_tokens(self, browser, backend):
        response = await exchange_code(backend, await obtain_code(browser))
        tokens = response.json()
        assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 604_800, SCOPES)
        assert response.headers["Cache-Control"] == "no-store"
        assert (await fetch_with_token(browser, tokens["access_token"])).json()["id"] == str(PERSONAS["owner"])

    async def test_client_may_send_its_credentials_in_the_body(self, browser, sim):
        secret = sim.folder.get_or_create_secret("local_discord_client_secret")
        proof = {"client_id": str(APPLICATION_ID), "client_secret": secret}
        assert (await exchange_code(browser, await obtain_code(browser), **proof)).status_code == 200

    async def test_wrong_client_secret_is_refused(self, browser):
        response = await exchange_code(
            browser, await obtain_code(browser), client_id=str(APPLICATION_ID), client_secret="x"
        )
        assert (response.status_code, response.json()) == (401, {"error": "invalid_client"})

    @pytest.mark.parametrize(
        "change", [{"code_verifier": "x" * 43}, {"code_verifier": ""}, {"redirect_uri": ORIGIN}, {"code": "x"}]
    )
    async def test_wrong_token_request_is_an_invalid_grant(self, browser, backend, change):
        response = await exchange_code(backend, await obtain_code(browser), **change)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")

    async def test_challenge_and_verifier_require_each_other(self, browser, backend):
        form_without_verifier = {
            "grant_type": "authorization_code",
            "code": await obtain_code(browser),
            "redirect_uri": CALLBACK,
        }
        assert (await backend.post("/api/oauth2/token", data=form_without_verifier)).json()["error"] == "invalid_grant"
        code_without_challenge = await obtain_code(browser, code_challenge=None, code_challenge_method=None)
        assert (await exchange_code(backend, code_without_challenge)).json()["error"] == "invalid_grant"

    async def test_reused_code_revokes_its_tokens(self, browser, backend):
        code = await obtain_code(browser)
        tokens = (await exchange_code(backend, code)).json()
        assert (await exchange_code(backend, code)).json()["error"] == "invalid_grant"
        assert (await fetch_with_token(browser, tokens["access_token"])).status_code == 401

    async def test_refreshing_rotates_both_tokens(self, browser, backend):
        old_tokens = (await exchange_code(backend, await obtain_code(browser))).json()
        new_tokens = (await refresh_token(backend, old_tokens["refresh_token"])).json()
        assert (await fetch_with_token(browser, new_tokens["access_token"])).status_code == 200
        assert (await fetch_with_token(browser, old_tokens["access_token"])).status_code == 401
        assert (await refresh_token(backend, old_tokens["refresh_token"])).json()["error"] == "invalid_grant"

    async def test_revoking_either_token_revokes_both(self, browser, backend):
        for kind in ("access_token", "refresh_token"):
            tokens = (await exchange_code(backend, await obtain_code(browser))).json()
            assert (await backend.post("/api/oauth2/token/revoke", data={"token": tokens[kind]})).status_code == 200
            assert (await fetch_with_token(browser, tokens["access_token"])).status_code == 401
            assert (await refresh_token(backend, tokens["refresh_token"])).status_code == 400

    async def test_revoking_needs_the_secret(self, browser, backend):
        token = (await exchange_code(backend, await obtain_code(browser))).json()["access_token"]
        assert (await browser.post("/api/oauth2/token/revoke", data={"token": token})).status_code == 401
        assert (await fetch_with_token(browser, token)).status_code == 200

    async def test_unknown_grant_type_is_refused(self, backend):
        response = await backend.post("/api/oauth2/token", data={"grant_type": "password"})
        assert response.json() == {"error": "unsupported_grant_type"}

    def test_code_expires_after_a_minute_and_token_after_a_week(self, tmp_path):
        grants, now = OAuthGrantStore(tmp_path / "grants.json"), utc_now()
        grant = {"user_id": 1, "scopes": ["identify"], "redirect_uri": "x", "challenge": None, "now": now}
        late_code, punctual_code = grants.issue(**grant), grants.issue(**grant)
        minute = now + timedelta(seconds=60)
        assert grants.redeem(late_code, redirect_uri="x", verifier=None, now=minute) is None
        tokens = grants.redeem(punctual_code, redirect_uri="x", verifier=None, now=minute - timedelta(milliseconds=1))
        assert grants.find_by_access_token(tokens.access, now=now + timedelta(days=7)) is not None
        assert grants.find_by_access_token(tokens.access, now=minute + timedelta(days=7)) is None

    def test_tokens_survive_a_restart_and_are_not_stored_in_plain_text(self, tmp_path):
        path, now = tmp_path / "grants.json", utc_now()
        grants = OAuthGrantStore(path)
        code = grants.issue(user_id=1, scopes=["identify"], redirect_uri="x", challenge=None, now=now)
        assert code not in path.read_text()
        tokens = OAuthGrantStore(path).redeem(code, redirect_uri="x", verifier=None, now=now)
        assert OAuthGrantStore(path).find_by_access_token(tokens.access, now=now).user_id == 1
        assert not [token for token in (tokens.access, tokens.refresh) if token in path.read_text()]


class TestBearer:
    async def test_bearer_token_reads_the_guilds_and_permissions_of_the_user(self, browser, backend, sim):
        member_guild_id, foreign_guild_id = sim.client.create_guild("Bearer A"), sim.client.create_guild("Bearer B")
        role = sim.client.call("role/create", guild_id=str(member_guild_id), name="Mods", permissions=1 << 5)
        manager = PERSONAS["manager"]
        sim.client.call("member/join", guild_id=str(member_guild_id), user_id=str(manager))
        sim.client.call("member/roles", guild_id=str(member_guild_id), user_id=str(manager), roles=[role["id"]])
        token = (await exchange_code(backend, await obtain_code(browser, "manager"))).json()["access_token"]
        guilds = {
            guild["id"]: guild
            for guild in (await fetch_with_token(browser, token, "/users/@me/guilds?with_counts=true")).json()
        }
        assert str(foreign_guild_id) not in guilds
        assert guilds[str(member_guild_id)]["owner"] is False
        assert int(guilds[str(member_guild_id)]["permissions"]) & 1 << 5
        assert guilds[str(member_guild_id)]["approximate_member_count"] == 3
        member = (await fetch_with_token(browser, token, f"/users/@me/guilds/{member_guild_id}/member")).json()
        assert member["roles"] == [role["id"]]
        assert (
            await fetch_with_token(browser, token, f"/users/@me/guilds/{foreign_guild_id}/member")
        ).status_code == 404

    async def test_bearer_token_cannot_use_bot_routes(self, browser, backend, sim):
        token = (await exchange_code(backend, await obtain_code(browser))).json()["access_token"]
        guild = sim.client.create_guild("Bearer C")
        assert (await fetch_with_token(browser, token, f"/guilds/{guild}")).status_code == 401

    async def test_bearer_token_is_limited_to_its_scopes(self, browser, backend):
        token = (await exchange_code(backend, await obtain_code(browser, scope="identify"))).json()["access_token"]
        assert (await fetch_with_token(browser, token)).status_code == 200
        assert (await fetch_with_token(browser, token, "/users/@me/guilds")).status_code == 401
        assert (await fetch_with_token(browser, token, "/oauth2/@me")).json()["scopes"] == ["identify"]


class TestAddingTheBot:
    @pytest.fixture
    async def bot(self, sim: SimProcess) -> AsyncIterator[RecordingBot]:
        async with connect_bot(sim) as ready_bot:
            yield ready_bot

    async def _create_guild_without_bot(self, sim: SimProcess, name: str) -> int:
        return sim.client.create_guild(name, bot=False, owner_id=PERSONAS["owner"])

    async def test_the_bot_joins_the_chosen_server(self, browser, sim, bot):
        guild = await self._create_guild_without_bot(sim, "Lonely <b>one</b>")
        url = build_authorize_url(
            scope="bot applications.commands", redirect_uri=None, response_type=None, guild_id=str(guild)
        )
        assert (await submit_authorization(browser, url, who=PERSONAS["owner"])).startswith("/oauth2/authorize?")
        page = (await browser.get(url)).text
        assert "Lonely &lt;b&gt;one&lt;/b&gt;" in page
        response = await browser.post(
            url, data={"proof": extract_proof(page), "decision": "authorize", "guild_id": guild}
        )
        assert texts.format_bot_added("", "Lonely") in response.text
        await wait_until(lambda: ("join", guild) in bot.recorded_events)

    async def test_callback_names_the_chosen_server(self, browser, sim):
        guild = await self._create_guild_without_bot(sim, "Lonely two")
        url = build_authorize_url(scope="bot identify")
        await submit_authorization(browser, url, who=PERSONAS["owner"])
        query = parse_query(await submit_authorization(browser, url, guild_id=guild))
        assert query["guild_id"] == str(guild)
        assert query["code"]

    async def test_member_without_manage_server_cannot_add_the_bot(self, browser, sim):
        guild = await self._create_guild_without_bot(sim, "Lonely three")
        sim.client.call("member/join", guild_id=str(guild), user_id=str(PERSONAS["member"]))
        url = build_authorize_url(scope="bot", redirect_uri=None, response_type=None)
        await submit_authorization(browser, url, who=PERSONAS["member"])
        page = (await browser.get(url)).text
        assert f'value="{guild}"' not in page
        fields = {"proof": extract_proof(page), "decision": "authorize", "guild_id": str(guild)}
        assert (await browser.post(url, data=fields)).status_code == 403
