"""The store: what is bought, refunded or ended on its page reaches the bot as events and in the list of entitlements."""

import asyncio
from collections.abc import AsyncIterator

import discord
import httpx
import pytest

from herwa_shared.discord.endpoints import LOCAL_CLIENT_ID
from herwa_sim.actions.guilds import create_guild
from herwa_sim.actions.purchases import buy, create_sku, refund
from herwa_sim.persistence import dump_world, load_world
from herwa_sim.world import PREMIUM_SKU, World
from tests.sim.recording_bot import wait_until
from tests.support.oauth_forms import extract_proof

STORE_PATH = f"/application-directory/{LOCAL_CLIENT_ID}/store"


async def log_in(browser: httpx.AsyncClient, user_id: int) -> None:
    proof = extract_proof((await browser.get("/who")).text)
    await browser.post("/who", data={"proof": proof, "who": str(user_id)})


@pytest.fixture
async def owner(sim, server) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of the server's owner."""
    async with httpx.AsyncClient(base_url=sim.url, timeout=30) as browser:
        await log_in(browser, server.owner)
        yield browser


async def submit(browser: httpx.AsyncClient, **form: object) -> int:
    proof = extract_proof((await browser.get("/who")).text)
    return (await browser.post(STORE_PATH, data={"proof": proof, **form})).status_code


async def test_purchase_refund_and_end_on_the_page_reach_the_bot(sim, server, bot, owner):
    events: list[tuple[str, int]] = []
    for name in ("create", "update", "delete"):

        async def record(entitlement: discord.Entitlement, name: str = name) -> None:
            events.append((name, entitlement.id))

        setattr(bot, f"on_entitlement_{name}", record)
    guild = discord.Object(server.id)
    assert f"{STORE_PATH}/{PREMIUM_SKU.id}" not in (await owner.get(f"{STORE_PATH}/{PREMIUM_SKU.id}")).text
    for action in ("refund", "end"):
        assert await submit(owner, sku_id=PREMIUM_SKU.id, guild_id=server.id) == 303
        [bought] = [entry async for entry in bot.entitlements(guild=guild, exclude_ended=True)]
        assert (bought.sku_id, bought.guild_id, bought.deleted) == (PREMIUM_SKU.id, server.id, False)
        assert await submit(owner, entitlement_id=bought.id, action=action) == 303
        assert [entry async for entry in bot.entitlements(guild=guild, exclude_ended=True)] == []
        assert (await bot.fetch_entitlement(bought.id)).deleted == (action == "refund")
    await wait_until(lambda: len(events) == 4)
    assert [name for name, _ in events] == ["create", "delete", "create", "update"]


async def test_only_managers_buy_for_a_server(sim, server, owner):
    async with httpx.AsyncClient(base_url=sim.url) as browser:
        assert (await browser.get(STORE_PATH)).headers["Location"] == "/who"
        await log_in(browser, server.member)
        assert (
            await browser.post(STORE_PATH, data={"sku_id": PREMIUM_SKU.id, "guild_id": server.id})
        ).status_code == 403
        assert await submit(browser, sku_id=PREMIUM_SKU.id, guild_id=server.id) == 403
    assert await submit(owner, sku_id=1, guild_id=server.id) == 404
    assert (await owner.get("/application-directory/1/store")).status_code == 404
    response = await asyncio.to_thread(sim.client.call, "entitlement/list", guild_id=str(server.id))
    assert response["entitlements"] == []


def test_purchases_survive_a_restart(tmp_path):
    world = World()
    guild = create_guild(world, name="Shop")
    sku = create_sku(world, "Other")
    kept = buy(world, guild, sku.id, user_id=guild.owner_id)
    refunded = refund(world, buy(world, guild, sku.id, user_id=guild.owner_id, days=3).id)
    (tmp_path / "world.json").write_bytes(dump_world(world))
    loaded = load_world(tmp_path / "world.json")
    assert loaded.entitlements == {kept.id: kept, refunded.id: refunded}
    assert loaded.skus == world.skus
