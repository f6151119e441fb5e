"""Tiers for sale: the buttons in replies, and what the bot does with events of purchases."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from sqlmodel import delete, select

from herwa_shared.catalog import FeatureKey, TierKey
from herwa_shared.guardrail.refusal_texts import build_tier_refusal
from herwa_shared.models import EntitlementCheck
from herwa_shared.services.entitlement_checks import ALL_GUILDS
from herwa_shared.services.tiers import set_lowest_tier, set_tier_sku
from herwa_shared.stores import Stores
from herwa_sim.client.store import buy, end_entitlement, list_skus, refund
from herwa_sim.client.types import DisplayedMessage
from tests.bot.expected_refusals import format_expected
from tests.support.member_client import MANAGER, MemberClient
from tests.support.waiting import wait_until

UNKNOWN_SKU = 10**17 + 1
Seller = Callable[[int | None], Coroutine[Any, Any, None]]


def list_sold_skus(message: DisplayedMessage) -> list[int]:
    """List the SKUs of the premium buttons of a message."""
    buttons = [button for row in message.components for button in row["components"]]
    return [int(button["sku_id"]) for button in buttons if button["style"] == 6]


@pytest.fixture
async def sell(members: MemberClient) -> AsyncIterator[Seller]:
    """Put Premium up for sale with a SKU; it is not for sale after the test."""

    async def put_up_for_sale(sku_id: int | None) -> None:
        await members.run_in_transaction(
            partial(set_tier_sku, tier=TierKey.PREMIUM, sku_id=sku_id, actor=MANAGER, reason="a test")
        )

    yield put_up_for_sale
    await put_up_for_sale(None)


@asynccontextmanager
async def premium_voice(members: MemberClient) -> AsyncIterator[None]:
    """While the block runs, voice statistics belong to Premium."""
    feature = FeatureKey.VOICE_STATS
    change = partial(set_lowest_tier, feature=feature, actor=MANAGER, reason="a test")
    await members.run_in_transaction(partial(change, tier=TierKey.PREMIUM))
    try:
        await members.wait_for_verdict("No", "voice-stats")
        yield
    finally:
        await members.run_in_transaction(partial(change, tier=TierKey.FREE))


async def wait_for_offer(members: MemberClient, skus: list[int]) -> DisplayedMessage:
    """Wait until `/premium` sells these SKUs."""

    async def find_offer() -> DisplayedMessage | None:
        reply = await members.run("premium")
        return reply if list_sold_skus(reply) == skus else None

    return await wait_until(find_offer)


async def test_refusal_and_tiers_sell_the_tier_with_the_feature(members: MemberClient, sell: Seller):
    [sku_id] = list_skus(members.sim.client)
    async with premium_voice(members):
        refusal = await members.run("voice-stats")
        assert refusal.content == format_expected(build_tier_refusal("Voice stats", "Premium", "Free"))
        assert list_sold_skus(refusal) == []
        await sell(sku_id)
        await wait_for_offer(members, [sku_id])
        refusal = await members.run("voice-stats")
        assert refusal.ephemeral
        assert refusal.content == format_expected(
            build_tier_refusal("Voice stats", "Premium", "Free", is_for_sale=True)
        )
        assert list_sold_skus(refusal) == [sku_id]


async def test_replies_come_without_the_button_that_discord_rejects(members: MemberClient, sell: Seller):
    async with premium_voice(members):
        await sell(UNKNOWN_SKU)

        async def is_for_sale() -> bool:
            refusal = await members.run("voice-stats")
            assert list_sold_skus(refusal) == []
            return refusal.content == format_expected(
                build_tier_refusal("Voice stats", "Premium", "Free", is_for_sale=True)
            )

        await wait_until(is_for_sale)
        assert "Premium" in (await members.run("premium")).content


async def list_requests(stores: Stores) -> set[int]:
    async with stores.database.transaction() as session:
        return set(await session.scalars(select(EntitlementCheck.guild_id)))


async def test_purchases_let_the_worker_ask_discord(members: MemberClient, stores: Stores):
    client, guild_id = members.sim.client, members.server.id
    assert ALL_GUILDS in await list_requests(stores), "events before the bot was ready are unknown"
    [sku_id] = list_skus(client)
    entitlement_id = await asyncio.to_thread(buy, client, guild_id, sku_id)
    for change in (None, end_entitlement, refund):
        if change is not None:
            await asyncio.to_thread(change, client, entitlement_id)

        async def is_requested() -> bool:
            return guild_id in await list_requests(stores)

        await wait_until(is_requested)
        async with stores.database.transaction() as session:
            await session.execute(delete(EntitlementCheck))
