"""Page visits by a logged-in browser with an empty cache: bytes transferred and time until content is visible."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, StorageState

from benchmarks.network_metrics import NetworkTraffic
from tests.support.chromium import DESKTOP_VIEWPORT

WATCH_SCRIPT = Path(__file__).with_name("watch.js")
NETWORK_IDLE_SECONDS = 1.0
PAGE_TIMEOUT_MS = 60_000
GET_PAINT_TIME = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
GET_DRAW_TIME = "() => measured.drawn"
GET_COMPLETE_TIME = """() => document.querySelector('main :is(.panel, .alone, .blank)')
    && !document.querySelector('.bone') && performance.now()"""
GET_REDRAW_TIME = "() => measured.redrawn"


@dataclass(frozen=True, slots=True)
class PageVisit:
    """Milliseconds from navigation until the content was visible, and bytes transferred until the network was idle."""

    duration_ms: float
    byte_count: int
    bytes_by_path: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PageVisitor:
    """Visits pages with a stored log-in; each visit uses a new browser context with an empty cache."""

    browser: Browser
    storage_state: StorageState

    async def measure_first_paint(self, url: str) -> PageVisit:
        """Measure until the first contentful paint of a page."""
        async with self._open_page() as (page, traffic):
            return await _measure_visit(page, traffic, url, GET_PAINT_TIME)

    async def measure_drawing(self, url: str) -> PageVisit:
        """Measure until the overview shows the line of its chart and the number above it."""
        async with self._open_page() as (page, traffic):
            return await _measure_visit(page, traffic, url, GET_DRAW_TIME)

    async def measure_completion(self, url: str) -> PageVisit:
        """Measure until a page shows all its data."""
        async with self._open_page() as (page, traffic):
            return await _measure_visit(page, traffic, url, GET_COMPLETE_TIME)

    async def measure_redraws(self, url: str, row_count: int) -> list[float]:
        """Click each of the first rows of the channel list; return the milliseconds until each channel is drawn."""
        async with self._open_page() as (page, traffic):
            await _measure_visit(page, traffic, url, GET_DRAW_TIME)
            channels = page.locator("#channels .bar")
            redraw_times = []
            for row in range(row_count):
                await channels.nth(row).click()
                redraw_times.append(await _read_number(page, GET_REDRAW_TIME))
                await traffic.wait_until_idle(NETWORK_IDLE_SECONDS)
            return redraw_times

    @asynccontextmanager
    async def _open_page(self) -> AsyncIterator[tuple[Page, NetworkTraffic]]:
        context = await self.browser.new_context(viewport=DESKTOP_VIEWPORT, storage_state=self.storage_state)
        try:
            await context.add_init_script(path=WATCH_SCRIPT)
            page = await context.new_page()
            page.set_default_timeout(PAGE_TIMEOUT_MS)
            yield page, await NetworkTraffic.from_page(page)
        finally:
            await context.close()


async def _measure_visit(page: Page, traffic: NetworkTraffic, url: str, expression: str) -> PageVisit:
    await page.goto(url, wait_until="commit")
    duration_ms = await _read_number(page, expression)
    await traffic.wait_until_idle(NETWORK_IDLE_SECONDS)
    return PageVisit(duration_ms, traffic.total_bytes, traffic.bytes_by_path)


async def _read_number(page: Page, expression: str) -> float:
    """Wait until a JavaScript expression returns a number, and return that number."""
    handle = await page.wait_for_function(expression)
    return float(await handle.json_value())
