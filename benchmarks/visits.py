"""Visits to pages, each by a browser that has never been there but is logged in: what comes, and when it is seen."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, StorageState

from benchmarks.wire import Wire
from tests.browser.chromium import WIDE

WATCH = Path(__file__).with_name("watch.js")
IDLE_SECONDS = 1.0
PATIENCE_MS = 60_000
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
DRAWN = "() => measured.drawn"
REDRAWN = "() => measured.redrawn"


@dataclass(frozen=True, slots=True)
class Visit:
    """From the moment of navigating: milliseconds until the page was seen, bytes until it had nothing more to ask."""

    ms: float
    bytes: int
    by_path: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person with a session; every visit is made with an empty cache."""

    browser: Browser
    session: StorageState

    async def first_paint(self, address: str) -> Visit:
        """Until the first content of a page is painted."""
        async with self._fresh() as (page, wire):
            return await _visit(page, wire, address, PAINTED)

    async def drawn(self, address: str) -> Visit:
        """Until the overview's chart has its line, and the number above it is there."""
        async with self._fresh() as (page, wire):
            return await _visit(page, wire, address, DRAWN)

    async def redrawn(self, address: str, rows: int) -> list[float]:
        """Milliseconds from a click on each of the first rows of the channels until the chart shows that channel."""
        async with self._fresh() as (page, wire):
            await _visit(page, wire, address, DRAWN)
            channels = page.locator("#channels .bar")
            waits = []
            for row in range(rows):
                await channels.nth(row).click()
                waits.append(await _number(page, REDRAWN))
                await wire.quiet(IDLE_SECONDS)
            return waits

    @asynccontextmanager
    async def _fresh(self) -> AsyncIterator[tuple[Page, Wire]]:
        context = await self.browser.new_context(viewport=WIDE, storage_state=self.session)
        try:
            await context.add_init_script(path=WATCH)
            page = await context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            yield page, await Wire.of(page)
        finally:
            await context.close()


async def _visit(page: Page, wire: Wire, address: str, seen: str) -> Visit:
    await page.goto(address, wait_until="commit")
    ms = await _number(page, seen)
    await wire.quiet(IDLE_SECONDS)
    return Visit(ms, wire.total, wire.by_path)


async def _number(page: Page, expression: str) -> float:
    """What the page has noted, as soon as it has."""
    noted = await page.wait_for_function(expression)
    return float(await noted.json_value())
