"""The guardrail applies to the API, for requests with an API key and with a session."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from herwa_api.app import create_app
from herwa_api.surfaces import EXPORT_HISTORY, KEYS, SURFACES
from herwa_shared.auth.user_guilds import invalidate_guild_access
from herwa_shared.catalog import FEATURES, MODULES, FeatureKey, ModuleKey, Scope, SurfaceKind, TierKey
from herwa_shared.config import Settings
from herwa_shared.db import Database
from herwa_shared.guardrail.policy import SubjectKind
from herwa_shared.policy_cache.cache import PolicyCache
from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.api.conftest import UNREACHABLE_DATABASE_URL, KeyFactory
from tests.support.governance_client import GovernanceClient
from tests.support.oauth_login import ManagedServer, save_server
from tests.support.row_factories import add_guild
from tests.support.sim_process import SimProcess
from tests.support.waiting import wait_until

KILL_REASON = "The counters are being repaired."
RULE_NOTE = "on leave"
STATISTICS = FeatureKey.API_STATISTICS
MEMBER_ROUTE = "/users/@me/guilds/{guild_id}/member"


@pytest.fixture
def governance(stores: Stores) -> GovernanceClient:
    return GovernanceClient(stores)


@dataclass(frozen=True)
class ApiKeyClient:
    """An API client with a key of one guild."""

    http: httpx.AsyncClient
    guild_id: int
    key: str

    async def get(self, route: str = "stats", guild_id: int | str | None = None) -> httpx.Response:
        path = f"/api/guilds/{guild_id or self.guild_id}/{route}".removesuffix("/guild")
        return await self.http.get(path, headers={"Authorization": f"Bearer {self.key}"})

    async def is_refused(self) -> bool:
        return (await self.get()).status_code == 403

    async def is_allowed(self) -> bool:
        return (await self.get()).status_code == 200


@pytest.fixture
async def key_client(client: httpx.AsyncClient, stores: Stores, make_key: KeyFactory) -> ApiKeyClient:
    """An API client with a key of a new guild."""
    guild_id = await add_guild(stores)
    return ApiKeyClient(client, guild_id, await make_key(guild_id))


def assert_refused(response: httpx.Response, reason: str) -> str:
    """Assert that the response is a 403 problem with this reason; return its detail text."""
    body = response.json()
    assert (response.status_code, body["status"], body["reason"]) == (403, 403, reason)
    assert response.headers["content-type"] == "application/problem+json"
    return body["detail"]


async def test_guild_routes_and_surfaces_are_the_same_set(client):
    paths = (await client.get("/api/openapi.json")).json()["paths"]
    guild_paths = {path.removeprefix("/api/guilds/{guild_id}/") for path in paths if "{guild_id}/" in path} | {"guild"}
    routes = {surface.key for surface in SURFACES.all if surface.kind is SurfaceKind.API}
    paths_with_several_surfaces = {EXPORT_HISTORY.key}  # its path is that of EXPORTS: the body decides
    paths_of_other_surfaces = {
        "public-page",  # made of widgets
        "export-events",  # of exports
    }
    keys = {path.partition("/{")[0] for path in guild_paths} - paths_of_other_surfaces
    assert keys == routes - paths_with_several_surfaces


async def test_disabled_feature_refuses_api_keys(key_client: ApiKeyClient, governance: GovernanceClient):
    assert await key_client.is_allowed()
    await governance.set_feature(key_client.guild_id, STATISTICS, enabled=False)
    await wait_until(key_client.is_refused)

    for surface in (surface for surface in SURFACES.all if surface.feature == STATISTICS and surface != KEYS):
        assert FEATURES[STATISTICS].title in assert_refused(await key_client.get(surface.key), "toggle")
    await governance.set_feature(key_client.guild_id, STATISTICS, enabled=True)
    await wait_until(key_client.is_allowed)


async def test_disabled_settings_api_refuses_api_keys_and_leaves_statistics(
    key_client: ApiKeyClient, governance: GovernanceClient
):
    await governance.set_feature(key_client.guild_id, FeatureKey.API_SETTINGS, enabled=False)

    async def is_refused() -> bool:
        return (await key_client.get("rules")).status_code == 403

    await wait_until(is_refused)
    for surface in (surface for surface in SURFACES.all if surface.feature == FeatureKey.API_SETTINGS):
        assert FEATURES[FeatureKey.API_SETTINGS].title in assert_refused(await key_client.get(surface.key), "toggle")
    assert await key_client.is_allowed()


async def test_disabled_module_refuses_its_features(key_client: ApiKeyClient, governance: GovernanceClient):
    await governance.set_module(key_client.guild_id, ModuleKey.API, enabled=False)
    await wait_until(key_client.is_refused)

    assert MODULES[ModuleKey.API].title in assert_refused(await key_client.get(), "toggle")


async def test_kill_switch_refuses_every_guild_with_its_reason(key_client: ApiKeyClient, governance: GovernanceClient):
    await governance.set_kill_switch(STATISTICS, enabled=True, reason=KILL_REASON)
    try:
        await wait_until(key_client.is_refused)
        assert KILL_REASON in assert_refused(await key_client.get(), "kill_switch")
    finally:
        await governance.set_kill_switch(STATISTICS, enabled=False)
    await wait_until(key_client.is_allowed)


async def test_feature_outside_the_tier_is_refused_and_names_the_tier_that_includes_it(
    key_client: ApiKeyClient, governance: GovernanceClient
):
    async def is_naming_premium() -> bool:
        return "Premium" in (await key_client.get()).text

    await governance.set_tier_feature(TierKey.FREE, STATISTICS, included=False)
    await governance.set_tier_feature(TierKey.PREMIUM, STATISTICS, included=True)
    try:
        await wait_until(is_naming_premium)
        assert_refused(await key_client.get(), "tier")
    finally:
        await governance.set_tier_feature(TierKey.PREMIUM, STATISTICS, included=False)
        await governance.set_tier_feature(TierKey.FREE, STATISTICS, included=True)
    await wait_until(key_client.is_allowed)


async def test_disabled_feature_is_reported_before_a_missing_scope(
    key_client: ApiKeyClient, governance: GovernanceClient, make_key: KeyFactory
):
    narrow_client = ApiKeyClient(
        key_client.http, key_client.guild_id, await make_key(key_client.guild_id, [Scope.STATS])
    )
    assert "members:read" in assert_refused(await narrow_client.get("top/members"), "scope")
    await governance.set_feature(key_client.guild_id, STATISTICS, enabled=False)
    await wait_until(key_client.is_refused)

    assert_refused(await narrow_client.get("top/members"), "toggle")


async def test_foreign_guild_with_a_disabled_feature_looks_like_a_missing_guild(
    key_client: ApiKeyClient, governance: GovernanceClient, make_key: KeyFactory, stores: Stores
):
    other_guild_id = await add_guild(stores)
    stranger = ApiKeyClient(key_client.http, other_guild_id, await make_key(other_guild_id))
    await governance.set_feature(key_client.guild_id, STATISTICS, enabled=False)
    await wait_until(key_client.is_refused)

    foreign, missing = await stranger.get(guild_id=key_client.guild_id), await stranger.get(guild_id=81384788765712384)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content


async def test_request_gets_503_while_policies_cannot_be_loaded(
    key_client: ApiKeyClient, stores: Stores, settings: Settings
):
    unreachable_database = Database(UNREACHABLE_DATABASE_URL)
    app = create_app(stores, settings, PolicyCache(unreachable_database, UNREACHABLE_DATABASE_URL, SURFACES))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://herwa") as http:
        response = await ApiKeyClient(http, key_client.guild_id, key_client.key).get()
        missing = await ApiKeyClient(http, key_client.guild_id, key_client.key).get(guild_id=81384788765712384)
    await unreachable_database.close()

    assert (response.status_code, response.json()["code"]) == (503, "policy_away")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"]
    assert missing.status_code == 503, "without a policy the limits of the key are not known either"


class TestSessions:
    @pytest.fixture
    async def path(self, server: ManagedServer, stores: Stores) -> AsyncIterator[str]:
        """The statistics path of the server, after the server was saved in the database."""
        await save_server(stores, server)
        return f"/api/guilds/{server.id}/stats"

    async def deny_role(self, governance: GovernanceClient, server: ManagedServer) -> int:
        return await governance.add_deny_rule(server.id, SubjectKind.ROLE, server.role, STATISTICS, note=RULE_NOTE)

    async def test_role_rule_refuses_a_manager_but_not_the_owner_or_api_keys(
        self,
        browser: Browser,
        other_browser: Browser,
        server: ManagedServer,
        path: str,
        governance: GovernanceClient,
        client: httpx.AsyncClient,
        make_key: KeyFactory,
    ):
        await browser.log_in(server.manager)
        await other_browser.log_in(server.owner)
        assert (await browser.herwa.get(path)).status_code == 200
        rule_id = await self.deny_role(governance, server)

        await wait_until(lambda: has_status(browser, path, 403))
        assert RULE_NOTE in assert_refused(await browser.herwa.get(path), "access_rule")
        assert (await other_browser.herwa.get(path)).status_code == 200
        assert await ApiKeyClient(client, server.id, await make_key(server.id)).is_allowed()
        await governance.remove_rule(server.id, rule_id)
        await wait_until(lambda: has_status(browser, path, 200))

    async def test_manager_regains_access_after_losing_the_denied_role(
        self, browser: Browser, server: ManagedServer, path: str, governance: GovernanceClient, stores: Stores
    ):
        barred_role = server.discord.create_role(server.id, "Barred", permissions=0)
        server.discord.set_roles(server.id, server.manager, [server.role, barred_role])
        await browser.log_in(server.manager)
        await governance.add_deny_rule(server.id, SubjectKind.ROLE, barred_role, STATISTICS, note="")
        await wait_until(lambda: has_status(browser, path, 403))

        server.discord.set_roles(server.id, server.manager, [server.role])
        async with stores.database.transaction() as session:
            await invalidate_guild_access(session, guild_id=server.id, user_id=server.manager)
        assert (await browser.herwa.get(path)).status_code == 200

    async def test_member_rule_refuses_the_manager(
        self, browser: Browser, server: ManagedServer, path: str, governance: GovernanceClient
    ):
        await browser.log_in(server.manager)
        await governance.add_deny_rule(server.id, SubjectKind.MEMBER, server.manager, STATISTICS, note="")
        await wait_until(lambda: has_status(browser, path, 403))

        assert_refused(await browser.herwa.get(path), "access_rule")

    async def test_disabled_feature_is_refused_to_the_owner(
        self, browser: Browser, server: ManagedServer, path: str, governance: GovernanceClient
    ):
        await browser.log_in(server.owner)
        await governance.set_feature(server.id, STATISTICS, enabled=False)
        await wait_until(lambda: has_status(browser, path, 403))

        assert_refused(await browser.herwa.get(path), "toggle")

    async def test_server_with_a_disabled_feature_looks_missing_to_members(
        self, browser: Browser, server: ManagedServer, path: str, governance: GovernanceClient
    ):
        await governance.set_feature(server.id, STATISTICS, enabled=False)
        await browser.log_in(server.member)

        foreign = await browser.herwa.get(path)
        missing = await browser.herwa.get("/api/guilds/81384788765712384/stats")
        assert foreign.status_code == missing.status_code == 404
        assert foreign.content == missing.content

    async def test_roles_are_fetched_from_discord_once_and_only_if_a_rule_names_a_role(
        self, browser: Browser, server: ManagedServer, path: str, governance: GovernanceClient, discord: SimProcess
    ):
        def count_member_requests() -> int:
            return sum(call["route"] == MEMBER_ROUTE for call in discord.client.read_journal(on=True).calls)

        await browser.log_in(server.manager)
        await governance.add_deny_rule(server.id, SubjectKind.MEMBER, server.member, STATISTICS, note="")
        count_member_requests()
        for _ in range(3):
            assert (await browser.herwa.get(path)).status_code == 200
        assert count_member_requests() == 0

        await self.deny_role(governance, server)
        await wait_until(lambda: has_status(browser, path, 403))
        await browser.herwa.get(path)
        assert count_member_requests() == 1

    async def test_role_rule_returns_503_while_discord_roles_are_unavailable(
        self, browser: Browser, server: ManagedServer, path: str, governance: GovernanceClient, discord: SimProcess
    ):
        await browser.log_in(server.manager)
        assert (await browser.herwa.get(path)).status_code == 200
        discord.client.enable_faults(fail={"share": 1, "route": "/member"})
        await self.deny_role(governance, server)

        await wait_until(lambda: has_status(browser, path, 503))
        assert (await browser.herwa.get(path)).json()["code"] == "discord_away"


async def has_status(browser: Browser, path: str, status: int) -> bool:
    return (await browser.herwa.get(path)).status_code == status
