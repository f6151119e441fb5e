"""The common layout of all figures, and escaping of their texts."""

from datetime import datetime
from html import escape
from typing import Any
from unicodedata import category

from herwa_shared.charts.theme import FONT_FAMILY, Theme

Figure = dict[str, Any]
"""A JSON-compatible Plotly figure: `data` and `layout`. Plotly renders its texts as markup: names must be escaped."""

MARGIN_PX = 24
HEADER_HEIGHT_PX = 92
LEGEND_HEIGHT_PX = 26
FOOTER_HEIGHT_PX = 44

_TITLE_POSITION = {"x": 0, "xref": "container", "xanchor": "left", "y": 1, "yref": "container", "yanchor": "top"}
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def escape_text(text: str) -> str:
    """Escape an untrusted text for a figure, so that it is drawn literally.

    Escapes markup and `$` (MathJax); removes line breaks, control characters and bidirectional overrides.
    """
    characters = (
        "" if character in _BIDI_CONTROLS else " " if category(character) in {"Cc", "Zl", "Zp"} else character
        for character in text
    )
    clean_text = " ".join("".join(characters).split())
    return escape(clean_text.encode("utf-8", "replace").decode(), quote=False).replace("$", "&#36;")


def build_layout(
    *, title: str, subtitle: str, theme: Theme, legend: bool = False, left: int = MARGIN_PX
) -> dict[str, Any]:
    """Build the layout without axes, shapes and annotations, which the caller adds."""
    return {
        "paper_bgcolor": theme.background,
        "plot_bgcolor": theme.background,
        "font": {"family": FONT_FAMILY, "size": 12, "color": theme.muted},
        "title": {
            **_TITLE_POSITION,
            "pad": {"l": MARGIN_PX, "t": 22},
            "text": escape_text(title),
            "font": {"size": 18, "color": theme.text, "weight": 600},
            "subtitle": {"text": escape_text(subtitle), "font": {"size": 13, "color": theme.muted}},
        },
        "margin": {
            "l": left,
            "r": MARGIN_PX,
            "t": HEADER_HEIGHT_PX + (LEGEND_HEIGHT_PX if legend else 0),
            "b": FOOTER_HEIGHT_PX,
            "pad": 0,
        },
        "showlegend": legend,
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        "hovermode": "x unified",
        "shapes": [],
        "annotations": [],
    }


def build_axis(
    positions: list[Any], labels: list[str], *, kind: str, axis_range: list[Any], grid_color: str | None = None
) -> Figure:
    """Build an axis of `kind` `date` or `linear` with ticks at exactly these positions."""
    return {
        "type": kind,
        "range": axis_range,
        "tickmode": "array",
        "tickvals": positions,
        "ticktext": [escape_text(label) for label in labels],
        "showgrid": grid_color is not None,
        "gridcolor": grid_color,
        "zeroline": False,
        "fixedrange": kind == "linear",
    }


def build_header_note(
    text: str, *, top_offset: int, top_margin: int, size: float, color: str, bold: bool = False
) -> Figure:
    """Build a text at the right of the header, `top_offset` pixels below the top edge."""
    font = {"size": size, "color": color, "weight": 600 if bold else 400}
    position = {"xref": "paper", "yref": "paper", "x": 1, "y": 1, "xanchor": "right", "yanchor": "top"}
    return {**position, "yshift": top_margin - top_offset, "text": escape_text(text), "font": font, "showarrow": False}


def build_band(start: datetime, end: datetime) -> Figure:
    """Build a band over the full height between two positions of the time axis."""
    edges = {"x0": start.isoformat(), "x1": end.isoformat(), "y0": 0, "y1": 1}
    return {"type": "rect", "xref": "x", "yref": "paper", **edges}


def place_band_label(start: datetime, end: datetime) -> Figure:
    """Return the position of the label of a band: in its middle, above the axis."""
    middle = (start + (end - start) / 2).isoformat()
    return {"xref": "x", "yref": "paper", "x": middle, "y": 0, "yshift": 14}


def build_center_note(text: str, theme: Theme) -> Figure:
    """Build a sentence in the middle of a figure without data."""
    position = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "xanchor": "center", "yanchor": "middle"}
    return {**position, "text": escape_text(text), "font": {"size": 15, "color": theme.muted}, "showarrow": False}
