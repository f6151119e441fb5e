"""Colors of the chart themes, and their contrast (WCAG 1.4.3 and 1.4.11)."""

import pytest

from herwa_shared.charts.theme import DARK, LIGHT, Theme, apply_alpha

WEB_PANELS = {LIGHT.name: "#ffffff", DARK.name: "#18191d"}
DENSEST_AREA_SHARE = 0.3
"""The opacity of the area at the main line (herwa_web/theme.py)."""


def parse_color(color: str) -> list[float]:
    return [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]


def get_luminance(rgb: list[float]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def get_contrast(first: list[float], second: list[float]) -> float:
    darker, lighter = sorted((get_luminance(first), get_luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def mix_colors(front: str, back: str, share: float) -> list[float]:
    pairs = zip(parse_color(front), parse_color(back), strict=True)
    return [share * front_part + (1 - share) * back_part for front_part, back_part in pairs]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_lines_can_be_seen_on_the_background_and_on_the_area(theme: Theme):
    for background in (theme.background, WEB_PANELS[theme.name]):
        area = mix_colors(theme.accent, background, DENSEST_AREA_SHARE)
        for surface in (parse_color(background), area):
            assert get_contrast(parse_color(theme.comparison), surface) >= 3
        assert get_contrast(parse_color(theme.accent), parse_color(background)) >= 3


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_texts_can_be_read_on_the_background(theme: Theme):
    for color in (theme.text, theme.muted, theme.up, theme.down):
        for background in (theme.background, WEB_PANELS[theme.name]):
            assert get_contrast(parse_color(color), parse_color(background)) >= 4.5


def test_color_with_alpha_is_valid_css():
    assert apply_alpha("#ff8000", 0.5) == "rgba(255,128,0,0.5)"
