"""Fixtures of the browser tests: a complete copy with a replayed server, a real browser, logged-in pages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Browser, Page, StorageState, async_playwright, expect

from tests.support.chromium import DESKTOP_VIEWPORT, log_in, start_chromium
from tests.support.configurable_copy import ConfigurableCopy, open_copy
from tests.support.expected_numbers import HISTORY_FILE

SUMMER = ("2021-05-01", "2021-08-01")
SERVER_NAME = "Ethereum R&D"

expect.set_options(timeout=45_000)  # generous, because these tests check content and not speed


@dataclass(frozen=True, slots=True)
class ReplayedServer:
    """The copy under test and the server of the replay, which belongs to the persona "owner"."""

    copy: ConfigurableCopy
    base_url: str
    guild_id: str

    def build_url(self, **view: str) -> str:
        """Build the URL of the server's page, by default for the days of the replay."""
        window = {} if "range" in view else {"from": SUMMER[0], "to": SUMMER[1]}
        parameters = {**window, **view}
        return f"{self.base_url}/g/{self.guild_id}?" + "&".join(f"{name}={value}" for name, value in parameters.items())

    def create_channel(self, name: str) -> str:
        """Create a channel at the local Discord; return its id."""
        with closing(self.copy.open_sim_client()) as sim:
            return str(sim.create_channel(int(self.guild_id), name))

    def write_messages(self, channel: str, count: int) -> None:
        """Let a new member write messages."""
        with closing(self.copy.open_sim_client()) as sim:
            author = sim.join(int(self.guild_id), "Writer")
            for number in range(count):
                sim.send_message(int(channel), author, content=f"word {number}")


@pytest.fixture(scope="package")
async def server() -> AsyncIterator[ReplayedServer]:
    def replay_history() -> str:
        copy.start_all()
        result = copy.replay(HISTORY_FILE, SERVER_NAME, *SUMMER)
        copy.drain()
        return result["guild_id"]

    with open_copy() as copy:
        guild_id = await asyncio.to_thread(replay_history)
        yield ReplayedServer(copy, f"http://localhost:{copy.port}", guild_id)
        await asyncio.to_thread(copy.stop_all)


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await start_chromium(playwright)
        yield browser
        await browser.close()


@asynccontextmanager
async def open_page(browser: Browser, **options: Any) -> AsyncIterator[Page]:
    """Open a page in a new browser context. A dialog or a JavaScript error on the page fails the test."""
    errors: list[str] = []
    context = await browser.new_context(**{"viewport": DESKTOP_VIEWPORT, **options})
    page = await context.new_page()
    page.on("dialog", lambda dialog: errors.append(f"a dialog: {dialog.message}"))
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    await context.close()
    assert not errors


@pytest.fixture(scope="package")
async def owner_state(browser: Browser, server: ReplayedServer) -> StorageState:
    """Cookies and storage of a browser in which the owner of the replayed server has logged in."""
    async with open_page(browser) as page:
        await log_in(page, server.base_url, "owner")
        return await page.context.storage_state()


@pytest.fixture(scope="package")
async def operator_state(browser: Browser, server: ReplayedServer) -> StorageState:
    """Cookies and storage of a browser in which the operator has logged in."""
    async with open_page(browser) as page:
        await log_in(page, server.base_url, "operator")
        return await page.context.storage_state()


@pytest.fixture
async def visitor(browser: Browser) -> AsyncIterator[Page]:
    """A page of a visitor who is not logged in."""
    async with open_page(browser) as page:
        yield page


@pytest.fixture
async def owner(browser: Browser, owner_state: StorageState) -> AsyncIterator[Page]:
    """A page on which the owner of the replayed server is logged in. Tests that log out use `visitor` instead."""
    async with open_page(browser, storage_state=owner_state) as page:
        yield page
