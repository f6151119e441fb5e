"""What a guild or Herwa's operator has chosen holds for the API: for keys, and for people who are logged in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from herwa_api.app import create_app
from herwa_api.surfaces import SURFACES
from herwa_shared.auth.user_guilds import forget_rights
from herwa_shared.catalog import FeatureKey, ModuleKey, TierKey
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.guardrail.policy import SubjectKind
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.services.api_keys import Scope
from herwa_shared.stores import Stores
from tests.activity import add_guild
from tests.api.browser import Browser
from tests.api.conftest import MakeKey
from tests.governing import Governing, until
from tests.people import Server, bot_knows
from tests.sim.process import SimProcess

STATISTICS = FeatureKey.API_STATISTICS
MEMBER_ROUTE = "/users/@me/guilds/{guild_id}/member"
NOBODY = "postgresql://nobody:secret@127.0.0.1:1/nothing"


@pytest.fixture
def governing(stores: Stores) -> Governing:
    return Governing(stores)


@dataclass(frozen=True)
class Program:
    """A program with a key of a guild of its own."""

    http: httpx.AsyncClient
    guild_id: int
    key: str

    async def ask(self, route: str = "stats", guild_id: int | str | None = None) -> httpx.Response:
        path = f"/api/guilds/{guild_id or self.guild_id}/{route}"
        return await self.http.get(path, headers={"Authorization": f"Bearer {self.key}"})

    async def is_refused(self) -> bool:
        return (await self.ask()).status_code == 403

    async def is_answered(self) -> bool:
        return (await self.ask()).status_code == 200


@pytest.fixture
async def program(client: httpx.AsyncClient, stores: Stores, make_key: MakeKey) -> Program:
    guild_id = await add_guild(stores)
    return Program(client, guild_id, await make_key(guild_id))


def assert_refused(answer: httpx.Response, reason: str) -> str:
    """The refusal's words."""
    body = answer.json()
    assert (answer.status_code, body["status"], body["reason"]) == (403, 403, reason)
    assert answer.headers["content-type"] == "application/problem+json"
    return body["detail"]


async def test_every_address_below_a_guild_is_a_surface_and_every_surface_an_address(client):
    paths = (await client.get("/api/openapi.json")).json()["paths"]
    below = {path.removeprefix("/api/guilds/{guild_id}/") for path in paths if "{guild_id}" in path}
    assert below == {surface.key for surface in SURFACES.all}


async def test_what_the_guild_switches_off_its_keys_no_longer_read_and_are_told_who_can_change_it(
    program: Program, governing: Governing
):
    assert await program.is_answered()
    await governing.switch(program.guild_id, STATISTICS, on=False)
    await until(program.is_refused)

    for surface in SURFACES.all:
        words = assert_refused(await program.ask(surface.key), "toggle")
        assert "Statistics API is switched off" in words
        assert "Manage Server" in words
    await governing.switch(program.guild_id, STATISTICS, on=True)
    await until(program.is_answered)


async def test_a_module_that_is_off_takes_its_features_along(program: Program, governing: Governing):
    await governing.switch_module(program.guild_id, ModuleKey.API, on=False)
    await until(program.is_refused)

    assert "the API module" in assert_refused(await program.ask(), "toggle")


async def test_a_kill_switch_refuses_every_guild_and_says_its_reason(program: Program, governing: Governing):
    await governing.kill(STATISTICS, on=True, reason="The numbers are being mended.")
    try:
        await until(program.is_refused)
        words = assert_refused(await program.ask(), "kill_switch")
        assert "The numbers are being mended." in words
        assert "operator" in words
    finally:
        await governing.kill(STATISTICS, on=False)
    await until(program.is_answered)


async def test_what_the_tier_lacks_is_refused_and_names_the_tier_that_has_it(program: Program, governing: Governing):
    async def names_premium() -> bool:
        return "Premium" in (await program.ask()).text

    await governing.offer(TierKey.FREE, STATISTICS, included=False)
    await governing.offer(TierKey.PREMIUM, STATISTICS, included=True)
    try:
        await until(names_premium)
        assert "this server is on Free" in assert_refused(await program.ask(), "tier")
    finally:
        await governing.offer(TierKey.PREMIUM, STATISTICS, included=False)
        await governing.offer(TierKey.FREE, STATISTICS, included=True)
    await until(program.is_answered)


async def test_a_missing_scope_is_said_only_after_what_is_switched_off(
    program: Program, governing: Governing, make_key: MakeKey
):
    narrow = Program(program.http, program.guild_id, await make_key(program.guild_id, [Scope.STATS]))
    assert "members:read" in assert_refused(await narrow.ask("top/members"), "scope")
    await governing.switch(program.guild_id, STATISTICS, on=False)
    await until(program.is_refused)

    assert_refused(await narrow.ask("top/members"), "toggle")


async def test_a_guild_of_others_that_refuses_still_looks_like_one_that_does_not_exist(
    program: Program, governing: Governing, make_key: MakeKey, stores: Stores
):
    other = await add_guild(stores)
    stranger = Program(program.http, other, await make_key(other))
    await governing.switch(program.guild_id, STATISTICS, on=False)
    await until(program.is_refused)

    foreign, missing = await stranger.ask(guild_id=program.guild_id), await stranger.ask(guild_id=81384788765712384)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content


