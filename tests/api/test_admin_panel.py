"""Routes of the operator's panel about this copy: overview, health, tiers, kill switches."""

import pytest

from herwa_api.operator_gate import PANEL_PREFIX
from herwa_shared.catalog import FeatureKey, Limit
from herwa_shared.clock import utc_now
from herwa_shared.discord.endpoints import LOCAL_OPERATOR_ID
from herwa_shared.operators.activity import refresh_guild_activity
from herwa_shared.operators.days import DAYS, refresh_days
from herwa_shared.operators.store_sizes import record_store_sizes
from herwa_shared.operators.view_as import find_view
from herwa_shared.services.audit import list_entries
from herwa_shared.stores import Stores
from tests.api.browser import Browser
from tests.support.oauth_login import ManagedServer


@pytest.fixture
async def operator(browser: Browser) -> Browser:
    """The operator of the local Discord, who has just logged in."""
    await browser.log_in(LOCAL_OPERATOR_ID)
    browser.herwa.headers["Origin"] = browser.settings.origin
    return browser


async def test_overview_and_health(operator: Browser, saved_server: ManagedServer, stores: Stores):
    now = utc_now()
    await refresh_guild_activity(stores.database, stores.clickhouse, now=now)
    await refresh_days(stores.database, stores.clickhouse, now=now)
    await record_store_sizes(stores.database, stores.clickhouse, stores.redis, now=now)
    overview = (await operator.herwa.get(f"{PANEL_PREFIX}/overview")).json()
    assert len(overview["days"]) == DAYS
    assert overview["days"][-1]["servers"] >= 1
    assert overview["days"][0]["servers"] is None
    assert sum(overview["tiers"].values()) == overview["days"][-1]["servers"]
    health = (await operator.herwa.get(f"{PANEL_PREFIX}/health")).json()
    assert {"postgresql", "clickhouse"} <= {store["name"] for store in health["stores"]}
    assert all(store["size"] > 0 for store in health["stores"])
    assert not health["healthy"]
    assert {"kind": "process", "subject": "worker"} in health["problems"]
    assert (await operator.herwa.post(f"{PANEL_PREFIX}/jobs/nothing/run")).status_code == 404


async def test_dry_run_of_a_tier_changes_nothing(operator: Browser, saved_server: ManagedServer, stores: Stores):
    tiers = (await operator.herwa.get(f"{PANEL_PREFIX}/tiers")).json()["tiers"]
    free = next(tier for tier in tiers if tier["key"] == "free")
    limits = {key: free["limits"][key] for key in free["own_limits"]}
    limits[Limit.WIDGETS] += 1
    body = {"features": free["own_features"], "limits": limits, "inherits": None, "reason": "Prices of 2027"}
    url = f"{PANEL_PREFIX}/tiers/free?dry_run=true"
    response = await operator.herwa.put(url, json=body)
    [effect] = response.json()["effects"]
    assert (effect["key"], effect["losing"]) == ("widgets", 0)
    assert effect["gaining"] >= 1
    assert (await operator.herwa.get(f"{PANEL_PREFIX}/tiers")).json()["tiers"] == tiers
    assert (await operator.herwa.put(f"{PANEL_PREFIX}/tiers/gold?dry_run=true", json=body)).status_code == 404
    lowest = f"{PANEL_PREFIX}/features/{FeatureKey.VOICE_STATS}/lowest-tier?dry_run=true"
    response = await operator.herwa.put(lowest, json={"tier": "premium", "reason": "r"})
    assert response.json()["effects"][0]["losing"] >= 1


async def test_kill_switch_is_set_with_a_reason_and_cleared(
    operator: Browser, saved_server: ManagedServer, stores: Stores
):
    url = f"{PANEL_PREFIX}/kill-switches/{FeatureKey.TICKET_STATS}"
    try:
        response = await operator.herwa.put(url, json={"reason": "Ticket statistics are being repaired."})
        assert response.json()["items"][0]["reason"] == "Ticket statistics are being repaired."
    finally:
        response = await operator.herwa.delete(url)
    assert response.json()["items"] == []
    assert (await operator.herwa.put(url, json={"reason": ""})).status_code == 400
    async with stores.database.transaction() as session:
        entries = await list_entries(session, guild_id=None, limit=50)
    assert [entry.action for entry in entries].count("kill_switch.set") >= 2


async def test_tier_is_created_and_deleted(operator: Browser, saved_server: ManagedServer):
    url = f"{PANEL_PREFIX}/tiers"
    body = {"key": "starter", "title": "Starter", "above": "free", "reason": "Prices of 2027"}
    response = await operator.herwa.post(url, json=body)
    assert [tier["key"] for tier in response.json()["tiers"]][:2] == ["free", "starter"]
    assert (await operator.herwa.post(url, json=body)).status_code == 400
    response = await operator.herwa.request("DELETE", f"{url}/starter", json={"reason": "Not needed"})
    assert "starter" not in [tier["key"] for tier in response.json()["tiers"]]
    assert (await operator.herwa.request("DELETE", f"{url}/free", json={"reason": "r"})).status_code == 400


async def test_view_of_a_server_is_begun_and_ended(operator: Browser, saved_server: ManagedServer, stores: Stores):
    url = f"{PANEL_PREFIX}/servers/{saved_server.id}/view"
    assert (await operator.herwa.post(url, json={"reason": " "})).status_code == 400
    view = (await operator.herwa.post(url, json={"reason": "Support request 17"})).json()
    assert view["guild_id"] == str(saved_server.id)
    async with stores.database.transaction() as session:
        found = await find_view(session, user_id=LOCAL_OPERATOR_ID, now=utc_now())
        assert found is not None
        assert (found.guild.id, found.ends_at.isoformat()) == (saved_server.id, view["ends_at"])
        entries = await list_entries(session, guild_id=saved_server.id, limit=1)
    assert (entries[0].action, entries[0].reason) == ("operator.view", "Support request 17")
    assert (await operator.herwa.delete(f"{PANEL_PREFIX}/view")).status_code == 204
    async with stores.database.transaction() as session:
        assert await find_view(session, user_id=LOCAL_OPERATOR_ID, now=utc_now()) is None
    assert (await operator.herwa.post(f"{PANEL_PREFIX}/servers/1/view", json={"reason": "r"})).status_code == 404
