"""Drawings as SVG, PNG, HTML and JSON: hostile names are text, both schemes, words for screen readers, true numbers."""

import re
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from herwa_shared.charts.formatting import format_si
from herwa_shared.services.widget_settings import (
    TRANSPARENT,
    ColorScheme,
    NumberFormat,
    WidgetMetric,
    WidgetSettings,
    WidgetSize,
    WidgetTemplate,
)
from herwa_shared.widgets import texts
from herwa_shared.widgets.colors import (
    MIN_TEXT_CONTRAST,
    build_colors,
    compute_contrast,
    list_contrast_problems,
)
from herwa_shared.widgets.content import build_content
from herwa_shared.widgets.documents import (
    build_card_svg,
    build_frame_document,
    build_json,
    build_page_document,
)
from herwa_shared.widgets.layout import CARD_WIDTH, PADDING, build_drawing
from herwa_shared.widgets.png import build_png
from herwa_shared.widgets.snippets import build_snippets
from herwa_shared.widgets.svg import build_style_digest
from herwa_shared.widgets.text_width import ELLIPSIS, clean_text, estimate_width, fit_text
from tests.shared.widgets.widget_factories import NOW, build_numbers, build_widget_content

SVG = "{http://www.w3.org/2000/svg}"
NAMES = (
    "Tea House",
    "شاي ومرح",
    "お茶の家",
    "Tea 🎉👋🏽",
    "<script>alert(1)</script>",
    "\"&'<b>",
    "\u202eevil\u0000",
    "]]>",
)
BOTH_METRICS = (WidgetMetric.ACTIVE_MEMBERS, WidgetMetric.MESSAGES, WidgetMetric.MEMBERS, WidgetMetric.JOINS)


def list_texts(svg: str) -> list[str]:
    root = ET.fromstring(svg)
    return [element.text or "" for element in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("template", WidgetTemplate)
def test_svg_shows_any_name_as_text(name, template):
    svg = build_card_svg(build_widget_content(name, template=template, metrics=BOTH_METRICS))
    root = ET.fromstring(svg)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "path", "text"}
    assert (root.find(f"{SVG}title")).text == texts.format_title(clean_text(name))
    assert any(text and clean_text(name).startswith(text.rstrip(ELLIPSIS)) for text in list_texts(svg))
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on") or name == "style"]


@given(name=st.text(max_size=100))
def test_svg_of_any_name_is_well_formed(name):
    ET.fromstring(build_card_svg(build_widget_content(name, template=WidgetTemplate.CARD)))


def test_svg_has_role_title_and_description_in_words():
    svg = ET.fromstring(build_card_svg(build_widget_content(metrics=(WidgetMetric.MESSAGES,))))
    ids = svg.attrib["aria-labelledby"].split()
    named = {element.attrib["id"]: element.text for element in svg if "id" in element.attrib}
    assert svg.attrib["role"] == "img"
    assert [named[id_] for id_ in ids] == [
        "Tea House on Discord",
        "Last 30 days: 48,201 messages, up 12% on the previous 30 days.",
    ]


@pytest.mark.parametrize(
    ("scheme", "has_query", "first"),
    [
        (ColorScheme.AUTO, True, ColorScheme.LIGHT),
        (ColorScheme.LIGHT, False, ColorScheme.LIGHT),
        (ColorScheme.DARK, False, ColorScheme.DARK),
    ],
)
def test_svg_follows_the_scheme_by_itself(scheme, has_query, first):
    content = build_widget_content(color_scheme=scheme)
    style = ET.fromstring(build_card_svg(content)).find(f"{SVG}style").text
    assert ("prefers-color-scheme:dark" in style) == has_query
    assert f".f-text{{fill:{build_colors(content.settings, first).text}}}" in style
    assert "animation" not in style


@pytest.mark.parametrize(
    ("number_format", "text"),
    [
        (NumberFormat.COMMA, "48,201"),
        (NumberFormat.DOT, "48.201"),
        (NumberFormat.SPACE, "48\u202f201"),
        (NumberFormat.SHORT, "48.2k"),
    ],
)
def test_numbers_have_the_chosen_format(number_format, text):
    content = build_widget_content(metrics=(WidgetMetric.MESSAGES,), number_format=number_format)
    assert text in list_texts(build_card_svg(content))


def test_old_numbers_carry_their_time():
    fresh, old = (build_widget_content(age=timedelta(minutes=minutes)) for minutes in (1, 4))
    assert (fresh.as_of, old.as_of) == ("", "as of Mar 10, 14:02 (UTC)")
    assert old.as_of in list_texts(build_card_svg(old))
    assert old.as_of in old.description


def test_widget_without_numbers_says_so():
    settings = build_widget_content().settings
    content = build_content("Tea House", settings, None, now=NOW)
    assert texts.NO_NUMBERS in list_texts(build_card_svg(content))
    assert build_json(content, public_id="x", link="", now=NOW)["metrics"] == []


