"""Every function on every width: from 360 pixels to a desktop, and magnified to 200%."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from herwa_web import texts
from tests.browser.conftest import ReplayedServer

# 720 by 450 is a screen of 1440 by 900 pixels, magnified to 200%.
SIZES = {
    "small phone": {"width": 360, "height": 640},
    "phone": {"width": 390, "height": 844},
    "magnified": {"width": 720, "height": 450},
    "tablet": {"width": 767, "height": 1024},
    "narrow window": {"width": 1024, "height": 700},
}
GRID = [
    pytest.param(size, id=name, marks=() if name == "small phone" else pytest.mark.slow) for name, size in SIZES.items()
]
ACTIONS = (texts.VIEW_AS_TABLE, texts.DOWNLOAD_CSV, texts.DOWNLOAD_PNG, texts.COPY_AS_CURL)


async def expect_no_horizontal_scroll(page: Page) -> None:
    """Wait until nothing is wider than the window: the chart follows a change of its width a moment later."""
    await page.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", GRID)
async def test_every_function_is_there(owner: Page, server: ReplayedServer, size: Any):
    page = owner
    await page.set_viewport_size(size)
    await page.goto(server.build_url(range="28d", compare="off"))
    await expect(page.locator(".kpi[aria-current=true] .value")).to_be_visible()
    await expect_no_horizontal_scroll(page)
    title = await page.locator("#dates .choice[aria-current=true]").text_content()
    dates = page.get_by_role("button", name=re.compile(f"^{texts.DATES}:"))
    await expect(dates).to_be_visible()
    await expect(dates).to_have_attribute("aria-label", texts.format_dates_label((title or "")[:-1]))
    for name in (texts.PREVIOUS_PERIOD, texts.NEXT_PERIOD):
        await expect(page.locator(".topbar").get_by_role("link", name=name)).to_be_visible()
    for name in ACTIONS:
        await expect(page.get_by_role("button", name=name).first).to_be_visible()

    await dates.click()
    await page.locator("#dates .choice", has_text=re.compile("7")).first.click()
    await expect(page).to_have_url(re.compile("range=7d"))
    await page.get_by_role("button", name=texts.COMPARE, exact=True).click()
    await page.locator("#compare .choice").first.click()
    await expect(page).not_to_have_url(re.compile("compare=off"))
    await page.get_by_role("button", name=texts.FILTER_BY_CHANNEL).click()
    await page.locator("#filter .choice", has=page.locator("bdi")).first.click()
    await expect(page.locator(".chip")).to_be_visible()
    await expect_no_horizontal_scroll(page)

    more = page.locator(".footbar").get_by_role("button", name=texts.MORE)
    if await more.is_visible():
        await more.click()
        await page.locator("#more").get_by_role("button", name=texts.ACCOUNT).click()
    else:
        await page.locator(".rail-foot").get_by_role("button").last.click()
    await page.locator("#you").get_by_role("button", name=texts.SHOW_SHORTCUTS).click()
    await expect(page.locator("#keys .key").first).to_be_visible()
    await expect_no_horizontal_scroll(page)


@pytest.mark.parametrize("size", GRID)
async def test_other_pages_fit(owner: Page, visitor: Page, server: ReplayedServer, size: Any):
    for page, path in ((owner, "/"), (owner, "/g/1"), (owner, "/no/such/page"), (visitor, "/"), (visitor, "/login")):
        await page.set_viewport_size(size)
        await page.goto(server.base_url + path)
        await page.locator("a.card, .alone, .landing").locator("visible=true").first.wait_for()
        await expect_no_horizontal_scroll(page)


@pytest.mark.slow
async def test_selected_tile_and_tab_come_into_view_on_a_phone(owner: Page, server: ReplayedServer):
    await owner.set_viewport_size(SIZES["phone"])
    await owner.goto(server.build_url(metric="members"))
    await expect(owner.locator(".kpi[aria-current=true]")).to_be_in_viewport(ratio=0.99)
    await owner.goto(f"{server.base_url}/g/{server.guild_id}/rules?tab=requests")
    await expect(owner.locator("main .segments [aria-current=true]")).to_be_in_viewport(ratio=0.99)
