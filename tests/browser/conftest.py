"""One whole copy with a replayed server, a real browser, and people who log in through the local Discord."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser.chromium import WIDE, log_in, start_chromium
from tests.herwa.copies import Copy, copy_of_its_own
from tests.journeys.truth import HISTORY_FILE

SUMMER = ("2021-05-01", "2021-08-01")
REPLAYED = "Ethereum R&D"

expect.set_options(timeout=45_000)  # a page is waited for, never timed


@dataclass(frozen=True, slots=True)
class Place:
    """The copy under test and the server that was replayed into it, which the persona "owner" owns."""

    copy: Copy
    address: str
    guild_id: str

    def path(self, **view: str) -> str:
        """The address of the server's page; the days of the replay unless the view says otherwise."""
        window = {} if "range" in view else {"from": SUMMER[0], "to": SUMMER[1]}
        asked = {**window, **view}
        return f"{self.address}/g/{self.guild_id}?" + "&".join(f"{name}={value}" for name, value in asked.items())


@pytest.fixture(scope="package")
async def place() -> AsyncIterator[Place]:
    def begin() -> str:
        copy.up()
        replayed = copy.replay(HISTORY_FILE, REPLAYED, *SUMMER)
        copy.drain()
        return replayed["guild_id"]

    with copy_of_its_own() as copy:
        guild_id = await asyncio.to_thread(begin)
        yield Place(copy, f"http://localhost:{copy.port}", guild_id)
        await asyncio.to_thread(copy.down)


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await start_chromium(playwright)
        yield browser
        await browser.close()


@pytest.fixture
async def visitor(browser: Browser) -> AsyncIterator[Page]:
    """A browser that has never been here. Whatever goes wrong in its pages fails the test."""
    wrong: list[str] = []
    context = await browser.new_context(viewport=WIDE)
    page = await context.new_page()
    page.on("dialog", lambda dialog: wrong.append(f"a dialog: {dialog.message}"))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    await context.close()
    assert not wrong


@pytest.fixture
async def owner(visitor: Page, place: Place) -> Page:
    """The owner of the replayed server, logged in."""
    await log_in(visitor, place.address, "owner")
    return visitor
