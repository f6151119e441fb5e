"""The overview page of a real server: the expected numbers, and all controls of the page."""

import re
from datetime import date

from playwright.async_api import Page, expect

from herwa_shared.charts.formatting import format_int
from herwa_web import texts
from tests.browser.conftest import ReplayedServer
from tests.browser.overview_page import (
    IS_DRAWN_SCRIPT,
    READ_COMPARISON_SCRIPT,
    locate_kpi,
    open_overview,
    read_drawn_total,
    read_lines,
)
from tests.support.expected_numbers import load_window

EXPECTED = load_window("2021-05-01")


async def test_page_shows_every_expected_number(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server)
    await expect(locate_kpi(page, "Messages").locator(".value")).to_have_text(format_int(EXPECTED["messages"]))
    await expect(locate_kpi(page, "Active members").locator(".value")).to_have_text(
        format_int(EXPECTED["active_members"])
    )
    assert await read_drawn_total(page) == EXPECTED["messages"]

    rows = page.locator("#channels .bar")
    names = await rows.locator(".name").all_inner_texts()
    values = await rows.locator(".value").all_inner_texts()
    expected = EXPECTED["top_channels"][: len(names)]
    assert [[name, value] for name, value in zip(names, values, strict=True)] == [
        [name, format_int(value)] for name, value in expected
    ]
    people = await page.locator("#members .bar .value").all_inner_texts()
    assert people == [format_int(value) for value in EXPECTED["top_member_counts"][: len(people)]]

    cells = await page.locator(".week tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent))"
    )
    week = {
        f"{day}-{hour}": int(value.replace(",", ""))
        for day, row in enumerate(cells, start=1)
        for hour, value in enumerate(row)
    }
    assert {hour: value for hour, value in week.items() if value} == EXPECTED["hour_of_week"]


async def test_chart_and_table_show_every_day(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server, interval="day")
    days = (date(2021, 8, 1) - date(2021, 5, 1)).days
    drawn_values = (await read_lines(page))[0]
    assert len(drawn_values) == days
    await page.get_by_role("button", name=texts.VIEW_AS_TABLE).click()
    rows = page.locator(".sheet-table tbody tr")
    await expect(rows).to_have_count(days)
    table_values = [
        int((await rows.nth(index).locator("td").nth(1).inner_text()).replace(",", "")) for index in (0, 45, days - 1)
    ]
    assert table_values == [drawn_values[0], drawn_values[45], drawn_values[days - 1]]
    assert table_values[0] == EXPECTED["messages_by_day"].get("2021-05-01", 0)


async def test_selected_metric_is_drawn(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server, interval="day")
    await locate_kpi(page, "Active members").click()
    await expect(locate_kpi(page, "Active members")).to_have_attribute("aria-current", "true")
    await page.wait_for_function(
        f"() => document.querySelector('.js-plotly-plot').data[0].y[0] === "
        f"{EXPECTED['active_members_by_day'].get('2021-05-01', 0)}"
    )
    assert "metric=active_members" in page.url


async def test_interval_changes_the_chart_and_not_the_total(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server, interval="day")
    days = await read_lines(page)
    await page.get_by_role("group", name=texts.INTERVAL).get_by_role("link", name=texts.INTERVALS["month"]).click()
    await page.wait_for_function("() => document.querySelector('.js-plotly-plot').data[0].y.length === 3")
    months = await read_lines(page)
    assert sum(months[0]) == sum(days[0]) == EXPECTED["messages"]
    await expect(locate_kpi(page, "Messages").locator(".value")).to_have_text(format_int(EXPECTED["messages"]))


async def test_date_range_changes_chart_total_and_url_and_back_restores_them(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server, interval="day")
    previous_url = page.url
    await page.get_by_role("button", name=re.compile(f"^{texts.DATES}:")).click()
    await page.get_by_role("textbox", name=texts.FROM).fill("2021-06-01")
    await page.get_by_role("textbox", name=texts.TO, exact=True).fill("2021-06-30")
    await page.get_by_role("button", name=texts.APPLY).click()
    june = sum(value for day, value in EXPECTED["messages_by_day"].items() if day.startswith("2021-06"))
    await expect(locate_kpi(page, "Messages").locator(".value")).to_have_text(format_int(june))
    await page.wait_for_function("() => document.querySelector('.js-plotly-plot').data[0].y.length === 30")
    assert await read_drawn_total(page) == june
    assert "from=2021-06-01" in page.url
    await page.go_back()
    await expect(locate_kpi(page, "Messages").locator(".value")).to_have_text(format_int(EXPECTED["messages"]))
    assert page.url == previous_url


