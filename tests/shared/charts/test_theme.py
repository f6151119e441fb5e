"""How numbers and dates are written."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from herwa_shared.charts.formatting import format_percent, format_period, format_si
from herwa_shared.charts.theme import DARK, LIGHT, apply_alpha


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1k"),
        (1_240, "1.2k"),
        (12_500, "12.5k"),
        (250_000, "250k"),
        (999_960, "1M"),
        (3_500_000, "3.5M"),
        (2 * 10**15, "2,000T"),
    ],
)
def test_counts_on_axes_are_short(number, expected):
    assert format_si(number) == expected


@pytest.mark.parametrize(("change", "expected"), [(0.12, "12%"), (-0.5, "50%"), (0.004, "0.4%"), (11, "12\u00d7")])
def test_changes_are_written_without_false_precision(change, expected):
    assert format_percent(change) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (datetime(2021, 5, 3, tzinfo=UTC), datetime(2021, 5, 4, tzinfo=UTC), "May 3, 2021"),
        (datetime(2021, 5, 3, tzinfo=UTC), datetime(2021, 8, 1, tzinfo=UTC), "May 3 \u2013 Jul 31, 2021"),
        (datetime(2020, 12, 30, tzinfo=UTC), datetime(2021, 1, 3, tzinfo=UTC), "Dec 30, 2020 \u2013 Jan 2, 2021"),
        (
            datetime(2021, 5, 3, 14, tzinfo=UTC),
            datetime(2021, 5, 4, 14, tzinfo=UTC),
            "May 3 14:00 \u2013 May 4 14:00, 2021",
        ),
    ],
)
def test_a_period_is_written_from_its_first_day_to_its_last(start, end, expected):
    assert format_period(start, end, ZoneInfo("UTC")) == expected


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("role", ["text", "muted", "up", "down"])
def test_every_text_color_can_be_read_on_its_background(theme, role):
    lighter, darker = sorted(
        (_compute_luminance(getattr(theme, role)), _compute_luminance(theme.background)), reverse=True
    )

    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_a_tint_is_css():
    assert apply_alpha("#ff8000", 0.5) == "rgba(255,128,0,0.5)"


def _compute_luminance(color: str) -> float:
    parts = (int(color[index : index + 2], 16) / 255 for index in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
