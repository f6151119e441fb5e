"""The operator's day in a real browser, checked in Discord."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import closing
from itertools import product

import pytest
from playwright.async_api import Browser, Page, StorageState, expect

from herwa_sim.client.store import list_skus
from herwa_web import texts as web_texts
from herwa_web.pages.admin import texts as panel_texts
from herwa_web.pages.admin.announcements import texts as announcement_texts
from herwa_web.pages.admin.audit.texts import format_act
from herwa_web.pages.admin.features import texts as feature_texts
from herwa_web.pages.admin.server import texts
from herwa_web.pages.admin.servers import texts as list_texts
from herwa_web.pages.admin.tiers import texts as tier_texts
from herwa_web.pages.audit import texts as audit_texts
from tests.browser.conftest import ReplayedServer, open_page
from tests.browser.governed_server import GovernedServer, create_governed_server
from tests.browser.test_accessibility import VIEWPORTS, list_violations
from tests.support.waiting import wait_until

PICTURES_DIR = os.environ.get("HERWA_TEST_PICTURES")
"""Where to save pictures of the pages for people; not set in other runs."""
PAGES = ("", "/servers", "/health", "/tiers", "/features", "/announcements", "/audit")
IN_FORCE_SECONDS = 2.0
PURCHASE_SECONDS = 10.0
"""The worker asks Discord within a second of the bot's request."""


@pytest.fixture(scope="module")
async def governed(server: ReplayedServer) -> GovernedServer:
    return await asyncio.to_thread(create_governed_server, server, "Lantern Society")


@pytest.fixture
async def operator(browser: Browser, operator_state: StorageState) -> AsyncIterator[Page]:
    async with open_page(browser, storage_state=operator_state) as page:
        yield page


def run_as_owner(governed: GovernedServer, command: str) -> str:
    with closing(governed.copy.open_sim_client()) as sim:
        owner = sim.get_snapshot().personas["owner"]
        return sim.run_command(governed.channel, owner, command).messages[0].content


async def wait_for_reply(governed: GovernedServer, command: str, expected: str, *, seconds: float = 30) -> None:
    async def has_text() -> bool:
        return expected in await asyncio.to_thread(run_as_owner, governed, command)

    await wait_until(has_text, timeout_seconds=seconds)


async def open_server(page: Page, governed: GovernedServer) -> None:
    await page.goto(f"{governed.base_url}/admin/servers")
    await page.get_by_role("searchbox", name=list_texts.SEARCH).fill("antern Soc")
    await page.get_by_role("main").get_by_role("button", name=list_texts.APPLY).click()
    await page.get_by_role("link").filter(has_text=governed.name).click()
    await expect(page.get_by_role("heading", name=governed.name)).to_be_visible()


async def change_tier(page: Page, act: str, *, days: str = "", reason: str) -> None:
    form = page.get_by_role("form", name=texts.TIER, exact=True)
    await form.get_by_role("combobox", name=texts.ACT).select_option(label=texts.ACTS[act])
    if days:
        await form.get_by_role("spinbutton", name=panel_texts.DAYS).fill(days)
    await form.get_by_role("textbox", name=panel_texts.REASON).fill(reason)
    await form.get_by_role("button", name=texts.SAVE).click()


async def fill_tier_reason(page: Page, reason: str) -> None:
    """Fill in the reason of the form that changes the tier, not that of a new one."""
    limits = page.get_by_role("region", name=tier_texts.LIMITS)
    await limits.get_by_role("textbox", name=panel_texts.REASON).fill(reason)


async def test_operator_finds_a_server_and_grants_and_revokes_premium(operator: Page, governed: GovernedServer):
    await open_server(operator, governed)
    usage = operator.get_by_role("region", name=texts.USAGE)
    await expect(usage).to_contain_text(texts.LIMIT_TITLES["api_keys"])
    await change_tier(operator, "grant", days="30", reason="Support request 17")
    tier = operator.get_by_role("region", name=texts.TIER, exact=True)
    await expect(tier.locator(".tier-now")).to_contain_text("Premium")
    await wait_for_reply(governed, "premium", "Premium", seconds=IN_FORCE_SECONDS)
    await expect(operator.get_by_role("list", name=texts.HISTORY)).to_contain_text("Support request 17")
    await change_tier(operator, "revoke", reason="Refunded")
    await expect(tier.locator(".tier-now")).to_contain_text("Free")