async def test_selected_channel_filters_the_page_and_escape_removes_the_filter(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server, interval="day")
    name, count = EXPECTED["top_channels"][1]
    await page.locator("#channels .bar", has_text=name).first.click()
    await expect(page.locator(".chip")).to_contain_text(name)
    await expect(locate_kpi(page, "Messages").locator(".value")).to_have_text(format_int(count))
    await page.wait_for_function(
        f"() => document.querySelector('.js-plotly-plot').data[0].y.reduce((a, b) => a + b, 0) === {count}"
    )
    assert "channel=" in page.url
    await page.keyboard.press("Escape")
    await expect(page.locator(".chip")).to_have_count(0)
    await expect(locate_kpi(page, "Messages").locator(".value")).to_have_text(format_int(EXPECTED["messages"]))


async def test_comparison_draws_a_second_line_and_shows_the_change(owner: Page, server: ReplayedServer):
    july_window = {"from": "2021-07-01", "to": "2021-08-01"}
    page = await open_overview(owner, server, interval="day", compare="off", **july_window)
    assert await page.evaluate(READ_COMPARISON_SCRIPT) == []
    await page.get_by_role("button", name=texts.COMPARE).click()
    await page.locator("#compare").get_by_role("link", name=texts.COMPARISONS["previous"]).click()
    await page.wait_for_function(f"() => ({READ_COMPARISON_SCRIPT})().length")
    comparison_values = await page.evaluate(READ_COMPARISON_SCRIPT)
    july = sum(value for day, value in EXPECTED["messages_by_day"].items() if day.startswith("2021-07"))
    june = sum(value for day, value in EXPECTED["messages_by_day"].items() if day.startswith("2021-06"))
    growth = july / june - 1  # a full month is compared with the full month before
    assert sum(comparison_values) == june
    sign = "▲" if growth > 0 else "▼"
    await expect(locate_kpi(page, "Messages").locator(".change")).to_have_text(f"{sign} {abs(growth):.0%}")
    assert "compare" not in page.url, "the previous period is the default, so the URL must omit it"


async def test_copied_url_shows_the_same_view(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server, interval="week", metric="active_members", compare="previous")
    first_view = (await read_lines(page), await page.locator(".sentence").inner_text())
    other_page = await owner.context.new_page()
    await other_page.goto(page.url)
    await other_page.wait_for_function(IS_DRAWN_SCRIPT)
    assert (await read_lines(other_page), await other_page.locator(".sentence").inner_text()) == first_view


async def test_numbers_and_chart_can_be_downloaded(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server, interval="day")
    async with page.expect_download() as table:
        await page.get_by_role("region", name=texts.STATISTICS).get_by_role("button", name=texts.DOWNLOAD_CSV).click()
    rows = (await (await table.value).path()).read_text().splitlines()
    assert sum(int(row.split(",")[1]) for row in rows[1:]) == EXPECTED["messages"]
    async with page.expect_download() as picture:
        await page.get_by_role("button", name=texts.DOWNLOAD_PNG).click()
    assert (await (await picture.value).path()).read_bytes().startswith(b"\x89PNG")


async def test_chart_fills_its_panel_after_the_sidebar_is_collapsed(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server)
    fills_panel_script = """() => {
        const [panel, drawn] = ['.chart', '.chart .main-svg'].map((selector) => document.querySelector(selector));
        return Math.abs(panel.clientWidth - drawn.clientWidth) < 40 && panel.clientWidth;
    }"""
    previous_width = await (await page.wait_for_function(fills_panel_script)).json_value()
    await page.keyboard.press("[")
    await page.wait_for_function(f"() => (({fills_panel_script})() || 0) > {previous_width}")


async def test_typing_into_the_channel_filter_triggers_no_keyboard_shortcut(owner: Page, server: ReplayedServer):
    page = await open_overview(owner, server, interval="day")
    previous_url, (name, count) = page.url, EXPECTED["top_channels"][1]
    await page.get_by_role("button", name=texts.FILTER_BY_CHANNEL).click()
    options = page.locator("#filter .choice")
    await expect(options.filter(has_text=name).first).to_be_visible()
    await expect(page.get_by_role("textbox", name=texts.FIND_CHANNEL)).to_be_focused()
    await page.keyboard.type(name)
    await expect(options.filter(has_text=texts.ALL_CHANNELS)).to_be_hidden()
    assert page.url == previous_url
    await options.filter(has_text=name).first.click()
    await expect(locate_kpi(page, "Messages").locator(".value")).to_have_text(format_int(count))
