"""The audit log page in a real browser: a change of another page is listed and undone; checked in Discord."""

import asyncio

import pytest
from playwright.async_api import Browser, Page, StorageState, expect

from herwa_web import texts
from herwa_web.pages.audit import texts as audit_texts
from herwa_web.saving import texts as saving_texts
from tests.browser.conftest import ReplayedServer, open_page
from tests.browser.governed_server import GovernedServer, create_governed_server, open_governed_page
from tests.browser.test_accessibility import list_violations
from tests.browser.test_features_page import open_features
from tests.support.chromium import PHONE_VIEWPORT


@pytest.fixture(scope="module")
async def governed(server: ReplayedServer) -> GovernedServer:
    return await asyncio.to_thread(create_governed_server, server, "Audit Club")


@pytest.fixture(scope="module")
async def changed(server: ReplayedServer) -> GovernedServer:
    """A server with one entry in its audit log."""
    governed = await asyncio.to_thread(create_governed_server, server, "Changed Club")
    await asyncio.to_thread(server.copy.check_output, "keys", "create", "--guild", str(governed.id), "--name", "site")
    return governed


async def test_owner_finds_and_undoes_what_was_changed_last(owner: Page, governed: GovernedServer):
    await open_features(owner, governed)
    await owner.get_by_role("switch", name="Voice stats", exact=True).click()
    await owner.get_by_role("button", name=saving_texts.SAVE, exact=True).click()
    await governed.wait_until_in_force("voice-stats", allowed=False)
    await owner.locator(".rail").get_by_role("link", name=texts.AUDIT_LOG, exact=True).click()
    await expect(owner).to_have_title(texts.build_page_title(governed.name, texts.AUDIT_LOG))
    entry = owner.locator(".log-entry").first
    await expect(entry).to_contain_text("turned Voice stats off")
    await entry.locator("summary").click()
    await expect(entry.get_by_text(audit_texts.AFTER)).to_be_visible()
    await entry.get_by_role("button", name=audit_texts.UNDO).click()
    await expect(owner.locator(".log-entry")).to_have_count(2)
    await governed.wait_until_in_force("voice-stats", allowed=True)
    await owner.locator("main .segments").get_by_role("link", name=audit_texts.KINDS["rules"], exact=True).click()
    await expect(owner.get_by_role("heading", name=audit_texts.NO_MATCHES)).to_be_visible()


@pytest.mark.parametrize(
    "viewport", [None, pytest.param(PHONE_VIEWPORT, marks=pytest.mark.slow)], ids=["desktop", "phone"]
)
async def test_axe_finds_nothing_in_the_audit_log(
    browser: Browser, owner_state: StorageState, changed: GovernedServer, viewport: dict[str, int] | None
):
    async with open_page(browser, storage_state=owner_state, **({"viewport": viewport} if viewport else {})) as page:
        await open_governed_page(page, changed, "/audit")
        await page.locator(".log-entry summary").first.click()
        assert await list_violations(page) == []
