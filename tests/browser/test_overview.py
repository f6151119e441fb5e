"""The overview of a real server: the numbers of the truth, and everything that can be done with them."""

import re
from datetime import date
from typing import Any

from playwright.async_api import Locator, Page, expect

from herwa_shared.charts.formatting import exact
from herwa_shared.charts.web_figure import Layer
from tests.browser.conftest import Place
from tests.journeys.truth import window

TRUTH = window("2021-05-01")
DRAWN = "() => document.querySelector('.js-plotly-plot')?.data?.some((trace) => trace.y?.length)"
LINES = """() => document.querySelector('.js-plotly-plot').data
    .filter((trace) => trace.mode?.includes('lines'))
    .map((trace) => [...trace.y])"""
BEFORE = f"() => [...(document.querySelector('.js-plotly-plot').data[{int(Layer.COMPARED)}].y ?? [])]"


def kpi(page: Page, title: str) -> Locator:
    return page.locator(".strip .kpi").filter(has=page.locator(".label", has_text=re.compile(f"^{title}$")))


async def lines(page: Page) -> list[list[Any]]:
    """The values of every line of the large chart, as they are drawn."""
    await page.wait_for_function(DRAWN)
    return await page.evaluate(LINES)


async def total_drawn(page: Page) -> int:
    """What the chart's own line adds up to; the unfinished interval's piece repeats a point, and this window has none."""
    return sum(value or 0 for value in (await lines(page))[0])


async def shown(owner: Page, place: Place, **view: str) -> Page:
    await owner.goto(place.path(**view))
    await owner.wait_for_function(DRAWN)
    return owner


async def test_every_number_of_the_truth_stands_on_the_page(owner: Page, place: Place):
    page = await shown(owner, place)
    await expect(kpi(page, "Messages").locator(".value")).to_have_text(exact(TRUTH["messages"]))
    await expect(kpi(page, "Active members").locator(".value")).to_have_text(exact(TRUTH["active_members"]))
    assert await total_drawn(page) == TRUTH["messages"]

    rows = page.locator("#channels .bar")
    names = await rows.locator(".name").all_inner_texts()
    values = await rows.locator(".value").all_inner_texts()
    expected = TRUTH["top_channels"][: len(names)]
    assert [[name, value] for name, value in zip(names, values, strict=True)] == [
        [name, exact(value)] for name, value in expected
    ]
    people = await page.locator("#members .bar .value").all_inner_texts()
    assert people == [exact(value) for value in TRUTH["top_member_counts"][: len(people)]]

    cells = await page.locator(".week tbody tr").evaluate_all(
        "(rows) => rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent))"
    )
    week = {
        f"{day}-{hour}": int(value.replace(",", ""))
        for day, row in enumerate(cells, start=1)
        for hour, value in enumerate(row)
    }
    assert {hour: value for hour, value in week.items() if value} == TRUTH["hour_of_week"]


async def test_each_day_of_the_truth_is_drawn_and_stands_in_the_table(owner: Page, place: Place):
    page = await shown(owner, place, interval="day")
    days = (date(2021, 8, 1) - date(2021, 5, 1)).days
    drawn = (await lines(page))[0]
    assert len(drawn) == days
    await page.get_by_role("button", name="View as a table").click()
    rows = page.locator(".sheet-table tbody tr")
    await expect(rows).to_have_count(days)
    told = [int((await rows.nth(at).locator("td").nth(1).inner_text()).replace(",", "")) for at in (0, 45, days - 1)]
    assert told == [drawn[0], drawn[45], drawn[days - 1]]
    assert told[0] == TRUTH["messages_by_day"].get("2021-05-01", 0)


async def test_choosing_another_number_draws_it(owner: Page, place: Place):
    page = await shown(owner, place, interval="day")
    await kpi(page, "Active members").click()
    await expect(kpi(page, "Active members")).to_have_attribute("aria-current", "true")
    await page.wait_for_function(
        f"() => document.querySelector('.js-plotly-plot').data[0].y[0] === "
        f"{TRUTH['active_members_by_day'].get('2021-05-01', 0)}"
    )
    assert "metric=active_members" in page.url


async def test_the_interval_changes_the_chart_and_not_the_number(owner: Page, place: Place):
    page = await shown(owner, place, interval="day")
    days = await lines(page)
    await page.get_by_role("group", name="Interval").get_by_role("link", name="Month").click()
    await page.wait_for_function("() => document.querySelector('.js-plotly-plot').data[0].y.length === 3")
    months = await lines(page)
    assert sum(months[0]) == sum(days[0]) == TRUTH["messages"]
    await expect(kpi(page, "Messages").locator(".value")).to_have_text(exact(TRUTH["messages"]))


async def test_another_range_changes_the_chart_the_number_and_the_address_and_back_brings_it_back(
    owner: Page, place: Place
):
    page = await shown(owner, place, interval="day")
    before = page.url
    await page.get_by_role("button", name="Choose the dates").click()
    await page.get_by_role("textbox", name="From").fill("2021-06-01")
    await page.get_by_role("textbox", name="To", exact=True).fill("2021-06-30")
    await page.get_by_role("button", name="Show these dates").click()
    june = sum(value for day, value in TRUTH["messages_by_day"].items() if day.startswith("2021-06"))
    await expect(kpi(page, "Messages").locator(".value")).to_have_text(exact(june))
    await page.wait_for_function("() => document.querySelector('.js-plotly-plot').data[0].y.length === 30")
    assert await total_drawn(page) == june
    assert "from=2021-06-01" in page.url
    await page.go_back()
    await expect(kpi(page, "Messages").locator(".value")).to_have_text(exact(TRUTH["messages"]))
    assert page.url == before


