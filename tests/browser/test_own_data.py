"""The page of a user's own data in a real browser: a server that the bot has left, and direct messages."""

import asyncio
from contextlib import closing

import pytest
from playwright.async_api import Browser, Page, expect

from herwa_shared.privacy.texts import WRONG_SERVER_NAME
from herwa_web.components.policy_links import OWN_DATA_URL
from herwa_web.pages.own_data import texts
from tests.browser.conftest import ReplayedServer, open_page
from tests.support.chromium import PHONE_VIEWPORT, log_in
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

SERVER_NAME = "Book <b>Club</b>"


def create_left_server(server: ReplayedServer) -> int:
    """Create a server of the persona "owner", and remove the bot from it."""
    with closing(server.copy.open_sim_client()) as sim:
        guild_id = sim.create_guild(SERVER_NAME, owner_id=sim.get_snapshot().personas["owner"])
        sim.create_channel(guild_id, "general")
        server.copy.drain()
        sim.remove_guild(guild_id)
    server.copy.drain()
    return guild_id


async def open_own_data(page: Page, server: ReplayedServer) -> None:
    await page.goto(f"{server.base_url}{OWN_DATA_URL}")
    await expect(page.get_by_role("heading", name=texts.EVERYWHERE)).to_be_visible()


async def is_listed(page: Page, server: ReplayedServer) -> bool:
    await open_own_data(page, server)
    await page.wait_for_load_state("networkidle")
    return await page.get_by_role("region", name=texts.LEFT_SERVERS).is_visible()


async def test_former_owner_deletes_a_server_with_the_keyboard_and_undoes_it_on_a_phone(
    browser: Browser, server: ReplayedServer
):
    await asyncio.to_thread(create_left_server, server)
    async with open_page(browser, viewport=PHONE_VIEWPORT) as page:
        await log_in(page, server.base_url, "owner")
        await wait_until(lambda: is_listed(page, server), timeout_seconds=60)
        panel = page.get_by_role("region", name=texts.LEFT_SERVERS)
        await panel.get_by_role("button", name=texts.format_action_label(texts.DELETE_SERVER_NOW, SERVER_NAME)).focus()
        await page.keyboard.press("Enter")
        field = panel.get_by_label(texts.TYPE_SERVER_NAME)
        await expect(field).to_be_focused()
        await page.keyboard.type("another")
        await page.keyboard.press("Enter")
        await expect(panel.get_by_role("alert")).to_have_text(WRONG_SERVER_NAME)
        await field.fill(SERVER_NAME)
        await page.keyboard.press("Enter")
        undo = panel.get_by_role("button", name=texts.format_action_label(texts.UNDO_DELETION, SERVER_NAME))
        await expect(undo).to_be_visible()
        await open_own_data(page, server)
        await undo.click()
        await expect(panel.get_by_role("button", name=texts.DELETE_SERVER_NOW)).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    async with open_page(browser) as page:
        await log_in(page, server.base_url, "member")
        assert not await is_listed(page, server)


async def test_direct_messages_are_switched_off_and_on(browser: Browser, server: ReplayedServer):
    async with open_page(browser) as page:
        await log_in(page, server.base_url, "member")
        await open_own_data(page, server)
        switch = page.get_by_role("switch", name=texts.DIRECT_MESSAGES)
        for is_on in ("false", "true"):
            await switch.click()
            await expect(switch).to_have_attribute("aria-checked", is_on)
            await open_own_data(page, server)
            await expect(switch).to_have_attribute("aria-checked", is_on)
