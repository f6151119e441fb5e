"""Every template in every image form, light and dark, with names in many scripts: nothing overlaps or leaves the card."""

import base64
import os
from html import escape
from pathlib import Path

import pytest
from playwright.async_api import Browser

from herwa_shared.services.widget_settings import ColorScheme, WidgetMetric, WidgetSize, WidgetTemplate
from herwa_shared.widgets.colors import build_colors
from herwa_shared.widgets.content import WidgetContent
from herwa_shared.widgets.documents import build_card_svg
from herwa_shared.widgets.layout import build_drawing
from herwa_shared.widgets.png import build_png
from tests.browser.conftest import open_page
from tests.shared.widgets.widget_factories import build_widget_content

NAMES = (
    "Tea House",
    "بيت الشاي والأصدقاء",
    "お茶の家コミュニティ",
    "Tea 🎉 House 👋🏽",
    "A very long name of a server that never ends",
)
METRICS = (WidgetMetric.ACTIVE_MEMBERS, WidgetMetric.MESSAGES, WidgetMetric.VOICE_MINUTES, WidgetMetric.VOICE_MEMBERS)
PICTURES = os.environ.get("HERWA_PICTURES")
FIND_COLLISIONS = """
() => [...document.querySelectorAll("svg")].flatMap((svg) => {
  const card = svg.getBoundingClientRect();
  const boxes = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
  const outside = boxes.filter(([, box]) => box.left < card.left || box.right > card.right || box.bottom > card.bottom);
  const touching = boxes.flatMap(([text, box], index) =>
    boxes.slice(index + 1).filter(([, other]) =>
      box.left < other.right - 1 && other.left < box.right - 1 && box.top < other.bottom - 5 && other.top < box.bottom - 5)
      .map(([other]) => `${text} / ${other}`));
  return [...outside.map(([text]) => `outside: ${text}`), ...touching];
})
"""


def list_contents() -> list[WidgetContent]:
    return [
        build_widget_content(name, template=template, metrics=METRICS, size=size)
        for template in WidgetTemplate
        for name in NAMES
        for size in (WidgetSize.MEDIUM, WidgetSize.LARGE)
    ]


def build_image(content: WidgetContent, scheme: ColorScheme) -> str:
    png = build_png(build_drawing(content), build_colors(content.settings, scheme))
    width = round(build_drawing(content).width * build_drawing(content).scale)
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return f'<img width="{width}" src="{source}" alt="{escape(content.title)}">'


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [ColorScheme.LIGHT, ColorScheme.DARK])
async def test_no_text_of_any_template_overlaps_or_leaves_the_card(browser: Browser, scheme: ColorScheme):
    color = "#ffffff" if scheme is ColorScheme.LIGHT else "#121316"
    rows = [
        f"<div>{build_card_svg(content)}{build_image(content, scheme)}</div>"
        for content in list_contents()
        if content.settings.size is WidgetSize.MEDIUM
    ]
    style = f"body{{background:{color}}}div{{display:inline-flex;gap:8px;margin:6px;vertical-align:top}}"
    async with open_page(browser, color_scheme=str(scheme), viewport={"width": 2000, "height": 900}) as page:
        await page.set_content(f"<!doctype html><style>{style}</style>{''.join(rows)}")
        if PICTURES:
            await page.screenshot(path=str(Path(PICTURES, f"templates-{scheme}.png")), full_page=True)
        assert await page.evaluate(FIND_COLLISIONS) == []
