"""Fonts: every script is drawn or reported as missing, and long texts are truncated."""

import pytest
import skia

from herwa_shared.charts.render.fonts import SCRIPT_SAMPLES, get_font_registry, list_missing_scripts
from herwa_shared.charts.render.text import ELLIPSIS, Font, TextRenderer

FONT = Font(24, "#ffffff")
MISSING_GLYPH = "\U0010fffd"


def render_pixels(text: str, *, system_fonts: bool) -> bytes:
    """Render a text on a black background and return the pixels."""
    surface = skia.Surface(400, 60)
    TextRenderer(surface.getCanvas(), get_font_registry(system_fonts=system_fonts)).draw(text, FONT, 4, 4)
    return surface.makeImageSnapshot().tobytes()


@pytest.mark.parametrize("system_fonts", [True, False])
@pytest.mark.parametrize("script", SCRIPT_SAMPLES)
def test_script_is_drawn_or_reported_as_missing(script, system_fonts):
    sample = SCRIPT_SAMPLES[script]
    boxes = render_pixels(MISSING_GLYPH * len(sample), system_fonts=system_fonts)

    assert any(boxes)
    if script not in list_missing_scripts(system_fonts=system_fonts):
        assert render_pixels(sample, system_fonts=system_fonts) not in {
            boxes,
            render_pixels("", system_fonts=system_fonts),
        }


def test_bundled_fonts_cover_latin_cyrillic_and_greek():
    missing = list_missing_scripts(system_fonts=False)

    assert not {"Latin", "Cyrillic", "Greek"} & set(missing)
    assert {"Japanese", "Arabic", "emoji"} <= set(missing)


def test_samples_of_drawn_scripts_differ():
    drawable = set(SCRIPT_SAMPLES) - set(list_missing_scripts())
    samples = [SCRIPT_SAMPLES[script] for script in drawable]

    assert len({render_pixels(sample, system_fonts=True) for sample in samples}) == len(samples)


@pytest.mark.parametrize("text", ["Tavern " * 30, "日本語" * 40, "👩‍👩‍👧" * 40, "مجتمع " * 40])
def test_long_text_is_truncated_to_its_width(text):
    surface = skia.Surface(400, 60)
    text_renderer = TextRenderer(surface.getCanvas(), get_font_registry())
    text_renderer.draw(text, FONT, 0, 0, max_width=120)

    pixels = surface.makeImageSnapshot().toarray()
    assert pixels[:, 124:].max() == 0
    assert pixels[:, :120].max() > 0


def test_short_text_is_not_truncated():
    surface = skia.Surface(400, 60)
    text_renderer = TextRenderer(surface.getCanvas(), get_font_registry())

    assert text_renderer.measure_width("Tavern", FONT) < text_renderer.measure_width("Tavern" + ELLIPSIS, FONT)
