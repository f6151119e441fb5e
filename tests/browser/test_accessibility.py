"""Accessibility: axe on every page, and what axe cannot see: names, sizes, announcements, definitions, focus."""

import asyncio
from itertools import product
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, StorageState, expect

from herwa_shared.analytics.metric_definitions import Metric, describe_metric, get_definition
from herwa_web import texts
from tests.browser.conftest import SERVER_NAME, ReplayedServer, open_page
from tests.browser.overview_page import open_overview
from tests.support.chromium import DESKTOP_VIEWPORT, PHONE_VIEWPORT

VIEWPORTS = {"desktop": DESKTOP_VIEWPORT, "phone": PHONE_VIEWPORT}
PAGES = ("overview", "menus", "home", "missing", "landing", "log-in", "404")
QUICK = {("home", "light", "desktop")}
GRID = [
    pytest.param(*case, id="-".join(case), marks=() if case in QUICK else pytest.mark.slow)
    for case in product(PAGES, ("dark", "light"), VIEWPORTS)
]
IMPACTS = {"moderate", "serious", "critical"}
MENUS = ("switcher", "dates", "compare", "filter", "you", "keys", "palette", "more")
LOG_IN_LINK = "a[href^='/auth/login']"
READY_SELECTORS = {
    "home": "a.card",
    "missing": ".alone",
    "landing": LOG_IN_LINK,
    "log-in": LOG_IN_LINK,
    "404": ".alone",
}

# For each visible control with an `aria-label`: the label and the visible text.
READ_LABELS_SCRIPT = """() => [...document.querySelectorAll('a[aria-label], button[aria-label]')]
    .filter((element) => element.checkVisibility())
    .map((element) => [element.getAttribute('aria-label'), element.innerText.replace(/\\s+/g, ' ').trim()])"""
# Links and buttons that are smaller than 24 by 24 pixels.
FIND_SMALL_TARGETS_SCRIPT = """() => [...document.querySelectorAll('a, button, input, [tabindex="0"]')]
    .filter((element) => element.checkVisibility() && !element.closest('.skip, .js-plotly-plot'))
    .filter((element) => { const box = element.getBoundingClientRect(); return box.width < 24 || box.height < 24; })
    .map((element) => element.outerHTML.slice(0, 200))"""
# Whether the focused element, or a part of it, is on top at its center.
IS_FOCUS_HIDDEN_SCRIPT = """() => {
    const element = document.activeElement;
    const box = element.getBoundingClientRect();
    if (element === document.body || !box.width || element.closest('.skip, .unseen')) return null;
    const [x, y] = [box.left + box.width / 2, box.top + Math.min(box.height / 2, 12)];
    const top = document.elementFromPoint(x, y);
    return top && (element.contains(top) || top.contains(element)) ? null : element.outerHTML.slice(0, 200);
}"""


def build_address(name: str, server: ReplayedServer) -> str:
    paths = {"home": "/", "missing": "/g/1", "landing": "/", "log-in": "/login?reason=expired", "404": "/no/such/page"}
    return server.base_url + paths[name] if name in paths else server.build_url()


async def list_violations(page: Page) -> list[Any]:
    """Run axe; list what is at least moderate."""
    results = await Axe().run(page)
    return [
        (violation["id"], violation["impact"], [node["html"] for node in violation["nodes"]])
        for violation in results.response["violations"]
        if violation["impact"] in IMPACTS
    ]


@pytest.mark.parametrize(("name", "scheme", "width"), GRID)
async def test_axe_finds_nothing(
    browser: Browser, server: ReplayedServer, owner_state: StorageState, name: str, scheme: str, width: str
):
    storage = None if name in {"landing", "log-in"} else owner_state
    options = {"viewport": VIEWPORTS[width], "color_scheme": scheme, "storage_state": storage}
    async with open_page(browser, **options) as page:
        await page.goto(build_address(name, server))
        await page.locator(READY_SELECTORS.get(name, ".js-plotly-plot .main-svg")).first.wait_for()
        if name != "menus":
            assert await list_violations(page) == []
            return
        for menu in MENUS:
            await page.evaluate(f"document.getElementById('{menu}').showPopover()")
            await page.wait_for_function(f"() => getComputedStyle(document.getElementById('{menu}')).opacity === '1'")
            assert await list_violations(page) == [], menu
            await page.evaluate(f"document.getElementById('{menu}').hidePopover()")


