"""The history of a tier in the API: an older window is 403 with the date, whatever is cached."""

from datetime import date, timedelta

import httpx
import pytest

from herwa_shared.clock import utc_now
from herwa_shared.demo_guild import DEMO_GUILD_ID
from herwa_shared.services.audit import SYSTEM
from herwa_shared.services.subscriptions import grant
from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.api.conftest import KeyFactory
from tests.support.oauth_login import ManagedServer, save_server
from tests.support.row_factories import add_guild
from tests.support.short_history import grant_short_history, revoke_tier
from tests.support.waiting import wait_until

ROUTES = ["stats", "top/channels", "top/members", "heatmap"]


def get_first_day(days: int = 90) -> date:
    return utc_now().date() - timedelta(days=days)


@pytest.fixture
async def guild_id(stores: Stores) -> int:
    return await add_guild(stores, has_all_history=False)


@pytest.mark.parametrize("route", ROUTES)
async def test_window_before_the_history_is_refused_with_its_first_day(client, guild_id, make_key, route):
    headers = {"Authorization": f"Bearer {await make_key(guild_id)}"}
    first_day = get_first_day()
    url = f"/api/guilds/{guild_id}/{route}"
    assert (await client.get(f"{url}?from={first_day}&timezone=UTC", headers=headers)).status_code == 200
    assert (await client.get(url, headers=headers)).status_code == 200
    for start in (first_day - timedelta(days=1), date(2021, 5, 1)):
        response = await client.get(f"{url}?from={start}&timezone=UTC", headers=headers)
        problem = response.json()
        assert (response.status_code, problem["code"]) == (403, "history_limit")
        assert problem["history_start"] == str(first_day)
        assert str(first_day) in problem["hint"]


async def test_window_to_compare_with_is_limited_too(client, guild_id, make_key: KeyFactory):
    headers = {"Authorization": f"Bearer {await make_key(guild_id)}"}
    for start, compare, status in ((40, "previous", 200), (60, "previous", 403), (7, "year", 403)):
        params = {"from": str(get_first_day(start)), "compare": compare}
        response = await client.get(f"/api/guilds/{guild_id}/stats", params=params, headers=headers)
        assert response.status_code == status, (start, compare)


async def test_downgrade_is_in_force_within_a_second_also_for_cached_bodies(
    client, guild_id, make_key: KeyFactory, stores: Stores
):
    headers = {"Authorization": f"Bearer {await make_key(guild_id)}"}

    async def is_allowed() -> bool:
        url = f"/api/guilds/{guild_id}/stats?from=2021-05-01"
        return (await client.get(url, headers=headers)).status_code == 200

    async def is_refused() -> bool:
        return not await is_allowed()

    assert await is_refused()
    async with stores.database.transaction() as session:
        await grant(session, guild_id=guild_id, tier="premium", reason="", actor=SYSTEM)
    await wait_until(is_allowed, timeout_seconds=1)
    assert await is_allowed()
    await revoke_tier(stores, guild_id)
    await wait_until(is_refused, timeout_seconds=1)


async def test_test_key_reads_as_far_back_as_its_guild(client, guild_id, make_key: KeyFactory, stores: Stores):
    await grant_short_history(stores, guild_id, 5)
    headers = {"Authorization": f"Bearer {await make_key(guild_id, is_test=True)}"}
    for days, status in ((5, 200), (6, 403)):
        response = await client.get(f"/api/guilds/{DEMO_GUILD_ID}/stats?from={get_first_day(days)}", headers=headers)
        assert response.status_code == status


async def test_manager_is_limited_as_a_key_is(browser: Browser, server: ManagedServer, stores: Stores):
    await save_server(stores, server, has_all_history=False)
    await browser.log_in(server.manager)
    response: httpx.Response = await browser.herwa.get(f"/api/guilds/{server.id}/stats?from=2021-05-01")
    assert (response.status_code, response.json()["code"]) == (403, "history_limit")
