"""The features page in a real browser: switch off, save, undo; checked in Discord as a member."""

import asyncio

import pytest
from playwright.async_api import Browser, Page, StorageState, expect

from herwa_web import texts
from herwa_web.pages.features.texts import format_module_label
from herwa_web.saving import texts as saving_texts
from tests.browser.conftest import ReplayedServer, open_page
from tests.browser.governed_server import GovernedServer, create_governed_server, open_governed_page
from tests.browser.test_accessibility import list_violations
from tests.support.chromium import PHONE_VIEWPORT, log_in

FEATURES_PATH = "/features"


@pytest.fixture(scope="module")
async def governed(server: ReplayedServer) -> GovernedServer:
    return await asyncio.to_thread(create_governed_server, server, "Features Club")


async def open_features(page: Page, governed: GovernedServer) -> None:
    await open_governed_page(page, governed, FEATURES_PATH)
    await expect(page.get_by_role("switch").first).to_be_visible()


async def test_owner_switches_a_module_off_and_undoes_it(owner: Page, governed: GovernedServer):
    await open_features(owner, governed)
    await expect(owner).to_have_title(texts.build_page_title(governed.name, texts.FEATURES))
    await owner.get_by_role("switch", name=format_module_label("Voice")).click()
    bar = owner.get_by_role("region", name=saving_texts.UNSAVED_CHANGES)
    await expect(bar).to_contain_text("/voice-stats")
    await bar.get_by_role("button", name=saving_texts.SAVE).click()
    await expect(owner.get_by_text(saving_texts.format_saved(1)).first).to_be_visible()
    await governed.wait_until_in_force("voice-stats", allowed=False)
    assert await governed.is_allowed("server-stats")
    await owner.get_by_role("button", name=saving_texts.UNDO).click()
    await expect(owner.get_by_text(saving_texts.UNDONE).first).to_be_visible()
    await governed.wait_until_in_force("voice-stats", allowed=True)


async def test_manager_with_a_role_uses_the_page_with_the_keyboard_on_a_phone(
    browser: Browser, governed: GovernedServer
):
    async with open_page(browser, viewport=PHONE_VIEWPORT) as page:
        await log_in(page, governed.base_url, "manager")
        await open_features(page, governed)
        await page.get_by_role("switch", name="Ticket stats", exact=True).focus()
        await page.keyboard.press("Space")
        await page.get_by_role("button", name=saving_texts.SAVE).focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text(saving_texts.format_saved(1)).first).to_be_visible()
        await governed.wait_until_in_force("ticket-stats", allowed=False)


async def test_unsaved_changes_remain_while_other_pages_are_visited(owner: Page, governed: GovernedServer):
    await open_features(owner, governed)
    await owner.get_by_role("switch", name="Server stats", exact=True).click()
    await expect(owner.get_by_text(saving_texts.format_change_count(1))).to_be_visible()
    rail = owner.locator(".rail")
    await rail.get_by_role("link", name=texts.OVERVIEW, exact=True).click()
    await expect(owner).to_have_title(texts.build_page_title(governed.name, texts.OVERVIEW))
    await rail.get_by_role("link", name=texts.FEATURES, exact=True).click()
    await expect(owner.get_by_text(saving_texts.format_change_count(1))).to_be_visible()
    await owner.get_by_role("button", name=saving_texts.DISCARD, exact=True).click()
    await expect(owner.get_by_text(saving_texts.format_change_count(1))).to_have_count(0)


@pytest.mark.parametrize(
    ("scheme", "viewport"),
    [("dark", None), pytest.param("light", PHONE_VIEWPORT, marks=pytest.mark.slow)],
    ids=["dark-desktop", "light-phone"],
)
async def test_axe_finds_nothing_on_the_features_page(
    browser: Browser, owner_state: StorageState, governed: GovernedServer, scheme: str, viewport: dict[str, int] | None
):
    options = {"color_scheme": scheme, "storage_state": owner_state, **({"viewport": viewport} if viewport else {})}
    async with open_page(browser, **options) as page:
        await open_features(page, governed)
        await page.get_by_role("switch", name="Server stats", exact=True).click()
        await expect(page.get_by_text(saving_texts.format_change_count(1))).to_be_visible()
        await page.wait_for_function("() => getComputedStyle(document.querySelector('.save-bar')).opacity === '1'")
        assert await list_violations(page) == []