async def test_while_policies_cannot_be_loaded_nothing_is_answered(
    program: Program, stores: Stores, settings: Settings
):
    lost = Database(NOBODY)
    app = create_app(stores, settings, PolicyCache(lost, NOBODY, SURFACES))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://herwa") as http:
        answer = await Program(http, program.guild_id, program.key).ask()
        missing = await Program(http, program.guild_id, program.key).ask(guild_id=81384788765712384)
    await lost.close()

    assert (answer.status_code, answer.json()["code"]) == (503, "policy_away")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"]
    assert missing.status_code == 404


class TestPeople:
    @pytest.fixture
    async def path(self, server: Server, stores: Stores) -> AsyncIterator[str]:
        await bot_knows(stores, server)
        return f"/api/guilds/{server.id}/stats"

    async def deny_the_role(self, governing: Governing, server: Server) -> int:
        return await governing.deny(server.id, SubjectKind.ROLE, server.role, STATISTICS, note="on leave")

    async def test_a_rule_for_one_of_their_roles_refuses_a_manager_and_not_the_owner_nor_the_servers_keys(
        self,
        browser: Browser,
        other: Browser,
        server: Server,
        path: str,
        governing: Governing,
        client: httpx.AsyncClient,
        make_key: MakeKey,
    ):
        await browser.log_in(server.manager)
        await other.log_in(server.owner)
        assert (await browser.herwa.get(path)).status_code == 200
        rule_id = await self.deny_the_role(governing, server)

        await until(lambda: has_status(browser, path, 403))
        words = assert_refused(await browser.herwa.get(path), "access_rule")
        assert "one of your roles may not use Statistics API: on leave" in words
        assert "/permissions" in words
        assert (await other.herwa.get(path)).status_code == 200
        assert await Program(client, server.id, await make_key(server.id)).is_answered()
        await governing.remove(server.id, rule_id)
        await until(lambda: has_status(browser, path, 200))

    async def test_who_loses_the_role_that_a_rule_refuses_is_answered_again(
        self, browser: Browser, server: Server, path: str, governing: Governing, stores: Stores
    ):
        barred = server.discord.create_role(server.id, "Barred", permissions=0)
        server.discord.set_roles(server.id, server.manager, [server.role, barred])
        await browser.log_in(server.manager)
        await governing.deny(server.id, SubjectKind.ROLE, barred, STATISTICS, note="")
        await until(lambda: has_status(browser, path, 403))

        server.discord.set_roles(server.id, server.manager, [server.role])
        async with stores.database.transaction() as session:
            await forget_rights(session, guild_id=server.id, user_id=server.manager)
        assert (await browser.herwa.get(path)).status_code == 200

    async def test_a_rule_for_the_person_names_them(
        self, browser: Browser, server: Server, path: str, governing: Governing
    ):
        await browser.log_in(server.manager)
        await governing.deny(server.id, SubjectKind.MEMBER, server.manager, STATISTICS, note="")
        await until(lambda: has_status(browser, path, 403))

        assert_refused(await browser.herwa.get(path), "access_rule")

    async def test_what_is_switched_off_is_off_for_the_owner_too(
        self, browser: Browser, server: Server, path: str, governing: Governing
    ):
        await browser.log_in(server.owner)
        await governing.switch(server.id, STATISTICS, on=False)
        await until(lambda: has_status(browser, path, 403))

        assert_refused(await browser.herwa.get(path), "toggle")

    async def test_to_members_a_server_that_refuses_does_not_exist_either(
        self, browser: Browser, server: Server, path: str, governing: Governing
    ):
        await governing.switch(server.id, STATISTICS, on=False)
        await browser.log_in(server.member)

        foreign = await browser.herwa.get(path)
        missing = await browser.herwa.get("/api/guilds/81384788765712384/stats")
        assert foreign.status_code == missing.status_code == 404
        assert foreign.content == missing.content

    async def test_discord_is_asked_for_roles_only_where_a_rule_is_about_one_and_once(
        self, browser: Browser, server: Server, path: str, governing: Governing, discord: SimProcess
    ):
        def questions() -> int:
            return sum(call["route"] == MEMBER_ROUTE for call in discord.client.journal(on=True).calls)

        await browser.log_in(server.manager)
        await governing.deny(server.id, SubjectKind.MEMBER, server.member, STATISTICS, note="")
        questions()
        for _ in range(3):
            assert (await browser.herwa.get(path)).status_code == 200
        assert questions() == 0

        await self.deny_the_role(governing, server)
        await until(lambda: has_status(browser, path, 403))
        await browser.herwa.get(path)
        assert questions() == 1

    async def test_while_discord_tells_no_roles_a_rule_about_them_lets_nobody_through(
        self, browser: Browser, server: Server, path: str, governing: Governing, discord: SimProcess
    ):
        await browser.log_in(server.manager)
        assert (await browser.herwa.get(path)).status_code == 200
        discord.client.chaos(fail={"share": 1, "route": "/member"})
        await self.deny_the_role(governing, server)

        await until(lambda: has_status(browser, path, 503))
        assert (await browser.herwa.get(path)).json()["code"] == "discord_away"


async def has_status(browser: Browser, path: str, status: int) -> bool:
    return (await browser.herwa.get(path)).status_code == status
