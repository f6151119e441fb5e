"""A visitor says who they are, and the client learns exactly what they allowed."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest

from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_sim.oauth.grants import Grants
from herwa_sim.world import APPLICATION_ID, PERSONAS
from tests.sim.bot import Bot, connected, until
from tests.sim.process import SimProcess
from tests.sim.visitor import CHALLENGE, VERIFIER, answer_form, proof_in, query_of

HOME = Settings().origin
CALLBACK = f"{HOME}/auth/callback"
SCOPES = "identify guilds guilds.members.read"


@pytest.fixture
async def browser(sim: SimProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=sim.url, timeout=30) as client:
        yield client


@pytest.fixture
async def server(sim: SimProcess) -> AsyncIterator[httpx.AsyncClient]:
    """The client's own server, which knows the secret."""
    secret = sim.folder.secret("local_discord_client_secret")
    async with httpx.AsyncClient(base_url=sim.url, auth=(str(APPLICATION_ID), secret), timeout=30) as client:
        yield client


def address(**changes: str | None) -> str:
    asked = {
        "client_id": str(APPLICATION_ID),
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": SCOPES,
        "state": "as it came & = ü/+",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | changes
    return "/oauth2/authorize?" + urlencode({name: value for name, value in asked.items() if value is not None})


async def code_for(browser: httpx.AsyncClient, persona: str = "owner", **changes: str | None) -> str:
    return query_of(await answer_form(browser, address(**changes), who=PERSONAS[persona]))["code"]


async def exchange(server: httpx.AsyncClient, code: str, /, **changes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return await server.post("/api/oauth2/token", data=form | changes)


async def refresh(server: httpx.AsyncClient, token: str) -> httpx.Response:
    return await server.post("/api/oauth2/token", data={"grant_type": "refresh_token", "refresh_token": token})


async def ask(browser: httpx.AsyncClient, token: str, path: str = "/users/@me") -> httpx.Response:
    return await browser.get(f"/api/v10{path}", headers={"Authorization": f"Bearer {token}"})


class TestForm:
    async def test_offers_everybody_one_can_be(self, browser):
        page = (await browser.get(address())).text
        assert all(f'value="{id_}"' in page for id_ in PERSONAS.values())
        assert all(word in page for word in ("Know your name and picture", "Authorise", "Cancel"))

    async def test_leads_back_with_a_code_and_the_state_untouched(self, browser):
        back = await answer_form(browser, address(), who=PERSONAS["member"])
        assert back.startswith(f"{CALLBACK}?")
        assert query_of(back)["state"] == "as it came & = ü/+"
        assert query_of(back)["code"]

    async def test_cancelling_is_an_error_for_the_client_and_no_code(self, browser):
        back = query_of(await answer_form(browser, address(), decision="cancel"))
        assert back["error"] == "access_denied"
        assert back["state"] == "as it came & = ü/+"
        assert "code" not in back

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
    async def test_a_wrong_question_gets_a_page_and_leads_nowhere(self, browser, change):
        wrong = await browser.get(address(**change))
        assert wrong.status_code == 400
        assert "That did not work" in wrong.text
        assert "Location" not in wrong.headers
        posted = await browser.post(address(**change), data={"decision": "cancel"})
        assert posted.status_code == 400

    async def test_a_form_that_is_not_ours_does_nothing(self, browser):
        fields = {"proof": "0" * 64, "decision": "authorize", "who": str(PERSONAS["owner"])}
        assert (await browser.post(address(), data=fields)).status_code == 403

    async def test_another_browsers_form_does_nothing(self, browser, sim):
        async with httpx.AsyncClient(base_url=sim.url) as other:
            stolen = proof_in((await other.get(address())).text)
        await browser.get(address())
        fields = {"proof": stolen, "decision": "authorize", "who": str(PERSONAS["owner"])}
        assert (await browser.post(address(), data=fields)).status_code == 403

    async def test_who_one_is_is_remembered_and_can_be_switched(self, browser):
        await code_for(browser, "stranger")
        page = (await browser.get(address())).text
        assert "Sasha" in page
        assert "Ottilie" not in page
        switch = re.search(r'href="([^"]+switch=1)"', page)[1].replace("&amp;", "&")
        assert "Ottilie" in (await browser.get(switch)).text

    async def test_a_tampered_cookie_is_nobody(self, browser):
        await code_for(browser, "member")
        session, _, signature = browser.cookies["local_discord"].split(".")
        browser.cookies.clear()
        forged = f"local_discord={session}.{PERSONAS['owner']}.{signature}"
        page = await browser.get(address(), headers={"Cookie": forged})
        assert "Who do you want to be?" in page.text

    async def test_prompt_none_asks_nothing_of_who_has_allowed_it_before(self, browser, server):
        await exchange(server, await code_for(browser, "operator"))
        back = await browser.get(address(prompt="none"))
        assert back.status_code == 303
        token = (await exchange(server, query_of(back.headers["Location"])["code"])).json()["access_token"]
        assert (await ask(browser, token)).json()["username"] == "operator"

    async def test_prompt_none_asks_who_has_not(self, browser):
        assert (await browser.get(address(prompt="none"))).status_code == 200

    async def test_nobody_can_be_a_bot(self, browser):
        page = await browser.get(address())
        fields = {"proof": proof_in(page.text), "decision": "authorize", "who": str(APPLICATION_ID)}
        assert (await browser.post(address(), data=fields)).status_code == 400

    async def test_anybody_else_is_found_by_name(self, browser, sim):
        guild = sim.client.create_guild("Searchers")
        sim.client.join(guild, "Zoë <img src=x onerror=alert(1)>")
        found = (await browser.get("/_play/people", params={"q": "zoë <"})).text
        assert "Zoë &lt;img" in found
        assert "<img src=x" not in found

    async def test_only_a_local_name_is_served(self, browser):
        assert (await browser.get(address(), headers={"Host": "evil.example"})).status_code == 403

    async def test_the_form_may_lead_to_the_client_and_nowhere_else(self, browser):
        policy = (await browser.get(address())).headers["Content-Security-Policy"]
        assert f"form-action 'self' {HOME};" in policy
        assert "default-src 'none'" in policy


class TestTokens:
    async def test_a_code_becomes_tokens(self, browser, server):
        answer = await exchange(server, await code_for(browser))
        told = answer.json()
        assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 604_800, SCOPES)
        assert answer.headers["Cache-Control"] == "no-store"
        assert (await ask(browser, told["access_token"])).json()["id"] == str(PERSONAS["owner"])

    async def test_the_client_may_prove_itself_in_the_body(self, browser, sim):
        secret = sim.folder.secret("local_discord_client_secret")
        proof = {"client_id": str(APPLICATION_ID), "client_secret": secret}
        assert (await exchange(browser, await code_for(browser), **proof)).status_code == 200

    async def test_without_the_secret_there_is_nothing(self, browser):
        answer = await exchange(browser, await code_for(browser), client_id=str(APPLICATION_ID), client_secret="x")
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})

    @pytest.mark.parametrize(
        "change", [{"code_verifier": "x" * 43}, {"code_verifier": ""}, {"redirect_uri": HOME}, {"code": "x"}]
    )
    async def test_a_wrong_part_is_an_invalid_grant(self, browser, server, change):
        answer = await exchange(server, await code_for(browser), **change)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")

    async def test_a_challenge_cannot_be_left_unanswered_nor_answered_unasked(self, browser, server):
        unanswered = {"grant_type": "authorization_code", "code": await code_for(browser), "redirect_uri": CALLBACK}
        assert (await server.post("/api/oauth2/token", data=unanswered)).json()["error"] == "invalid_grant"
        unasked = await code_for(browser, code_challenge=None, code_challenge_method=None)
        assert (await exchange(server, unasked)).json()["error"] == "invalid_grant"

    async def test_a_code_used_twice_takes_back_what_it_gave(self, browser, server):
        code = await code_for(browser)
        first = (await exchange(server, code)).json()
        assert (await exchange(server, code)).json()["error"] == "invalid_grant"
        assert (await ask(browser, first["access_token"])).status_code == 401

    async def test_refreshing_rotates_both_tokens(self, browser, server):
        old = (await exchange(server, await code_for(browser))).json()
        new = (await refresh(server, old["refresh_token"])).json()
        assert (await ask(browser, new["access_token"])).status_code == 200
        assert (await ask(browser, old["access_token"])).status_code == 401
        assert (await refresh(server, old["refresh_token"])).json()["error"] == "invalid_grant"

    async def test_revoking_either_token_ends_both(self, browser, server):
        for kind in ("access_token", "refresh_token"):
            tokens = (await exchange(server, await code_for(browser))).json()
            assert (await server.post("/api/oauth2/token/revoke", data={"token": tokens[kind]})).status_code == 200
            assert (await ask(browser, tokens["access_token"])).status_code == 401
            assert (await refresh(server, tokens["refresh_token"])).status_code == 400

    async def test_revoking_needs_the_secret(self, browser, server):
        token = (await exchange(server, await code_for(browser))).json()["access_token"]
        assert (await browser.post("/api/oauth2/token/revoke", data={"token": token})).status_code == 401
        assert (await ask(browser, token)).status_code == 200

    async def test_an_unknown_grant_type_is_told_so(self, server):
        answer = await server.post("/api/oauth2/token", data={"grant_type": "password"})
        assert answer.json() == {"error": "unsupported_grant_type"}

    def test_a_code_lives_a_minute_and_a_token_a_week(self, tmp_path):
        grants, now = Grants(tmp_path / "grants.json"), utc_now()
        asked = {"user_id": 1, "scopes": ["identify"], "redirect_uri": "x", "challenge": None, "now": now}
        late, punctual = grants.issue(**asked), grants.issue(**asked)
        minute = now + timedelta(seconds=60)
        assert grants.redeem(late, redirect_uri="x", verifier=None, now=minute) is None
        tokens = grants.redeem(punctual, redirect_uri="x", verifier=None, now=minute - timedelta(milliseconds=1))
        assert grants.bearer(tokens.access, now=now + timedelta(days=7)) is not None
        assert grants.bearer(tokens.access, now=minute + timedelta(days=7)) is None

    def test_a_restart_logs_nobody_out_and_no_token_lies_about(self, tmp_path):
        path, now = tmp_path / "grants.json", utc_now()
        grants = Grants(path)
        code = grants.issue(user_id=1, scopes=["identify"], redirect_uri="x", challenge=None, now=now)
        assert code not in path.read_text()
        tokens = Grants(path).redeem(code, redirect_uri="x", verifier=None, now=now)
        assert Grants(path).bearer(tokens.access, now=now).user_id == 1
        assert not [one for one in (tokens.access, tokens.refresh) if one in path.read_text()]


