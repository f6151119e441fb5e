"""What the page compares with: the menu, custom dates, all time, and why nothing can be compared."""

import re

from playwright.async_api import Page, expect

from herwa_shared.charts.formatting import format_int
from herwa_web import texts
from tests.browser.conftest import ReplayedServer
from tests.browser.overview_page import READ_COMPARISON_SCRIPT, locate_kpi, open_overview
from tests.support.expected_numbers import load_window

MESSAGES_BY_DAY = load_window("2021-05-01")["messages_by_day"]
JULY = {"from": "2021-07-01", "to": "2021-08-01"}


def count_month(month: int) -> int:
    return sum(value for day, value in MESSAGES_BY_DAY.items() if day.startswith(f"2021-{month:02}"))


async def test_custom_dates_are_compared_and_marked(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server, interval="day", **JULY)
    await page.get_by_role("button", name=texts.COMPARE).click()
    menu = page.get_by_role("dialog", name=texts.COMPARE_WITH)
    await expect(menu.get_by_role("link", name=texts.COMPARISONS["previous"])).to_have_attribute("aria-current", "true")
    await expect(menu.get_by_role("textbox", name=texts.FROM)).to_have_value("2021-06-01")
    await menu.get_by_role("textbox", name=texts.FROM).fill("2021-05-01")
    await menu.get_by_role("textbox", name=texts.TO, exact=True).fill("2021-05-31")
    await menu.get_by_role("button", name=texts.APPLY).click()
    await expect(page).to_have_url(re.compile(r"compare=2021-05-01\.\.2021-06-01"))
    await page.wait_for_function(f"() => ({READ_COMPARISON_SCRIPT})().reduce((a, b) => a + b, 0) === {count_month(5)}")
    button = page.get_by_role("button", name=texts.format_comparison_label(texts.COMPARISON_BUTTONS["custom"]))
    await button.click()
    await expect(menu.get_by_role("heading", name=texts.CUSTOM_DATES)).to_have_attribute("aria-current", "true")
    await expect(menu.get_by_role("link", name=texts.COMPARISONS["previous"])).to_have_attribute(
        "aria-current", "false"
    )


async def test_base_of_a_change_can_be_seen(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server, interval="day", **JULY)
    await locate_kpi(page, "Messages").focus()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("tooltip")).to_contain_text(texts.describe_base(format_int(count_month(6))))
    assert count_month(6) >= 20
    row_tips = await page.locator("#members .bar").evaluate_all("(rows) => rows.map((row) => row.dataset.tip)")
    assert row_tips
    assert all(tip.startswith(texts.PREVIOUS_PERIOD) for tip in row_tips if tip)


async def test_all_time_keeps_the_choice_and_says_why_nothing_is_compared(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server, compare="year", **JULY)
    reason = texts.describe_missing_comparison("May 1, 2021")
    await expect(page.locator(".key-row")).to_contain_text(reason)
    await page.get_by_role("button", name=re.compile(f"^{texts.DATES}:")).click()
    await page.get_by_role("link", name="All time").click()
    await expect(page).to_have_url(re.compile("range=all.*compare=year"))
    await expect(page.locator(".sentence")).to_contain_text("May 1, 2021")
    await expect(page.locator(".key-row")).to_contain_text(reason)
    await page.get_by_role("button", name=texts.COMPARE).click()
    menu = page.get_by_role("dialog", name=texts.COMPARE_WITH)
    await expect(menu).to_contain_text(reason)
    await expect(menu.get_by_role("link", name=texts.COMPARISONS["year"])).to_have_attribute("aria-current", "true")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name=re.compile(f"^{texts.DATES}:")).click()
    await page.get_by_role("link", name="Last 30 days").click()
    await expect(page).to_have_url(re.compile("compare=year"))


async def test_problems_in_a_link_are_named(owner: Page, server: ReplayedServer):
    await owner.goto(server.build_url(interval="decade", metric="mesages", compare="never"))
    await expect(owner.locator(".banner")).to_have_count(3)
    await expect(locate_kpi(owner, "Messages")).to_have_attribute("aria-current", "true")


async def test_only_what_filters_looks_clickable(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server)
    await expect(page.locator("#members .bar").first).to_be_visible()
    await expect(page.locator("#members").get_by_role("link")).to_have_count(0)
    channel_rows = page.locator("#channels .bar")
    await expect(page.locator("#channels").get_by_role("link")).to_have_count(await channel_rows.count())
    cell = page.locator(".week tbody td").first
    await expect(page.get_by_role("table", name=texts.HEATMAP_CAPTION).get_by_role("link")).to_have_count(0)
    for element in (page.locator("#members .bar").first, cell):
        await element.hover()
        style = await element.evaluate("(node) => [getComputedStyle(node).cursor, getComputedStyle(node).outlineStyle]")
        assert style == ["auto", "none"]
    await page.locator(".week").get_by_role("cell").nth(1).focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tooltip")).to_contain_text("Monday")
