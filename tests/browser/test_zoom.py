"""Zooming and panning of the chart: the range applies at once, the interval fits, and there is a way back."""

import asyncio
import re
from datetime import date

import pytest
from playwright.async_api import Browser, Page, expect

from herwa_shared.charts.formatting import format_int
from herwa_web import texts
from tests.browser.conftest import ReplayedServer
from tests.browser.overview_page import (
    IS_DRAWN_SCRIPT,
    click_chart,
    drag,
    locate_kpi,
    open_overview,
    read_axis,
    read_drawn_total,
    wait_for_points,
)
from tests.support.chromium import PHONE_VIEWPORT
from tests.support.expected_numbers import load_window

MESSAGES_BY_DAY = load_window("2021-05-01")["messages_by_day"]
JUNE = {"from": "2021-06-01", "to": "2021-07-01"}
JUNE_DAYS = 30


def count_days(first: int, last: int) -> int:
    """Count the messages of these days of June."""
    return sum(MESSAGES_BY_DAY.get(date(2021, 6, day).isoformat(), 0) for day in range(first, last + 1))


async def open_june(owner: Page, server: ReplayedServer) -> Page:
    page = await open_overview(owner, server, compare="off", **JUNE)
    await wait_for_points(page, JUNE_DAYS)
    return page


def locate_chip(page: Page):
    return page.locator(".chip", has=page.get_by_role("link", name=texts.RESET_ZOOM))


async def test_drag_shows_the_selected_days_at_once_and_back_returns(owner: Page, server: ReplayedServer):
    page = await open_june(owner, server)
    previous_url, previous_axis = page.url, await read_axis(page, "yaxis")
    # The points are 1/29 of the width apart: this selects June 9 to 15.
    await drag(page, 7.5 / 29, 14.5 / 29)
    await wait_for_points(page, 7)
    assert "from=2021-06-09&to=2021-06-16" in page.url
    await expect(locate_kpi(page, "Messages").locator(".value")).to_have_text(format_int(count_days(9, 15)))
    assert await read_drawn_total(page) == count_days(9, 15)
    highest = max(MESSAGES_BY_DAY.get(f"2021-06-{day:02}", 0) for day in range(9, 16))
    low, high = await read_axis(page, "yaxis")
    assert (low, highest < high < 1.3 * highest) == (0, True)
    assert [low, high] != previous_axis
    await expect(locate_chip(page)).to_contain_text("Jun 9 \N{EN DASH} 15")
    await page.go_back()
    await wait_for_points(page, JUNE_DAYS)
    assert page.url == previous_url
    await expect(locate_chip(page)).to_have_count(0)


@pytest.mark.slow
async def test_chip_escape_and_double_click_lead_back_to_the_view_before(owner: Page, server: ReplayedServer):
    page = await open_june(owner, server)
    previous_url = page.url

    async def zoom_twice() -> None:
        await drag(page, 7.5 / 29, 14.5 / 29)
        await wait_for_points(page, 7)
        await drag(page, 0.6 / 6, 2.4 / 6)
        await wait_for_points(page, 48)

    await zoom_twice()
    await locate_chip(page).get_by_role("link", name=texts.RESET_ZOOM).click()
    await wait_for_points(page, JUNE_DAYS)
    assert page.url == previous_url
    await zoom_twice()
    await page.keyboard.press("Escape")
    await wait_for_points(page, JUNE_DAYS)
    assert page.url == previous_url
    await zoom_twice()
    await click_chart(page, 0.5, count=2)
    await wait_for_points(page, JUNE_DAYS)
    assert page.url == previous_url


async def test_click_on_a_day_shows_its_hours_and_zooming_goes_on_in_hours(owner: Page, server: ReplayedServer):
    page = await open_june(owner, server)
    await click_chart(page, 9 / 29)
    await wait_for_points(page, 24)
    assert "from=2021-06-10&to=2021-06-11" in page.url
    assert await read_drawn_total(page) == count_days(10, 10)
    await drag(page, 9.5 / 23, 15.5 / 23)
    await wait_for_points(page, 6)
    await expect(page).to_have_url(re.compile(r"from=2021-06-10T10%3A00.*&to=2021-06-10T16%3A00"))


@pytest.mark.slow
async def test_single_hour_cannot_be_zoomed(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server, compare="off", **{"from": "2021-06-10", "to": "2021-06-11"})
    await wait_for_points(page, 24)
    previous_url, axis = page.url, await read_axis(page, "xaxis")
    await drag(page, 9.6 / 23, 10.4 / 23)
    await page.wait_for_function(
        "(axis) => String(document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range) === String(axis)", arg=axis
    )
    assert page.url == previous_url


