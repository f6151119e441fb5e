"""The access rules and channel lists pages in a real browser; checked in Discord as a member."""

import asyncio

import pytest
from playwright.async_api import Browser, Page, StorageState, expect

from herwa_web import texts
from herwa_web.pages.channel_lists import texts as list_texts
from herwa_web.pages.rules import texts as rule_texts
from herwa_web.saving import texts as saving_texts
from tests.browser.conftest import ReplayedServer, open_page
from tests.browser.governed_server import GovernedServer, create_governed_server, open_governed_page
from tests.browser.test_accessibility import list_violations
from tests.support.chromium import PHONE_VIEWPORT, log_in


@pytest.fixture(scope="module")
async def governed(server: ReplayedServer) -> GovernedServer:
    return await asyncio.to_thread(create_governed_server, server, "Rules Club")


async def open_rules(page: Page, governed: GovernedServer, tab: str = "rules") -> None:
    await open_governed_page(page, governed, f"/rules?tab={tab}")
    tab_link = page.locator("main .segments").get_by_role("link", name=rule_texts.TABS[tab], exact=True)
    await expect(tab_link).to_have_attribute("aria-current", "true")


async def fill_in_rule(page: Page, *, who: str, effect: str, what: str) -> None:
    await page.get_by_role("button", name=rule_texts.NEW_RULE).click()
    await page.get_by_role("combobox", name=rule_texts.WHO, exact=True).select_option(label=who)
    await page.get_by_role("combobox", name=rule_texts.EFFECT, exact=True).select_option(label=effect)
    await page.get_by_role("combobox", name=rule_texts.WHAT, exact=True).select_option(label=what)
    await page.get_by_role("button", name=rule_texts.ADD_TO_CHANGES).click()


async def save(page: Page, count: int) -> None:
    await page.get_by_role("button", name=saving_texts.SAVE, exact=True).click()
    await expect(page.get_by_text(saving_texts.format_saved(count)).first).to_be_visible()


async def test_owner_blocks_a_role_sees_who_is_affected_and_undoes_it(owner: Page, governed: GovernedServer):
    await open_rules(owner, governed)
    await expect(owner).to_have_title(texts.build_page_title(governed.name, texts.ACCESS_RULES))
    await fill_in_rule(owner, who="@Support", effect=rule_texts.MAY_NOT, what="/voice-stats")
    bar = owner.get_by_role("region", name=saving_texts.UNSAVED_CHANGES)
    await expect(bar).to_contain_text("@Bob")
    await expect(bar).not_to_contain_text("@Ada")
    await save(owner, 1)
    await governed.wait_until_in_force("voice-stats", allowed=False, user=governed.supporter)
    assert await governed.is_allowed("voice-stats")
    await owner.get_by_role("button", name=saving_texts.UNDO).click()
    await expect(owner.get_by_text(saving_texts.UNDONE).first).to_be_visible()
    await governed.wait_until_in_force("voice-stats", allowed=True, user=governed.supporter)


async def test_second_browser_sees_the_difference_and_decides(
    owner: Page, browser: Browser, owner_state: StorageState, governed: GovernedServer
):
    await open_rules(owner, governed)
    await fill_in_rule(owner, who="@Support", effect=rule_texts.MAY, what="/ticket-stats")
    await save(owner, 1)
    async with open_page(browser, storage_state=owner_state) as second:
        for page, note in ((second, "second"), (owner, "first")):
            await open_rules(page, governed)
            await page.get_by_role("button", name=rule_texts.EDIT).first.click()
            await page.get_by_label(rule_texts.WHY).fill(note)
            await page.get_by_role("button", name=rule_texts.ADD_TO_CHANGES).click()
            await expect(page.get_by_text(saving_texts.format_change_count(1))).to_be_visible()
        await save(owner, 1)
        await second.get_by_role("button", name=saving_texts.SAVE, exact=True).click()
        conflict = second.get_by_role("region", name=saving_texts.CONFLICT_TITLE)
        await expect(conflict).to_contain_text("first")
        await expect(conflict).to_contain_text("second")
        await conflict.get_by_role("button", name=saving_texts.USE_MINE).click()
        await expect(second.get_by_text(saving_texts.format_saved(1)).first).to_be_visible()
    await owner.reload()
    await expect(owner.locator(".settings")).to_contain_text("second")
    await owner.get_by_role("button", name=rule_texts.DELETE).first.click()
    await save(owner, 1)


async def test_manager_tries_a_command_on_a_phone(browser: Browser, governed: GovernedServer):
    async with open_page(browser, viewport=PHONE_VIEWPORT) as page:
        await log_in(page, governed.base_url, "manager")
        await open_rules(page, governed, "try")
        await page.get_by_role("combobox", name=rule_texts.WHO, exact=True).select_option(label="Ada")
        await page.get_by_role("combobox", name=rule_texts.COMMAND_TO_TRY, exact=True).select_option(
            label="/voice-stats"
        )
        await page.get_by_role("combobox", name=rule_texts.CHANNEL_TO_TRY, exact=True).select_option(label="#general")
        await page.get_by_role("button", name=rule_texts.TRY, exact=True).click()
        verdict = rule_texts.format_verdict("@Ada", "/voice-stats", "#general", allowed=True)
        await expect(page.get_by_role("heading", name=verdict)).to_be_visible()
        await expect(page.locator(".trace li")).to_have_count(9)


async def test_channel_list_limits_a_command(owner: Page, governed: GovernedServer):
    await open_governed_page(owner, governed, "/channels")
    await owner.get_by_role("button", name=list_texts.NEW_LIST).click()
    await owner.get_by_role("combobox", name=list_texts.WHAT, exact=True).select_option(label="/server-stats")
    await owner.get_by_role("checkbox", name="#staff-only").check()
    await owner.get_by_role("button", name=list_texts.REVIEW).click()
    await save(owner, 1)
    await governed.wait_until_in_force("server-stats", allowed=False)
    assert await governed.is_allowed("server-stats", channel=governed.other_channel)


async def test_axe_finds_nothing_in_the_matrix(browser: Browser, owner_state: StorageState, governed: GovernedServer):
    async with open_page(browser, storage_state=owner_state) as page:
        await open_governed_page(page, governed, "/rules?tab=matrix")
        await page.wait_for_function("() => !document.querySelector('.bone')")
        assert await list_violations(page) == []