@pytest.mark.parametrize("template", WidgetTemplate)
@pytest.mark.parametrize("size", WidgetSize)
def test_png_has_the_size_of_the_drawing_and_transparent_corners(template, size):
    content = build_widget_content("お茶 🎉 شاي", template=template, size=size, metrics=BOTH_METRICS)
    drawing = build_drawing(content)
    image = Image.open(BytesIO(build_png(drawing, build_colors(content.settings, ColorScheme.LIGHT))))
    assert image.mode == "RGBA"
    assert image.size == tuple(round(2 * drawing.scale * length) for length in (drawing.width, drawing.height))
    assert image.getpixel((0, 0))[3] == 0
    assert image.getpixel((image.width // 2, 4))[3] == 255


def test_transparent_background_is_transparent_in_both_images():
    content = build_widget_content(background=TRANSPARENT, template=WidgetTemplate.CARD)
    image = Image.open(BytesIO(build_png(build_drawing(content), build_colors(content.settings, ColorScheme.DARK))))
    assert image.getpixel((image.width - 20, image.height // 2))[3] == 0
    assert ".f-background{fill:none}" in build_card_svg(content)


@given(background=st.from_regex(r"#[0-9a-f]{6}", fullmatch=True), scheme=st.sampled_from(list(ColorScheme)[1:]))
def test_texts_can_be_read_on_any_background(background, scheme):
    colors = build_colors(build_widget_content(background=background).settings, scheme)
    for color in (colors.text, colors.muted, colors.up, colors.down):
        assert compute_contrast(color, colors.background) >= MIN_TEXT_CONTRAST
    assert compute_contrast(colors.on_accent, colors.accent) >= MIN_TEXT_CONTRAST


def test_accent_that_is_hard_to_see_is_found_in_its_scheme():
    assert compute_contrast("#000000", "#ffffff") == pytest.approx(21)
    problems = list_contrast_problems(build_widget_content(accent="#ffff00").settings)
    assert [(problem.scheme, problem.contrast < 3) for problem in problems] == [(ColorScheme.LIGHT, True)]
    assert list_contrast_problems(build_widget_content().settings) == ()


def test_document_names_the_digests_of_all_its_styles_and_has_no_script():
    for build in (build_frame_document, build_page_document):
        document = build(build_widget_content("<script>alert(1)</script>", invite="abc"), link="/w/x/go")
        styles = re.findall(r"<style>(.*?)</style>", document.html)
        assert {build_style_digest(style) for style in styles} == set(document.style_sources)
        assert "<script" not in document.html
        assert 'href="/w/x/go"' in document.html


def test_json_has_exact_numbers_and_the_texts_of_the_card():
    content = build_widget_content(metrics=(WidgetMetric.MESSAGES,), invite="abc")
    body = build_json(content, public_id="x", link="/w/x/go", now=NOW)
    [metric] = body["metrics"]
    assert (metric["value"], metric["text"], metric["change"]) == (
        48_201,
        "48,201",
        {"value": 48_201, "base": 43_000, "text": "▲ 12%"},
    )
    assert (body["name"], body["link"], body["is_stale"], body["to"]) == (
        "Tea House",
        "/w/x/go",
        False,
        "2026-03-11T00:00:00+00:00",
    )


def test_long_names_are_cut_off_within_the_width():
    for text in ("W" * 100, "茶" * 100, "🎉" * 100):
        assert estimate_width(fit_text(text, 15, 200), 15) <= 200


@pytest.mark.parametrize("number_format", NumberFormat)
@pytest.mark.parametrize("template", [WidgetTemplate.CARD, WidgetTemplate.SPARKLINE, WidgetTemplate.CHART])
@pytest.mark.parametrize("amount", [999_999, 1_234_567, 98_765_432, 1_234_567_890])
def test_no_number_is_cut_off(template: WidgetTemplate, number_format: NumberFormat, amount: int):
    metrics = (WidgetMetric.VOICE_MINUTES, WidgetMetric.VOICE_MEMBERS, WidgetMetric.MEMBERS, WidgetMetric.MESSAGES)
    settings = WidgetSettings(name="Big", template=template, metrics=metrics, number_format=number_format)
    numbers = build_numbers(*metrics)
    numbers = replace(numbers, numbers=tuple(replace(number, value=amount) for number in numbers.numbers))
    content = build_content("Big server", settings, numbers, now=NOW)
    shown = " ".join(list_texts(build_card_svg(content)))
    assert ELLIPSIS not in shown
    assert (content.items[0].value in shown) or (format_si(amount) in shown)


@pytest.mark.parametrize(
    ("template", "wide_value"), [(WidgetTemplate.CARD, 999_999), (WidgetTemplate.SPARKLINE, 12_345_678)]
)
def test_either_all_numbers_of_a_card_have_their_change_beside_them_or_all_below(
    template: WidgetTemplate, wide_value: int
):
    def list_changes(value: int, number_format: NumberFormat) -> list[tuple[float, str]]:
        numbers = build_numbers(*BOTH_METRICS)
        numbers = replace(numbers, numbers=(replace(numbers.numbers[0], value=value), *numbers.numbers[1:]))
        settings = WidgetSettings("Blog", template=template, metrics=BOTH_METRICS, number_format=number_format)
        root = ET.fromstring(build_card_svg(build_content("Tea House", settings, numbers, now=NOW)))
        changes = [item.change for item in build_content("Tea House", settings, numbers, now=NOW).items]
        return [(float(text.get("x", 0)), text.text) for text in root.iter(f"{SVG}text") if text.text in changes]

    beside = list_changes(1_204, NumberFormat.SHORT)
    below = list_changes(wide_value, NumberFormat.COMMA)
    assert [text for _, text in beside] == [text for _, text in below]
    assert len(below) == len(BOTH_METRICS)
    starts = {x for x, _ in below}
    assert starts <= {PADDING, PADDING + (CARD_WIDTH - 2 * PADDING) / 2}
    assert starts.isdisjoint(x for x, _ in beside)


def test_snippets_cover_every_form_and_escape_the_name():
    content = build_widget_content('"><script>', invite="abc")
    snippets = build_snippets(content.settings, build_drawing(content), origin="https://h.example", public_id="ID")
    assert [snippet.kind for snippet in snippets] == ["script", "iframe", "svg", "png", "json"]
    assert not [snippet for snippet in snippets if '"><script>' in snippet.code]
