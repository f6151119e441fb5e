"""Tiers that are bought in the local Discord: in force, refunded, ended; a failing Discord revokes nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import httpx
import pytest
from sqlmodel import col, delete, select

from herwa_shared.clock import utc_now
from herwa_shared.config import Settings
from herwa_shared.discord.entitlements import open_entitlement_reader
from herwa_shared.errors import BadRequest, DiscordUnavailable
from herwa_shared.models import EntitlementCheck, Subscription, TierRow
from herwa_shared.operators.server_changes import grant_tier, revoke_tier
from herwa_shared.retry import RetryPolicy
from herwa_shared.services.audit import SYSTEM, list_entries
from herwa_shared.services.entitlement_checks import request_check
from herwa_shared.services.subscriptions import SubscriptionSource, extend, get_current_tier
from herwa_shared.stores import Stores
from herwa_sim.client.store import buy, create_sku, end_entitlement, refund
from herwa_worker.entitlement_jobs import EntitlementJobs
from tests.shared.services.operator_helpers import save_guild
from tests.support.schema_assertions import assert_documented
from tests.support.sim_process import SimProcess

_numbers = count(1)
FAST_RETRY = RetryPolicy(first_delay_seconds=0.01, max_delay_seconds=0.01)
REST_FAULTS = [
    {"fail": {"next": 1, "status": 503, "route": "/entitlements"}},
    {"fail": {"next": 1, "status": 500, "route": "/entitlements"}},
    {"limit": {"next": 1, "seconds": 0.1, "route": "/entitlements"}},
    {"wrong_body": {"next": 1, "route": "/entitlements"}},
    {"wrong_body": {"next": 1, "route": "/entitlements", "body": "{}"}},
    {"wrong_body": {"next": 1, "route": "/entitlements", "body": '[{"id": "1"}]'}},
]


@dataclass(slots=True)
class Shop:
    """A server of one test, a tier that is for sale, and the jobs that ask the local Discord."""

    stores: Stores
    discord: SimProcess
    jobs: EntitlementJobs
    guild_id: int
    tier: str
    sku_id: int

    async def check(self, guild_id: int | None = 0) -> None:
        """Ask Discord about the server of this test, as at an event; about all servers with None, as hourly."""
        async with self.stores.database.transaction() as session:
            await request_check(session, guild_id=self.guild_id if guild_id == 0 else guild_id)
        await self.jobs.check_entitlements()

    async def list_requests(self) -> set[int]:
        async with self.stores.database.transaction() as session:
            return set(await session.scalars(select(EntitlementCheck.guild_id)))

    async def load_tier(self, at: datetime | None = None) -> str:
        async with self.stores.database.transaction() as session:
            current = await get_current_tier(session, guild_id=self.guild_id, now=at or utc_now())
            return current.tier

    async def list_rows(self) -> list[Subscription]:
        async with self.stores.database.transaction() as session:
            query = select(Subscription).where(col(Subscription.guild_id) == self.guild_id)
            return list(await session.scalars(query.order_by(col(Subscription.id))))

    async def list_actions(self) -> list[str]:
        async with self.stores.database.transaction() as session:
            return [entry.action for entry in await list_entries(session, guild_id=self.guild_id, limit=50)]

    def buy(self, **options: object) -> int:
        return buy(self.discord.client, self.guild_id, self.sku_id, **options)


@pytest.fixture
async def shop(stores: Stores, settings: Settings, discord: SimProcess) -> AsyncIterator[Shop]:
    number = next(_numbers)
    guild_id = discord.client.create_guild(f"Shop {number}")
    await save_guild(stores, guild_id)
    sku_id = create_sku(discord.client, f"SKU {number}")
    tier = f"sold-{number}"
    async with stores.database.transaction() as session:
        session.add(TierRow(key=tier, title=f"Sold {number}", rank=5_000 + number, inherits="premium", sku_id=sku_id))
    async with open_entitlement_reader(settings) as reader:
        yield Shop(stores, discord, EntitlementJobs(stores.database, reader, retry=FAST_RETRY), guild_id, tier, sku_id)
    discord.client.disable_faults()
    assert_documented(discord.client)
    async with stores.database.transaction() as session:  # other tests list all tiers
        await session.execute(delete(Subscription).where(col(Subscription.tier_key) == tier))
        await session.execute(delete(TierRow).where(col(TierRow.key) == tier))


async def test_bought_tier_is_in_force_until_it_is_refunded(shop: Shop):
    entitlement_id = shop.buy()
    await shop.check()
    assert await shop.load_tier() == shop.tier
    [row] = await shop.list_rows()
    assert (row.source, row.external_id, row.ends_at) == (SubscriptionSource.DISCORD, str(entitlement_id), None)
    refund(shop.discord.client, entitlement_id)
    await shop.check()
    assert await shop.load_tier() == "free"
    for _ in range(2):  # Discord repeats events
        await shop.check()
    assert await shop.list_actions() == ["subscription.refund", "subscription.buy"]
    assert await shop.list_requests() == set()


async def test_subscription_that_discord_ends_is_over_at_that_time(shop: Shop):
    entitlement_id, ends = shop.buy(), utc_now() + timedelta(days=3)
    await shop.check()
    end_entitlement(shop.discord.client, entitlement_id, at=ends)
    await shop.check()
    assert [await shop.load_tier(ends + offset) for offset in (-timedelta(seconds=1), timedelta(0))] == [
        shop.tier,
        "free",
    ]
    end_entitlement(shop.discord.client, entitlement_id)
    await shop.check()
    assert await shop.load_tier() == "free"
    assert await shop.list_actions() == ["subscription.change", "subscription.change", "subscription.buy"]


async def test_purchase_whose_event_is_lost_is_found_by_the_hourly_check(shop: Shop):
    entitlement_id = shop.buy(event=False)
    await shop.jobs.check_entitlements()
    assert await shop.load_tier() == "free"
    await shop.jobs.request_entitlement_check()
    await shop.jobs.check_entitlements()
    assert await shop.load_tier() == shop.tier
    refund(shop.discord.client, entitlement_id, event=False)
    await shop.check(None)
    assert await shop.load_tier() == "free"


@pytest.mark.parametrize("fault", REST_FAULTS)
async def test_failing_discord_revokes_nothing_and_the_request_remains(shop: Shop, fault: dict):
    kept, refunded = shop.buy(), shop.buy()
    await shop.check()
    refund(shop.discord.client, refunded)
    shop.discord.client.enable_faults(**fault)
    with pytest.raises(DiscordUnavailable):
        await shop.check()
    assert [row.revoked_at for row in await shop.list_rows()] == [None, None]
    assert shop.guild_id in await shop.list_requests()
    await shop.jobs.check_entitlements()
    revoked = {int(row.external_id or 0): row.revoked_at is not None for row in await shop.list_rows()}
    assert revoked == {kept: False, refunded: True}
    assert await shop.list_requests() == set()


async def test_list_without_the_purchase_revokes_nothing(shop: Shop):
    shop.buy()
    await shop.check()
    shop.discord.client.enable_faults(wrong_body={"next": 2, "route": "/entitlements", "body": "[]"})
    for guild_id in (0, None):
        await shop.check(guild_id)
    assert await shop.load_tier() == shop.tier


async def test_purchases_of_another_application_are_not_believed(shop: Shop):
    shop.buy()
    [entitlement] = shop.discord.client.call("entitlement/list", guild_id=str(shop.guild_id))["entitlements"]
    foreign = httpx.Response(200, json=[entitlement | {"application_id": "1" * 18}]).text
    shop.discord.client.enable_faults(wrong_body={"next": 1, "route": "/entitlements", "body": foreign})
    with pytest.raises(DiscordUnavailable):
        await shop.check()
    assert await shop.list_rows() == []


async def test_bought_and_granted_tiers_end_apart(shop: Shop):
    entitlement_id = shop.buy(days=30)
    await shop.check()
    author = {"guild_id": shop.guild_id, "reason": "a test", "actor": SYSTEM}
    async with shop.stores.database.transaction() as session:
        with pytest.raises(BadRequest):
            await extend(session, days=7, **author)
    async with shop.stores.database.transaction() as session:
        await grant_tier(session, tier=shop.tier, days=3, **author)
        await revoke_tier(session, **author)
    assert await shop.load_tier() == shop.tier, "revoking what was granted does not end what was bought"
    async with shop.stores.database.transaction() as session:
        with pytest.raises(BadRequest):
            await revoke_tier(session, **author)
    async with shop.stores.database.transaction() as session:
        await grant_tier(session, tier="premium", days=3, **author)
    refund(shop.discord.client, entitlement_id)
    await shop.check()
    assert await shop.load_tier() == "premium", "a refund does not end what was granted"


async def test_test_entitlement_is_in_force_until_it_is_deleted(shop: Shop):
    path = f"{shop.discord.url}/api/v10/applications/{shop.discord.client.get_snapshot().application_id}/entitlements"
    body = {"sku_id": str(shop.sku_id), "owner_id": str(shop.guild_id), "owner_type": 1}
    async with httpx.AsyncClient(headers={"Authorization": f"Bot {shop.discord.token}"}, trust_env=False) as client:
        created = (await client.post(path, json=body)).raise_for_status().json()
        await shop.check()
        assert (await shop.load_tier(), created["starts_at"]) == (shop.tier, None)
        assert (await client.get(f"{path}/{created['id']}")).json()["id"] == created["id"]
        (await client.delete(f"{path}/{created['id']}")).raise_for_status()
        await shop.check()
    assert await shop.load_tier() == "free"


async def test_purchases_beyond_one_page_are_found(shop: Shop):
    ids = await asyncio.to_thread(lambda: [shop.buy(event=False) for _ in range(101)])
    refund(shop.discord.client, ids[50], event=False)
    await shop.check()
    rows = await shop.list_rows()
    assert {int(row.external_id or 0) for row in rows} == set(ids) - {ids[50]}


async def test_unknown_servers_and_skus_are_left_out(shop: Shop):
    other = shop.discord.client.create_guild(f"Unknown to Herwa {shop.guild_id}")
    buy(shop.discord.client, other, shop.sku_id)
    buy(shop.discord.client, shop.guild_id, create_sku(shop.discord.client, "Of no tier"))
    await shop.check(None)
    assert await shop.load_tier() == "free"
    assert await shop.list_rows() == []
    await save_guild(shop.stores, other)
    await shop.check(None)
    async with shop.stores.database.transaction() as session:
        assert (await get_current_tier(session, guild_id=other, now=utc_now())).tier == shop.tier