@pytest.mark.parametrize("viewport", VIEWPORTS.values(), ids=VIEWPORTS)
async def test_names_contain_the_visible_text_and_targets_are_large_enough(
    owner: Page, server: ReplayedServer, viewport: Any
):
    await owner.set_viewport_size(viewport)
    for name in ("overview", "home"):
        await owner.goto(build_address(name, server))
        await owner.locator(".kpi .value, a.card").first.wait_for()
        labels = await owner.evaluate(READ_LABELS_SCRIPT)
        assert [(label, text) for label, text in labels if text not in label] == []
        assert await owner.evaluate(FIND_SMALL_TARGETS_SCRIPT) == []


async def test_tab_names_server_and_page(owner: Page, server: ReplayedServer):
    await open_overview(owner, server)
    await expect(owner).to_have_title(texts.build_page_title(SERVER_NAME, texts.OVERVIEW))
    await owner.goto(server.base_url)
    await expect(owner).to_have_title(texts.HOME_TAB)


@pytest.mark.slow
async def test_view_is_announced_when_the_user_changes_it_and_not_at_a_refresh(owner: Page, server: ReplayedServer):
    channel = server.create_channel("announced")
    server.write_messages(channel, 2)
    await asyncio.to_thread(server.copy.drain)
    await open_overview(owner, server, range="today", channel=channel)
    sentence, status = owner.locator(".sentence"), owner.locator("#announcement")
    await expect(owner.locator(".kpi[aria-current=true] .value")).to_have_text("2")
    await expect(status).to_contain_text(await sentence.inner_text())
    announced = await status.inner_text()
    server.write_messages(channel, 3)
    await expect(owner.locator(".kpi[aria-current=true] .value")).to_have_text("5")
    await expect(sentence).not_to_have_text(announced)
    assert await status.inner_text() == announced
    await owner.locator(".kpi").nth(1).click()
    await expect(status).not_to_have_text(announced)


async def test_definition_is_shown_by_touch_by_keyboard_and_by_pointer(
    browser: Browser, server: ReplayedServer, owner_state: StorageState
):
    definition = describe_metric(Metric.MESSAGES)
    name = texts.format_definition_label(get_definition(Metric.MESSAGES).title)
    async with open_page(browser, storage_state=owner_state, viewport=PHONE_VIEWPORT, has_touch=True) as page:
        await open_overview(page, server)
        button, tooltip = page.get_by_role("button", name=name), page.get_by_role("tooltip")
        await button.tap()
        await expect(tooltip).to_have_text(definition)
        await expect(button).to_have_attribute("aria-describedby", "tip")
        await page.locator(".sentence").tap()
        await expect(tooltip).to_be_hidden()
        await page.keyboard.press("Tab")
        await button.focus()
        await expect(tooltip).to_have_text(definition)
        await page.keyboard.press("Escape")
        await expect(tooltip).to_be_hidden()
        await button.hover()
        await expect(tooltip).to_have_text(definition)
        await tooltip.hover()
        await expect(tooltip).to_have_text(definition)


async def test_focus_is_never_below_the_bars(owner: Page, server: ReplayedServer):
    await owner.set_viewport_size({"width": 390, "height": 600})
    await open_overview(owner, server)
    hidden = []
    for _ in range(70):
        await owner.keyboard.press("Tab")
        hidden.append(await owner.evaluate(IS_FOCUS_HIDDEN_SCRIPT))
    assert [element for element in hidden if element] == []


async def test_nothing_moves_for_users_who_prefer_reduced_motion(
    browser: Browser, server: ReplayedServer, owner_state: StorageState
):
    async with open_page(browser, storage_state=owner_state, reduced_motion="reduce") as page:
        await open_overview(page, server)
        durations = await page.evaluate(
            """() => [...document.querySelectorAll('*')].flatMap((element) => [null, '::before', '::after'].flatMap(
                (part) => { const style = getComputedStyle(element, part);
                    return [...style.animationDuration.split(','), ...style.transitionDuration.split(',')]; }
            )).map(parseFloat)"""
        )
        assert max(durations) <= 0.001