class TestBearer:
    async def test_knows_the_users_guilds_and_what_they_may_there(self, browser, server, sim):
        mine, theirs = sim.client.create_guild("Bearer A"), sim.client.create_guild("Bearer B")
        role = sim.client.call("role/create", guild_id=str(mine), name="Mods", permissions=1 << 5)
        manager = PERSONAS["manager"]
        sim.client.call("member/join", guild_id=str(mine), user_id=str(manager))
        sim.client.call("member/roles", guild_id=str(mine), user_id=str(manager), roles=[role["id"]])
        token = (await exchange(server, await code_for(browser, "manager"))).json()["access_token"]
        guilds = {one["id"]: one for one in (await ask(browser, token, "/users/@me/guilds?with_counts=true")).json()}
        assert str(theirs) not in guilds
        assert guilds[str(mine)]["owner"] is False
        assert int(guilds[str(mine)]["permissions"]) & 1 << 5
        assert guilds[str(mine)]["approximate_member_count"] == 3
        member = (await ask(browser, token, f"/users/@me/guilds/{mine}/member")).json()
        assert member["roles"] == [role["id"]]
        assert (await ask(browser, token, f"/users/@me/guilds/{theirs}/member")).status_code == 404

    async def test_may_not_do_what_the_bot_may(self, browser, server, sim):
        token = (await exchange(server, await code_for(browser))).json()["access_token"]
        guild = sim.client.create_guild("Bearer C")
        assert (await ask(browser, token, f"/guilds/{guild}")).status_code == 401

    async def test_gets_only_what_was_allowed(self, browser, server):
        token = (await exchange(server, await code_for(browser, scope="identify"))).json()["access_token"]
        assert (await ask(browser, token)).status_code == 200
        assert (await ask(browser, token, "/users/@me/guilds")).status_code == 401
        assert (await ask(browser, token, "/oauth2/@me")).json()["scopes"] == ["identify"]


