"""What every figure has around its data: background, margins, header, axes; and how a name becomes safe text."""

from html import escape
from typing import Any
from unicodedata import category

from herwa_shared.charts.theme import FONT_FAMILY, Theme

Figure = dict[str, Any]
"""A Plotly figure: `data` and `layout` of plain values, ready for JSON. Its texts are rich text: names are escaped."""

EDGE = 24
HEADER = 92
LEGEND = 26
FOOTER = 44

_TITLE = {"x": 0, "xref": "container", "xanchor": "left", "y": 1, "yref": "container", "yanchor": "top"}
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def literal(text: str) -> str:
    """Text from outside, so that it is drawn as it is: no markup, no line break, no turned direction."""
    kept = ("" if mark in _BIDI_CONTROLS else " " if category(mark) in {"Cc", "Zl", "Zp"} else mark for mark in text)
    clean = " ".join("".join(kept).split())
    return escape(clean.encode("utf-8", "replace").decode(), quote=False).replace("$", "&#36;")


def layout(*, title: str, subtitle: str, theme: Theme, legend: bool = False, left: int = EDGE) -> dict[str, Any]:
    """The common layout. The caller adds axes, shapes and annotations."""
    return {
        "paper_bgcolor": theme.background,
        "plot_bgcolor": theme.background,
        "font": {"family": FONT_FAMILY, "size": 12, "color": theme.muted},
        "title": {
            **_TITLE,
            "pad": {"l": EDGE, "t": 22},
            "text": literal(title),
            "font": {"size": 18, "color": theme.text, "weight": 600},
            "subtitle": {"text": literal(subtitle), "font": {"size": 13, "color": theme.muted}},
        },
        "margin": {"l": left, "r": EDGE, "t": HEADER + (LEGEND if legend else 0), "b": FOOTER, "pad": 0},
        "showlegend": legend,
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        "hovermode": "x unified",
        "shapes": [],
        "annotations": [],
    }


def axis(positions: list[Any], labels: list[str], *, kind: str, span: list[Any], grid: str | None = None) -> Figure:
    """An axis of `kind` `date` or `linear` that names just these positions."""
    return {
        "type": kind,
        "range": span,
        "tickmode": "array",
        "tickvals": positions,
        "ticktext": [literal(label) for label in labels],
        "showgrid": grid is not None,
        "gridcolor": grid,
        "zeroline": False,
        "fixedrange": kind == "linear",
    }


def header_note(text: str, *, below_top: int, top: int, size: float, colour: str, bold: bool = False) -> Figure:
    """A text at the right of the header, `below_top` pixels under the picture's top edge."""
    font = {"size": size, "color": colour, "weight": 600 if bold else 400}
    place = {"xref": "paper", "yref": "paper", "x": 1, "y": 1, "xanchor": "right", "yanchor": "top"}
    return {**place, "yshift": top - below_top, "text": literal(text), "font": font, "showarrow": False}


def middle_note(text: str, theme: Theme) -> Figure:
    """A sentence in the middle of a figure that has nothing to show."""
    place = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "xanchor": "center", "yanchor": "middle"}
    return {**place, "text": literal(text), "font": {"size": 15, "color": theme.muted}, "showarrow": False}
