"""Colors of the chart themes."""

import pytest

from herwa_shared.charts.theme import DARK, LIGHT, apply_alpha


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("role", ["text", "muted", "up", "down"])
def test_text_colors_have_sufficient_contrast(theme, role):
    lighter, darker = sorted(
        (_compute_luminance(getattr(theme, role)), _compute_luminance(theme.background)), reverse=True
    )

    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_color_with_alpha_is_valid_css():
    assert apply_alpha("#ff8000", 0.5) == "rgba(255,128,0,0.5)"


def _compute_luminance(color: str) -> float:
    parts = (int(color[index : index + 2], 16) / 255 for index in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