async def test_panning_moves_the_range_and_ends_with_the_first_data(owner: Page, server: ReplayedServer):
    page = await open_june(owner, server)
    await drag(page, 0.5, 0.5 + 5 / 29, shift=True)
    await expect(page).to_have_url(re.compile("from=2021-05-27&to=2021-06-26"))
    await wait_for_points(page, JUNE_DAYS)
    await page.wait_for_function(
        "() => document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range[0].startsWith('2021-05-27')"
    )
    await drag(page, 0.02, 0.98, shift=True)
    await expect(page).to_have_url(re.compile("from=2021-05-01&to=2021-05-31"))
    await expect(page.get_by_role("link", name=texts.PREVIOUS_PERIOD)).to_have_attribute("aria-disabled", "true")
    await locate_chip(page).get_by_role("link", name=texts.RESET_ZOOM).click()
    await expect(page).to_have_url(re.compile("from=2021-06-01&to=2021-07-01"))


@pytest.mark.slow
async def test_panning_never_shows_the_future(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server, range="all")
    previous_url, axis = page.url, await read_axis(page, "xaxis")
    await drag(page, 0.8, 0.2, shift=True)
    await page.wait_for_function(
        "(axis) => String(document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range) === String(axis)", arg=axis
    )
    assert page.url == previous_url
    await expect(page.get_by_role("link", name=texts.NEXT_PERIOD)).to_have_attribute("aria-disabled", "true")


@pytest.mark.slow
async def test_zoom_keeps_the_scroll_position(owner: Page, server: ReplayedServer):
    page = await open_june(owner, server)
    await page.set_viewport_size({"width": 1440, "height": 600})
    await page.evaluate("window.scrollTo(0, 200)")
    await drag(page, 7.5 / 29, 14.5 / 29)
    await wait_for_points(page, 7)
    assert await page.evaluate("window.scrollY") >= 200


@pytest.mark.slow
async def test_new_data_waits_until_a_drag_has_ended(owner: Page, server: ReplayedServer):
    channel = server.create_channel("dragged")
    server.write_messages(channel, 2)
    await asyncio.to_thread(server.copy.drain)
    page = await open_overview(owner, server, range="7d", channel=channel, compare="off")
    total = locate_kpi(page, "Messages").locator(".value")
    await expect(total).to_have_text("2")
    await page.locator(".js-plotly-plot .nsewdrag").first.hover(position={"x": 80, "y": 60})
    await page.mouse.down()
    await page.mouse.move(400, 300, steps=4)
    server.write_messages(channel, 3)
    await asyncio.to_thread(server.copy.drain)
    await page.evaluate("document.querySelectorAll('[data-every]').forEach((button) => button.click())")
    await asyncio.sleep(3)
    await expect(total).to_have_text("2")
    await page.mouse.up()
    await expect(total).not_to_have_text("2")


async def test_click_that_closes_a_menu_does_not_zoom(owner: Page, server: ReplayedServer):
    page = await open_june(owner, server)
    previous_url = page.url
    await page.get_by_role("button", name=re.compile(f"^{texts.DATES}:")).click()
    await expect(page.get_by_role("textbox", name=texts.FROM)).to_be_visible()
    await click_chart(page, 0.2)
    await expect(page.get_by_role("textbox", name=texts.FROM)).to_be_hidden()
    await drag(page, 7.5 / 29, 14.5 / 29)
    await wait_for_points(page, 7)
    await page.go_back()
    await wait_for_points(page, JUNE_DAYS)
    assert page.url == previous_url, "the drag is the only step in the history"


async def test_table_zooms_without_a_mouse(owner: Page, server: ReplayedServer):
    page = await open_june(owner, server)
    await page.get_by_role("button", name=texts.VIEW_AS_TABLE).click()
    link = page.get_by_role("region", name=texts.TABLE_CAPTION).get_by_role("link").nth(9)
    await expect(link).to_have_accessible_name(texts.describe_zoom("Thu, Jun 10"))
    await link.focus()
    await page.keyboard.press("Enter")
    await wait_for_points(page, 24)
    assert "from=2021-06-10&to=2021-06-11" in page.url
    await expect(page.get_by_role("region", name=texts.TABLE_CAPTION).get_by_role("link")).to_have_count(0)


@pytest.mark.slow
async def test_touch_neither_zooms_nor_pans(owner: Page, browser: Browser, server: ReplayedServer):
    context = await browser.new_context(
        viewport=PHONE_VIEWPORT, has_touch=True, is_mobile=True, storage_state=await owner.context.storage_state()
    )
    page = await context.new_page()
    await page.goto(server.build_url(compare="off", **JUNE))
    await page.wait_for_function(IS_DRAWN_SCRIPT)
    previous_url = page.url
    assert await page.evaluate("() => document.querySelector('.js-plotly-plot')._fullLayout.dragmode") is False
    await page.locator(".js-plotly-plot .nsewdrag").first.tap()
    await page.get_by_role("link", name=texts.PREVIOUS_PERIOD).click()
    await expect(page).to_have_url(re.compile("from=2021-05-01&to=2021-06-01"))
    await page.go_back()
    await expect(page).to_have_url(previous_url)
    await context.close()
