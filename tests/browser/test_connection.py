"""A lost connection: the page says so, keeps its data, does nothing wrong, and is back with new data."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Download, Locator, Page, expect

from herwa_web import texts
from tests.browser.conftest import ReplayedServer

COUNT_SKELETONS_SCRIPT = """() => {
    window.skeletonCount = 0;
    const count = () => { window.skeletonCount += document.querySelectorAll('.bone').length; };
    new MutationObserver(count).observe(document.body, { childList: true, subtree: true });
}"""
LATE_MS = 6_000  # assets/connection.js drops a download that comes later than five seconds


def locate_banner(page: Page) -> Locator:
    return page.locator(".connection")


def locate_kpi_value(page: Page) -> Locator:
    return page.locator(".kpi[aria-current=true] .value")


async def open_page(owner: Page, server: ReplayedServer, **view: str) -> str:
    """Open the overview, wait for its numbers, and count the skeletons that are shown from now on."""
    await owner.goto(server.build_url(**view))
    await expect(locate_kpi_value(owner)).to_be_visible()
    await expect(locate_banner(owner)).to_be_hidden()
    await owner.evaluate(COUNT_SKELETONS_SCRIPT)
    return await locate_kpi_value(owner).inner_text()


async def expect_offline(page: Page, value: str) -> None:
    """The page says that it is offline, since when, and still shows its data."""
    await expect(locate_banner(page)).to_be_visible()
    before, after = texts.RECONNECTING_WITH_DATA.split(texts.DATA_TIME_PLACEHOLDER)
    text = await locate_banner(page).inner_text()
    assert text.startswith(before)
    assert text.endswith(after)
    await expect(page.get_by_role("status").filter(has_text=text)).to_have_count(1)
    await expect(page.locator(".live")).to_have_text(texts.OFFLINE, use_inner_text=True)
    await expect(locate_kpi_value(page)).to_have_text(value)


async def expect_online(page: Page) -> None:
    """The page is back, and has not been empty in the meantime."""
    await expect(locate_banner(page)).to_be_hidden()
    await expect(page.get_by_role("status").filter(has_text=texts.CONNECTED_AGAIN)).to_have_count(1)
    assert await page.evaluate("window.skeletonCount") == 0


@asynccontextmanager
async def stop_network(page: Page) -> AsyncIterator[None]:
    await page.context.set_offline(True)
    try:
        yield
    finally:
        await page.context.set_offline(False)


@asynccontextmanager
async def stop_server(server: ReplayedServer) -> AsyncIterator[None]:
    """Stop the web server without closing its sockets: a half-open connection."""
    pid = await asyncio.to_thread(server.copy.suspend, "web")
    try:
        yield
    finally:
        server.copy.resume(pid)


@pytest.mark.slow
async def test_page_without_network_keeps_its_data_and_loads_what_it_missed(owner: Page, server: ReplayedServer):
    channel = await asyncio.to_thread(server.create_channel, "offline")
    await asyncio.to_thread(server.write_messages, channel, 2)
    await open_page(owner, server, range="today", channel=channel)
    await expect(locate_kpi_value(owner)).to_have_text("2")
    async with stop_network(owner):
        await expect_offline(owner, "2")
        await asyncio.to_thread(server.write_messages, channel, 3)
        await expect(locate_kpi_value(owner)).to_have_text("2")
    await expect_online(owner)
    await expect(locate_kpi_value(owner)).to_have_text("5")


async def test_page_of_a_killed_server_is_back_after_its_restart(owner: Page, server: ReplayedServer):
    value = await open_page(owner, server)
    os.kill(await asyncio.to_thread(server.copy.get_pid, "web"), signal.SIGKILL)
    await expect_offline(owner, value)
    await expect_online(owner)
    await expect(locate_kpi_value(owner)).to_have_text(value)
    await owner.get_by_role("group", name=texts.INTERVAL).get_by_role("link", name=texts.INTERVALS["month"]).click()
    await owner.wait_for_function("() => document.querySelector('.js-plotly-plot').data[0].y.length === 3")


async def test_page_of_a_server_that_does_not_respond_is_offline(owner: Page, server: ReplayedServer):
    value = await open_page(owner, server)
    async with stop_server(server):
        await expect_offline(owner, value)
    await expect_online(owner)


@pytest.mark.slow
async def test_controls_do_nothing_while_offline_and_nothing_happens_later(owner: Page, server: ReplayedServer):
    value = await open_page(owner, server)
    url, downloads = owner.url, list[Download]()
    owner.on("download", lambda download: downloads.append(download))  # noqa: PLW0108 - Playwright needs a function
    csv_button = owner.get_by_role("button", name=texts.DOWNLOAD_CSV).first
    async with stop_server(server):
        await csv_button.evaluate("(button) => button.click()")  # before the page has noticed
        await expect_offline(owner, value)
        for locator in (csv_button, owner.locator(".kpi").nth(1), owner.locator("#channels a.bar").first):
            await locator.evaluate("(element) => element.click()")
            await locator.press("Enter")
        for key in ("w", "x", "ArrowLeft", "g"):
            await owner.keyboard.press(key)
        await owner.wait_for_timeout(LATE_MS)
        assert owner.url == url
    await expect_online(owner)
    await owner.get_by_role("button", name=texts.VIEW_AS_TABLE).click()
    await expect(owner.locator(".sheet-table")).to_be_visible()
    assert owner.url == url
    assert downloads == []
    async with owner.expect_download():
        await csv_button.click()


async def test_theme_can_be_changed_while_offline(owner: Page, server: ReplayedServer):
    value = await open_page(owner, server)
    async with stop_network(owner):
        await expect_offline(owner, value)
        await owner.locator(".rail-foot").get_by_role("button").last.click()
        await owner.get_by_role("button", name=texts.DARK_THEME).click()
        await expect(owner.locator("html.dark")).to_have_count(1)
        await owner.keyboard.press("Escape")
    await expect_online(owner)


@pytest.mark.parametrize("path", ["/", "/login"])
async def test_pages_without_data_show_no_banner(visitor: Page, server: ReplayedServer, path: str):
    await visitor.goto(server.base_url + path)
    await expect(visitor.get_by_role("link", name=texts.LOG_IN_WITH_DISCORD).first).to_be_visible()
    async with stop_network(visitor):
        await visitor.wait_for_function("() => document.documentElement.classList.contains('offline')")
        await expect(locate_banner(visitor)).to_be_hidden()