class TestAddingTheBot:
    @pytest.fixture
    async def bot(self, sim: SimProcess) -> AsyncIterator[Bot]:
        async with connected(sim) as ready:
            yield ready

    async def _lonely(self, sim: SimProcess, name: str) -> int:
        return sim.client.create_guild(name, bot=False, owner_id=PERSONAS["owner"])

    async def test_the_bot_joins_the_chosen_server(self, browser, sim, bot):
        guild = await self._lonely(sim, "Lonely <b>one</b>")
        where = address(scope="bot applications.commands", redirect_uri=None, response_type=None, guild_id=str(guild))
        assert (await answer_form(browser, where, who=PERSONAS["owner"])).startswith("/oauth2/authorize?")
        page = (await browser.get(where)).text
        assert "Lonely &lt;b&gt;one&lt;/b&gt;" in page
        done = await browser.post(where, data={"proof": proof_in(page), "decision": "authorize", "guild_id": guild})
        assert "is now in Lonely" in done.text
        await until(lambda: ("join", guild) in bot.told)

    async def test_the_client_is_told_which_server_it_was(self, browser, sim):
        guild = await self._lonely(sim, "Lonely two")
        where = address(scope="bot identify")
        await answer_form(browser, where, who=PERSONAS["owner"])
        back = query_of(await answer_form(browser, where, guild_id=guild))
        assert back["guild_id"] == str(guild)
        assert back["code"]

    async def test_who_does_not_manage_a_server_cannot_add_to_it(self, browser, sim):
        guild = await self._lonely(sim, "Lonely three")
        sim.client.call("member/join", guild_id=str(guild), user_id=str(PERSONAS["member"]))
        where = address(scope="bot", redirect_uri=None, response_type=None)
        await answer_form(browser, where, who=PERSONAS["member"])
        page = (await browser.get(where)).text
        assert f'value="{guild}"' not in page
        fields = {"proof": proof_in(page), "decision": "authorize", "guild_id": str(guild)}
        assert (await browser.post(where, data=fields)).status_code == 403
