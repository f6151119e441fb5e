"""Every page of a server, for each person and width: axe, functions, targets, focus; a stranger gets the 404 page.

The pages come from the lists that the code declares, so a new page is tested without a change here.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Browser, Page, StorageState, expect

from herwa_web import texts
from herwa_web.components.account_menu import ACCOUNT_URL
from herwa_web.navigation import PAGES
from herwa_web.pages.account import texts as account_texts
from herwa_web.surfaces import SURFACES
from tests.browser.conftest import ReplayedServer, open_page
from tests.browser.governed_server import GovernedServer, create_governed_server, open_governed_page
from tests.browser.page_views import VIEW_PATHS, name_view, open_filled_server, wait_until_complete
from tests.browser.test_accessibility import (
    FIND_SMALL_TARGETS_SCRIPT,
    IS_FOCUS_HIDDEN_SCRIPT,
    READ_LABELS_SCRIPT,
    list_violations,
)
from tests.browser.test_widths import SIZES, expect_no_horizontal_scroll
from tests.support.chromium import DESKTOP_VIEWPORT, PHONE_VIEWPORT, log_in

MANAGERS = ("owner", "manager")
OTHERS = ("stranger", "member")
SCHEMES = ("dark", "light")
# Names of the controls in the page's content; those in menus that are closed do not count.
READ_CONTROLS_SCRIPT = """() => [...document.querySelectorAll('main :is(a, button, select, input, textarea, summary)')]
    .filter((element) => element.checkVisibility() && !element.closest('.sheet, .js-plotly-plot, [hidden]'))
    .map((element) => (element.getAttribute('aria-label') || element.textContent || element.name).trim())"""
MAX_TAB_STOPS = 60


@dataclass(frozen=True, slots=True)
class TestedServers:
    """A server with something on every page, and one without any setting."""

    __test__ = False  # not a class of pytest's

    filled: GovernedServer
    empty: GovernedServer

    def get(self, *, is_filled: bool) -> GovernedServer:
        return self.filled if is_filled else self.empty


@pytest.fixture(scope="module")
async def servers(server: ReplayedServer) -> TestedServers:
    empty = await asyncio.to_thread(create_governed_server, server, "Empty Club")
    return TestedServers(await open_filled_server(server, "Filled Club"), empty)


@pytest.fixture(scope="module")
async def states(browser: Browser, server: ReplayedServer) -> dict[str, StorageState]:
    """Cookies and storage of browsers in which the personas have logged in."""
    return {persona: await log_in_as(browser, server, persona) for persona in (*MANAGERS, *OTHERS)}


async def log_in_as(browser: Browser, server: ReplayedServer, persona: str) -> StorageState:
    async with open_page(browser) as page:
        await log_in(page, server.base_url, persona)
        return await page.context.storage_state()


@pytest.fixture
def scheme() -> str:
    return "dark"


@pytest.fixture
async def page(browser: Browser, states: dict[str, StorageState], persona: str, scheme: str) -> AsyncIterator[Page]:
    """A page of the persona, without transitions: axe would measure the colors in the middle of them."""
    options = {"storage_state": states[persona], "color_scheme": scheme, "reduced_motion": "reduce"}
    async with open_page(browser, **options) as page:
        yield page


def test_every_declared_page_is_in_the_side_bar():
    assert {item.name for item in PAGES} == {surface.key for surface in SURFACES.all if "/" not in surface.key}


@pytest.mark.slow
@pytest.mark.parametrize("path", VIEW_PATHS, ids=name_view)
@pytest.mark.parametrize("persona", MANAGERS)
@pytest.mark.parametrize("is_filled", [True, False], ids=["filled", "empty"])
async def test_page_has_every_function_at_every_width(page: Page, servers: TestedServers, path: str, is_filled: bool):
    governed = servers.get(is_filled=is_filled)
    await page.set_viewport_size(DESKTOP_VIEWPORT)
    await open_governed_page(page, governed, path)
    await wait_until_complete(page)
    item = next(item for item in PAGES if item.path == path.partition("?")[0])
    await expect(page).to_have_title(texts.build_page_title(governed.name, item.label))
    controls = set(await page.evaluate(READ_CONTROLS_SCRIPT))
    for width, size in SIZES.items():
        await page.set_viewport_size(size)
        await expect_no_horizontal_scroll(page)
        missing = controls - set(await page.evaluate(READ_CONTROLS_SCRIPT))
        assert missing == set(), f"missing at {width}"
    await page.set_viewport_size(PHONE_VIEWPORT)
    labels: list[Any] = await page.evaluate(READ_LABELS_SCRIPT)
    assert [(label, text) for label, text in labels if text not in label] == []
    assert await page.evaluate(FIND_SMALL_TARGETS_SCRIPT) == []


@pytest.mark.slow
@pytest.mark.parametrize("path", VIEW_PATHS, ids=name_view)
@pytest.mark.parametrize("persona", MANAGERS)
@pytest.mark.parametrize("is_filled", [True, False], ids=["filled", "empty"])
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_axe_finds_nothing(page: Page, servers: TestedServers, path: str, is_filled: bool):
    await open_governed_page(page, servers.get(is_filled=is_filled), path)
    await wait_until_complete(page)
    for size in (DESKTOP_VIEWPORT, PHONE_VIEWPORT):
        await page.set_viewport_size(size)
        assert await list_violations(page) == [], size


@pytest.mark.slow
@pytest.mark.parametrize("path", VIEW_PATHS, ids=name_view)
@pytest.mark.parametrize("persona", ["owner"])
async def test_focus_is_never_below_the_bars(page: Page, servers: TestedServers, path: str):
    await page.set_viewport_size({"width": 390, "height": 600})
    await open_governed_page(page, servers.filled, path)
    await wait_until_complete(page)
    hidden = []
    for _ in range(MAX_TAB_STOPS):
        await page.keyboard.press("Tab")
        hidden.append(await page.evaluate(IS_FOCUS_HIDDEN_SCRIPT))
    assert [element for element in hidden if element] == []


@pytest.mark.slow
@pytest.mark.parametrize("path", VIEW_PATHS, ids=name_view)
@pytest.mark.parametrize("persona", OTHERS)
async def test_page_of_a_foreign_server_looks_like_that_of_no_server(page: Page, servers: TestedServers, path: str):
    await page.goto(servers.filled.build_url(path))
    await expect(page.get_by_role("heading", name=texts.SERVER_NOT_FOUND)).to_be_visible()
    assert servers.filled.name not in await page.content()


@pytest.mark.slow
@pytest.mark.parametrize("persona", [*MANAGERS, *OTHERS])
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_account_page_is_accessible_at_every_width(page: Page, server: ReplayedServer):
    await page.goto(server.base_url + ACCOUNT_URL)
    await expect(page.get_by_role("heading", name=account_texts.SESSIONS)).to_be_visible()
    assert await list_violations(page) == []
    for size in SIZES.values():
        await page.set_viewport_size(size)
        await expect_no_horizontal_scroll(page)
