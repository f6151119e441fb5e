"""The overview page in the browser: finds its parts, reads its chart, and moves the mouse over it."""

import re
from typing import Any

from playwright.async_api import Locator, Page

from herwa_shared.charts.web_figure import Layer
from tests.browser.conftest import ReplayedServer

IS_DRAWN_SCRIPT = "() => document.querySelector('.js-plotly-plot')?.data?.some((trace) => trace.y?.length)"
READ_LINES_SCRIPT = """() => document.querySelector('.js-plotly-plot').data
    .filter((trace) => trace.mode?.includes('lines'))
    .map((trace) => [...trace.y])"""
READ_COMPARISON_SCRIPT = f"() => [...(document.querySelector('.js-plotly-plot').data[{int(Layer.COMPARISON)}].y ?? [])]"


def locate_kpi(page: Page, title: str) -> Locator:
    return page.locator(".strip .kpi").filter(has=page.locator(".label", has_text=re.compile(f"^{title}$")))


async def read_lines(page: Page) -> list[list[Any]]:
    """Read the values of every line of the large chart from Plotly."""
    await page.wait_for_function(IS_DRAWN_SCRIPT)
    return await page.evaluate(READ_LINES_SCRIPT)


async def read_drawn_total(page: Page) -> int:
    """Sum the values of the chart's main line.

    An unfinished interval is drawn as a second line that repeats a point; this window has no unfinished interval.
    """
    return sum(value or 0 for value in (await read_lines(page))[0])


async def open_overview(owner: Page, server: ReplayedServer, **view: str) -> Page:
    await owner.goto(server.build_url(**view))
    await owner.wait_for_function(IS_DRAWN_SCRIPT)
    return owner


async def read_axis(page: Page, axis: str) -> list[Any]:
    """Read the visible range of an axis of the chart: `xaxis` or `yaxis`."""
    return await page.evaluate(f"() => document.querySelector('.js-plotly-plot')._fullLayout.{axis}.range")


async def wait_for_points(page: Page, count: int) -> None:
    """Wait until the chart's main line has this many points."""
    await page.wait_for_function(f"() => document.querySelector('.js-plotly-plot')?.data?.[0]?.y?.length === {count}")


async def drag(page: Page, start: float, end: float, *, shift: bool = False) -> None:
    """Drag over the chart from one place to another, both as shares of its width; with Shift it pans."""
    box = await page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    if shift:
        await page.keyboard.down("Shift")
    await page.mouse.move(box["x"] + box["width"] * start, y)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * end, y, steps=8)
    await page.mouse.up()
    if shift:
        await page.keyboard.up("Shift")


async def click_chart(page: Page, share: float, *, count: int = 1) -> None:
    """Click on the chart at this share of its width."""
    box = await page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert box is not None
    await page.mouse.click(box["x"] + box["width"] * share, box["y"] + box["height"] / 2, click_count=count, delay=20)
