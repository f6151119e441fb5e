"""Test keys: they answer from the demo guild, with limits and settings of their own guild, and change nothing."""

import httpx
import pytest

from herwa_api import texts
from herwa_shared.catalog import FeatureKey, Limit, Scope
from herwa_shared.demo_guild import DEMO_CHANNEL_NAMES, DEMO_GUILD_ID, DEMO_GUILD_NAME, DEMO_MEMBER_NAMES
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.features import set_feature
from herwa_shared.services.grants import grant_limit
from herwa_shared.stores import Stores
from tests.api.conftest import KeyFactory
from tests.support.row_factories import add_guild
from tests.support.statement_log import count_selects
from tests.support.waiting import wait_until

DEMO = f"/api/guilds/{DEMO_GUILD_ID}"


class KeyClient:
    """Requests with one key."""

    def __init__(self, client: httpx.AsyncClient, key: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {key}"}

    async def request(self, path: str, method: str = "GET", **options) -> httpx.Response:
        return await self.client.request(method, path, headers=self.headers, **options)


@pytest.fixture
async def guild_id(stores: Stores) -> int:
    return await add_guild(stores)


@pytest.fixture
async def api(client: httpx.AsyncClient, guild_id: int, make_key: KeyFactory) -> KeyClient:
    """A client with a test key with every scope."""
    key = await make_key(guild_id, is_test=True)
    assert key.startswith("sk_test_hw_")
    return KeyClient(client, key)


async def test_test_key_reads_the_demo_guild_and_no_other(api: KeyClient, guild_id: int):
    identity = (await api.request("/api/me")).json()["key"]
    assert (identity["guild_id"], identity["is_test"]) == (str(DEMO_GUILD_ID), True)
    [guild] = (await api.request("/api/guilds")).json()["items"]
    assert (guild["id"], guild["name"]) == (str(DEMO_GUILD_ID), DEMO_GUILD_NAME)

    stats = (await api.request(f"{DEMO}/stats?metric=messages,members&compare=previous")).json()
    assert stats["guild_id"] == str(DEMO_GUILD_ID)
    assert [series["total"] > 100 for series in stats["series"]] == [True, True]
    channels = (await api.request(f"{DEMO}/top/channels")).json()["items"]
    assert {channel["name"] for channel in channels} <= set(DEMO_CHANNEL_NAMES.values())
    members = (await api.request(f"{DEMO}/top/members")).json()["items"]
    assert {int(member["id"]) for member in members} <= set(DEMO_MEMBER_NAMES)
    assert len((await api.request(f"{DEMO}/heatmap")).json()["cells"]) == 168
    narrow = await api.request(f"{DEMO}/stats?channel_id={channels[0]['id']}")
    assert 0 < narrow.json()["total"] < stats["series"][0]["total"]
    assert (await api.request(f"{DEMO}/stats?channel_id=1")).status_code == 404

    for foreign_id in (guild_id, 1):
        for route in ("stats", "top/channels", "top/members", "heatmap", "keys"):
            assert (await api.request(f"/api/guilds/{foreign_id}/{route}")).status_code == 404


async def test_live_key_does_not_read_the_demo_guild(client, guild_id: int, make_key: KeyFactory):
    live = KeyClient(client, await make_key(guild_id))
    assert (await live.request(f"{DEMO}/stats")).status_code == 404
    assert (await live.request("/api/me")).json()["key"]["is_test"] is False


async def test_responses_about_the_demo_guild_are_cached(api: KeyClient, stores: Stores):
    path = f"{DEMO}/stats?from=2026-01-01&to=2026-02-01"

    async def is_cached() -> bool:
        selects = await count_selects(stores.clickhouse)
        assert (await api.request(path)).status_code == 200
        return await count_selects(stores.clickhouse) == selects + 1

    await wait_until(is_cached)


async def test_members_of_the_demo_guild_have_pseudonyms_too(client, guild_id: int, make_key: KeyFactory):
    key = KeyClient(client, await make_key(guild_id, [Scope.STATS, Scope.MEMBERS], is_test=True))
    members = (await key.request(f"{DEMO}/top/members")).json()["items"]
    assert all(member["id"].startswith("m_") and member["name"] is None for member in members)


async def test_test_key_changes_nothing(api: KeyClient, guild_id: int):
    body = {"name": "x", "scopes": ["stats:read"]}
    for owner_id in (guild_id, DEMO_GUILD_ID):
        for method, path in (("POST", ""), ("DELETE", "/1"), ("POST", "/1/rotate"), ("PUT", "")):
            response = await api.request(f"/api/guilds/{owner_id}/keys{path}", method, json=body)
            assert response.status_code in (403, 405)
            if response.status_code == 403:
                assert response.json()["detail"] == texts.TEST_KEY_READS_ONLY


async def test_limits_and_settings_are_those_of_its_guild(api: KeyClient, guild_id: int, stores: Stores):
    async with stores.database.transaction() as session:
        await set_feature(session, guild_id=guild_id, feature=FeatureKey.API_STATISTICS, enabled=False, actor=SYSTEM)

    async def is_refused() -> bool:
        return (await api.request(f"{DEMO}/stats")).status_code == 403

    await wait_until(is_refused)
    async with stores.database.transaction() as session:
        await grant_limit(
            session, guild_id=guild_id, limit=Limit.REQUESTS_PER_MINUTE, value=130, reason="test", actor=SYSTEM
        )

    async def has_limit() -> bool:
        return "q=130" in (await api.request("/api/me")).headers["RateLimit-Policy"]

    await wait_until(has_limit)
    statuses = [(await api.request("/api/me")).status_code for _ in range(131)]
    assert statuses[-1] == 429