async def test_a_channel_of_the_list_narrows_everything_and_escape_widens_it_again(owner: Page, place: Place):
    page = await shown(owner, place, interval="day")
    name, count = TRUTH["top_channels"][1]
    await page.locator("#channels .bar", has_text=name).first.click()
    await expect(page.locator(".chip")).to_contain_text(name)
    await expect(kpi(page, "Messages").locator(".value")).to_have_text(exact(count))
    await page.wait_for_function(
        f"() => document.querySelector('.js-plotly-plot').data[0].y.reduce((a, b) => a + b, 0) === {count}"
    )
    assert "channel=" in page.url
    await page.keyboard.press("Escape")
    await expect(page.locator(".chip")).to_have_count(0)
    await expect(kpi(page, "Messages").locator(".value")).to_have_text(exact(TRUTH["messages"]))


async def test_comparing_draws_a_second_line_and_says_the_change(owner: Page, place: Place):
    window_ = {"from": "2021-07-01", "to": "2021-08-01"}
    page = await shown(owner, place, interval="day", compare="off", **window_)
    assert await page.evaluate(BEFORE) == []
    await page.get_by_role("button", name="Choose what to compare with").click()
    await page.get_by_role("link", name="Previous period").click()
    await page.wait_for_function(f"() => ({BEFORE})().length")
    before = await page.evaluate(BEFORE)
    july = sum(value for day, value in TRUTH["messages_by_day"].items() if day.startswith("2021-07"))
    june = sum(value for day, value in TRUTH["messages_by_day"].items() if day.startswith("2021-06"))
    grown = july / june - 1  # a whole month is compared with the whole month before
    assert sum(before) == june
    sign = "▲" if grown > 0 else "▼"
    await expect(kpi(page, "Messages").locator(".change")).to_have_text(f"{sign} {abs(grown):.0%}")
    assert "compare" not in page.url, "to compare with the previous period is what an address without a word means"


async def test_a_copied_address_shows_the_same_view(owner: Page, place: Place):
    page = await shown(owner, place, interval="week", metric="active_members", compare="previous")
    first = (await lines(page), await page.locator(".sentence").inner_text())
    other = await owner.context.new_page()
    await other.goto(page.url)
    await other.wait_for_function(DRAWN)
    assert (await lines(other), await other.locator(".sentence").inner_text()) == first


async def test_a_stretch_that_is_dragged_over_is_seen_large_can_become_the_range_and_a_double_click_resets(
    owner: Page, place: Place
):
    page = await shown(owner, place, interval="day")
    plot = page.locator(".js-plotly-plot .nsewdrag").first
    box = await plot.bounding_box()
    whole = await page.evaluate("() => document.querySelector('.js-plotly-plot').layout.xaxis.range")
    await page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2, steps=8)
    await page.mouse.up()
    use = page.get_by_role("link", name=re.compile("^Use "))
    await expect(use).to_be_visible()
    await plot.dblclick()
    await expect(use).to_have_count(0)
    assert await page.evaluate("() => document.querySelector('.js-plotly-plot').layout.xaxis.range") == whole

    await page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2, steps=8)
    await page.mouse.up()
    await use.click()
    await page.wait_for_function("() => document.querySelector('.js-plotly-plot').data[0].y.length < 40")
    assert await total_drawn(page) < TRUTH["messages"]


async def test_the_numbers_can_be_taken_along(owner: Page, place: Place):
    page = await shown(owner, place, interval="day")
    async with page.expect_download() as table:
        await (
            page.get_by_role("region", name="Numbers and their course")
            .get_by_role("button", name="Download as CSV")
            .click()
        )
    rows = (await (await table.value).path()).read_text().splitlines()
    assert sum(int(row.split(",")[1]) for row in rows[1:]) == TRUTH["messages"]
    async with page.expect_download() as picture:
        await page.get_by_role("button", name="Download as a picture").click()
    assert (await (await picture.value).path()).read_bytes().startswith(b"\x89PNG")


async def test_the_chart_fills_its_place_after_the_side_bar_was_made_narrow(owner: Page, place: Place):
    page = await shown(owner, place)
    fills = """() => {
        const [panel, drawn] = ['.chart', '.chart .main-svg'].map((one) => document.querySelector(one));
        return Math.abs(panel.clientWidth - drawn.clientWidth) < 40 && panel.clientWidth;
    }"""
    before = await (await page.wait_for_function(fills)).json_value()
    await page.keyboard.press("[")
    await page.wait_for_function(f"() => (({fills})() || 0) > {before}")


async def test_what_is_typed_into_the_filter_finds_a_channel_and_is_taken_for_no_key(owner: Page, place: Place):
    page = await shown(owner, place, interval="day")
    before, (name, count) = page.url, TRUTH["top_channels"][1]
    await page.get_by_role("button", name="Narrow to a channel").click()
    choices = page.locator("#filter .choice")
    await expect(choices.filter(has_text=name).first).to_be_visible()
    await expect(page.get_by_role("textbox", name="Find a channel")).to_be_focused()
    await page.keyboard.type(name)
    await expect(choices.filter(has_text="The whole server")).to_be_hidden()
    assert page.url == before
    await choices.filter(has_text=name).first.click()
    await expect(kpi(page, "Messages").locator(".value")).to_have_text(exact(count))