@pytest.mark.slow
async def test_rest_of_the_operators_day(
    browser: Browser, operator: Page, governed: GovernedServer, owner_state: StorageState
):
    await open_server(operator, governed)
    form = operator.get_by_role("form", name=texts.VIEW_AS)
    await form.get_by_role("textbox", name=panel_texts.REASON).fill("Support request 17")
    await form.get_by_role("button", name=texts.START_VIEW, exact=True).click()
    await expect(operator.locator(".view-banner")).to_contain_text(governed.name)
    async with open_page(browser, storage_state=owner_state) as page:
        await page.goto(governed.build_url("/audit"))
        await expect(page.locator(".log-entry").first).to_contain_text(audit_texts.ACTIONS["operator.view"])

    await operator.goto(f"{governed.base_url}/admin/tiers?tier=free")
    await operator.get_by_role("textbox", name=texts.LIMIT_TITLES["widgets"]).fill("2")
    await fill_tier_reason(operator, "Prices of 2027")
    await operator.get_by_role("button", name=tier_texts.SHOW_EFFECT).click()
    await expect(operator.get_by_role("alert").filter(has_text=panel_texts.EFFECT)).to_contain_text("get more")
    await operator.get_by_role("button", name=web_texts.CANCEL).click()

    await operator.goto(f"{governed.base_url}/admin/features")
    row = operator.get_by_role("listitem").filter(has_text="ticket.stats")
    await row.get_by_role("button", name=feature_texts.SWITCH_OFF).click()
    await row.get_by_role("textbox", name=feature_texts.WHY).fill("Ticket statistics are being repaired.")
    await row.get_by_role("button", name=feature_texts.SWITCH_OFF, exact=True).click()
    await expect(row.locator(".badge.red")).to_have_text(feature_texts.OFF)
    await wait_for_reply(governed, "ticket-stats", "being repaired", seconds=IN_FORCE_SECONDS)
    await row.get_by_role("button", name=feature_texts.SWITCH_ON).click()
    await expect(row.locator(".badge.red")).to_be_hidden()

    await operator.goto(f"{governed.base_url}/admin/announcements")
    await operator.get_by_role("textbox", name=announcement_texts.TEXT).fill("Offline on Sunday")
    await operator.get_by_role("button", name=announcement_texts.PUBLISH).click()
    await expect(operator.get_by_role("listitem").filter(has_text="Offline on Sunday")).to_be_visible()
    await wait_for_reply(governed, "help", "Offline on Sunday", seconds=IN_FORCE_SECONDS)
    async with open_page(browser, storage_state=owner_state) as page:
        await page.goto(governed.build_url("/settings"))
        await expect(page.locator(".news-banner")).to_contain_text("Offline on Sunday")
    await operator.get_by_role("button", name=announcement_texts.END).click()

    await operator.goto(f"{governed.base_url}/admin/audit")
    for action in ("announcement.end", "kill_switch.set", "server.view"):
        await expect(operator.locator("main")).to_contain_text(format_act(action, ""))


@pytest.mark.slow
async def test_panel_is_the_page_of_unknown_routes_for_an_owner(owner: Page, server: ReplayedServer):
    for path in PAGES:
        await owner.goto(f"{server.base_url}/admin{path}")
        await expect(owner.get_by_role("heading", name=web_texts.PAGE_NOT_FOUND)).to_be_visible()
        await expect(owner).to_have_title(web_texts.NOT_FOUND_TAB)


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), product(("dark", "light"), VIEWPORTS))
async def test_axe_finds_nothing_on_the_panel(
    browser: Browser, governed: GovernedServer, operator_state: StorageState, scheme: str, width: str
):
    options = {"viewport": VIEWPORTS[width], "color_scheme": scheme, "storage_state": operator_state}
    async with open_page(browser, **options) as page:
        for path in (*PAGES, f"/servers/{governed.id}"):
            await page.goto(f"{governed.base_url}/admin{path}")
            await page.locator("main .panel h2, main .settings, main .alone").first.wait_for()
            if PICTURES_DIR:
                name = path.strip("/").replace("/", "-") or "overview"
                await page.screenshot(path=f"{PICTURES_DIR}/{name}-{scheme}-{width}.png", full_page=True)
            assert await list_violations(page) == [], path


async def sell_premium(page: Page, governed: GovernedServer, sku: str) -> None:
    """Save the SKU of Premium on the page of tiers; an empty one stops the sale."""
    await page.goto(f"{governed.base_url}/admin/tiers?tier=premium")
    await page.get_by_role("textbox", name=tier_texts.SKU).fill(sku)
    await fill_tier_reason(page, "Prices of 2027")
    await page.get_by_role("button", name=tier_texts.SHOW_EFFECT).click()
    question = page.get_by_role("alert").filter(has_text=panel_texts.EFFECT)
    await expect(question).to_contain_text(tier_texts.NO_EFFECT)
    await question.get_by_role("button", name=tier_texts.SAVE).click()
    await expect(question).to_be_hidden()


@pytest.mark.slow
async def test_owner_buys_premium_and_has_it_refunded(
    browser: Browser, operator: Page, governed: GovernedServer, owner_state: StorageState
):
    with closing(governed.copy.open_sim_client()) as sim:
        [sku_id] = list_skus(sim)
    await sell_premium(operator, governed, str(sku_id))
    await wait_for_reply(governed, "premium", "on Free")
    async with open_page(browser, storage_state=owner_state) as page:
        await page.goto(governed.build_url("/features"))
        async with page.expect_popup() as popup:
            await page.locator(".offer").get_by_role("link").click()
        store = await popup.value
        form = store.locator(f"#sku{sku_id}")
        await form.get_by_role("combobox").select_option(label=governed.name)
        await form.get_by_role("button").click()
        purchase = store.locator("#purchases").get_by_text(governed.name)
        await expect(purchase).to_be_visible()
        await wait_for_reply(governed, "premium", "on Premium", seconds=PURCHASE_SECONDS)
        await page.reload()
        await expect(page.locator("main .panel").first).to_be_visible()
        await expect(page.locator(".offer")).to_be_hidden()
        await open_server(operator, governed)
        await expect(operator.get_by_role("list", name=texts.HISTORY)).to_contain_text(texts.SOURCES["discord"])
        await change_tier(operator, "revoke", reason="Not granted")
        await expect(operator.get_by_role("region", name=texts.TIER, exact=True).locator(".tier-now")).to_contain_text(
            "Premium"
        )
        await store.locator("#purchases button[value=refund]").first.click()
        await wait_for_reply(governed, "premium", "on Free", seconds=PURCHASE_SECONDS)
    await sell_premium(operator, governed, "")
