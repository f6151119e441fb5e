"""The figure of a ranked list: one horizontal bar for each entry, with its name and value."""

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

from herwa_shared.analytics.metric_definitions import Metric
from herwa_shared.charts.layout import HEADER_HEIGHT_PX, MARGIN_PX, Figure, build_axis, build_layout, escape_text
from herwa_shared.charts.text.metric_phrases import format_amount, format_value_short
from herwa_shared.charts.theme import DARK, Theme

ROW_HEIGHT_PX = 34
_BAR_WIDTH = 0.56
"""As a share of the row."""
_NAME_FONT_SIZE = 14
_NARROW_PX, _WIDE_PX = 9.2, 17.5
"""Widths of a Latin letter and of a CJK character or an emoji in the font of names; a little too large."""
_MIN_NAMES_WIDTH_PX, _MAX_NAMES_WIDTH_PX = 90, 250
_GAP_PX = 12


@dataclass(frozen=True, slots=True)
class RankingBar:
    """One entry: an untrusted name and a value."""

    name: str
    value: int


def build_ranking_figure(
    bars: Sequence[RankingBar], metric: Metric, *, title: str, subtitle: str, theme: Theme = DARK
) -> Figure:
    """Build the figure of at least one bar. Long names are truncated; draw it `compute_ranking_height` high."""
    names_width = min(max(_MIN_NAMES_WIDTH_PX, *(_estimate_width(bar.name) for bar in bars)), _MAX_NAMES_WIDTH_PX)
    values = [format_value_short(bar.value, metric) for bar in bars]
    layout = build_layout(title=title, subtitle=subtitle, theme=theme, left=MARGIN_PX + names_width + _GAP_PX)
    layout["margin"] |= {
        "r": MARGIN_PX + _GAP_PX + round(max(map(_estimate_width, values))),
        "t": HEADER_HEIGHT_PX - _GAP_PX,
        "b": MARGIN_PX - _GAP_PX,
    }
    layout["xaxis"] = build_axis([], [], kind="linear", axis_range=[0, max(bar.value for bar in bars)])
    layout["yaxis"] = build_axis([], [], kind="linear", axis_range=[len(bars) - 0.5, -0.5])
    for row, (bar, value) in enumerate(zip(bars, values, strict=True)):
        name_font = {"size": _NAME_FONT_SIZE, "color": theme.text}
        position = {"yref": "y", "y": row, "xanchor": "left", "yanchor": "middle", "showarrow": False}
        layout["annotations"] += [
            {
                **position,
                "xref": "paper",
                "x": 0,
                "xshift": -(names_width + _GAP_PX),
                "width": names_width,
                "text": escape_text(bar.name),
                "font": name_font,
            },
            {
                **position,
                "xref": "x",
                "x": bar.value,
                "xshift": _GAP_PX - 4,
                "text": escape_text(value),
                "font": {**name_font, "weight": 600},
            },
        ]
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [bar.value for bar in bars],
        "y": list(range(len(bars))),
        "width": _BAR_WIDTH,
        "marker": {"color": theme.accent},
        "hoverinfo": "skip",
    }
    return {"data": [trace], "layout": layout}


def compute_ranking_height(count: int) -> int:
    """Return the height in pixels at which the figure of `count` bars is drawn."""
    return HEADER_HEIGHT_PX + MARGIN_PX - 2 * _GAP_PX + ROW_HEIGHT_PX * count


def build_ranking_alt_text(bars: Sequence[RankingBar], metric: Metric, *, subtitle: str) -> str:
    """Build the alt text: the subtitle and every entry in order."""
    entries = "; ".join(
        f"{number}. {bar.name}, {format_amount(bar.value, metric)}" for number, bar in enumerate(bars, 1)
    )
    return f"Bar chart: {subtitle}. {entries}."


def _estimate_width(text: str) -> int:
    return round(sum(_WIDE_PX if east_asian_width(character) in "WF" else _NARROW_PX for character in text))
