"""The settings page in a real browser: save, undo, requests for access; checked in Discord."""

import asyncio
import re
from contextlib import closing

import pytest
from playwright.async_api import Browser, Page, expect

from herwa_web import texts as web_texts
from herwa_web.pages.settings import texts
from herwa_web.saving import texts as saving_texts
from tests.browser.conftest import ReplayedServer, open_page
from tests.browser.governed_server import GovernedServer, create_governed_server, open_governed_page, request_access
from tests.support.chromium import PHONE_VIEWPORT, log_in
from tests.support.waiting import wait_until

SETTINGS_PATH = "/settings"


@pytest.fixture(scope="module")
async def governed(server: ReplayedServer) -> GovernedServer:
    return await asyncio.to_thread(create_governed_server, server, "Settings Club")


async def open_settings(page: Page, governed: GovernedServer) -> None:
    await open_governed_page(page, governed, SETTINGS_PATH)
    await expect(page.get_by_role("heading", name=texts.TICKETS)).to_be_visible()


async def test_owner_changes_settings_and_undoes_them(owner: Page, governed: GovernedServer):
    await open_settings(owner, governed)
    await expect(owner).to_have_title(web_texts.build_page_title(governed.name, web_texts.SETTINGS))
    await owner.get_by_role("combobox", name=texts.TIME_ZONE).select_option("Asia/Tokyo")
    await owner.get_by_role("button", name="Sunday").click()
    administrators = owner.get_by_role("radio", name=re.compile(f"^{texts.AUDIENCES['administrators'][0]}"))
    await administrators.click()
    await expect(administrators).to_be_checked()
    await owner.get_by_role("combobox", name=texts.REQUEST_CHANNEL, exact=True).select_option(label="#staff-only")
    await owner.get_by_role("combobox", name=texts.ADD_CHANNEL).select_option(label="#general")
    bar = owner.get_by_role("region", name=saving_texts.UNSAVED_CHANGES)
    await expect(bar).to_contain_text(saving_texts.format_change_count(5))
    await expect(bar).to_contain_text(texts.format_zone_effect("Asia/Tokyo"))
    await bar.get_by_role("button", name=saving_texts.SAVE).click()
    await expect(owner.get_by_text(saving_texts.format_saved(5)).first).to_be_visible()
    await expect(owner.get_by_role("button", name="Sunday")).to_have_attribute("aria-pressed", "true")
    listed = await asyncio.to_thread(run_as_owner, governed, "tickets list")
    assert f"<#{governed.channel}>" in listed
    await owner.get_by_role("button", name=saving_texts.UNDO).click()
    await expect(owner.get_by_text(saving_texts.UNDONE).first).to_be_visible()
    await expect(owner.get_by_role("combobox", name=texts.TIME_ZONE)).to_have_value("UTC")
    assert f"<#{governed.channel}>" not in await asyncio.to_thread(run_as_owner, governed, "tickets list")


@pytest.mark.slow
async def test_request_arrives_in_the_channel_that_a_manager_chose_on_a_phone(
    browser: Browser, governed: GovernedServer
):
    async with open_page(browser, viewport=PHONE_VIEWPORT) as page:
        await log_in(page, governed.base_url, "manager")
        await open_settings(page, governed)
        await page.get_by_role("combobox", name=texts.REQUEST_CHANNEL, exact=True).select_option(label="#staff-only")
        await page.get_by_role("button", name=saving_texts.SAVE, exact=True).click()
        await expect(page.get_by_text(saving_texts.format_saved(1)).first).to_be_visible()
        await page.get_by_role("switch", name=texts.MESSAGES).click()
        await expect(page.get_by_text(texts.MESSAGES_ON).first).to_be_visible()
    await asyncio.to_thread(request_access, governed)

    async def is_posted() -> bool:
        with closing(governed.copy.open_sim_client()) as sim:
            return any("/permissions list" in message.content for message in sim.list_messages(governed.other_channel))

    await wait_until(is_posted)


def run_as_owner(governed: GovernedServer, command: str) -> str:
    with closing(governed.copy.open_sim_client()) as sim:
        owner = sim.get_snapshot().personas["owner"]
        return sim.run_command(governed.channel, owner, command).messages[0].content
