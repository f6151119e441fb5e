"""Colors of pages and charts from the palette in `herwa_shared.charts.theme`.

The palette becomes CSS variables for the pages and Plotly templates for the charts.
"""

from typing import Any

import reflex as rx
from plotly.graph_objs.layout import Template

from herwa_shared.charts.theme import DARK, FONT_FAMILY, LIGHT, Theme, apply_alpha
from herwa_shared.charts.web_figure import Layer

STYLESHEETS = [
    f"/styles/{name}.css" for name in ("tokens", "controls", "shell", "panels", "pages", "settings", "widgets", "admin")
]
WEB_FONT = f"'Inter Variable', {FONT_FAMILY}"

TICK_FORMATS = [
    {"dtickrange": [None, 43_200_000], "value": "%H:%M\n%b %-d"},
    {"dtickrange": [43_200_000, 1_209_600_000], "value": "%b %-d\n%Y"},
    {"dtickrange": [1_209_600_000, "M6"], "value": "%b\n%Y"},
    {"dtickrange": ["M6", None], "value": "%Y"},
]
"""Tick formats of the time axis, from hours to years. Not in the template: Plotly ignores them there."""


def css_variables() -> rx.Component:
    """Render the palette as CSS variables; `light-dark()` selects by the page's color mode."""
    names = ("text", "muted", "accent", "comparison", "up", "down")
    lines = (f"--{name}: light-dark({getattr(LIGHT, name)}, {getattr(DARK, name)});" for name in names)
    return rx.el.style(f":root {{ {' '.join(lines)} }}")


def chart_template() -> rx.Var[Template]:
    """Return the Plotly template of the large chart for the page's color mode.

    It holds everything that is the same for every figure.
    """
    return rx.color_mode_cond(
        light=rx.Var.create(_build_template(LIGHT)), dark=rx.Var.create(_build_template(DARK))
    ).to(Template)


def _build_template(theme: Theme) -> dict[str, Any]:
    return {
        "data": {"scatter": [_build_traces(theme)[layer] for layer in Layer]},
        "layout": {
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": WEB_FONT, "size": 12, "color": theme.muted},
            "margin": {"l": 48, "r": 18, "t": 10, "b": 34, "pad": 4},
            "showlegend": False,
            "hovermode": "x unified",
            "dragmode": "zoom",
            "hoverlabel": {
                "bgcolor": "#08090b",
                "bordercolor": "rgba(255,255,255,0.14)",
                "font": {"family": WEB_FONT, "size": 13, "color": "#f4f5f7"},
                "align": "left",
            },
            "xaxis": _build_x_axis(theme),
            "yaxis": {
                "gridcolor": theme.grid,
                "zeroline": False,
                "fixedrange": True,
                "tickmode": "array",
                "automargin": True,
            },
            "shapedefaults": {"fillcolor": theme.gap, "line": {"width": 0}, "layer": "below"},
            "annotationdefaults": {"showarrow": False, "font": {"size": 12, "color": theme.muted}},
        },
    }


def _build_x_axis(theme: Theme) -> dict[str, Any]:
    return {
        "type": "date",
        "showgrid": False,
        "zeroline": False,
        "tickangle": 0,
        "showspikes": True,
        "spikemode": "across",
        "spikethickness": 1,
        "spikedash": "solid",
        "spikecolor": apply_alpha(theme.ink, 0.3),
    }


def _build_traces(theme: Theme) -> dict[Layer, dict[str, Any]]:
    fade = [[0, apply_alpha(theme.accent, 0.02)], [1, apply_alpha(theme.accent, 0.3)]]
    return {
        Layer.LINE: {
            "line": {"color": theme.accent},
            "fill": "tozeroy",
            "fillcolor": apply_alpha(theme.accent, 0.14),
            "fillgradient": {"type": "vertical", "colorscale": fade},
        },
        Layer.DOTTED: {
            "line": {"color": theme.accent, "dash": "dot", "width": 2},
            "marker": {"color": theme.accent},
            "cliponaxis": False,
        },
        Layer.FILLED_MARKERS: {"marker": {"color": theme.accent, "size": 7}, "cliponaxis": False},
        Layer.HOLLOW_MARKERS: {
            "cliponaxis": False,
            "marker": {"color": theme.background, "size": 7, "line": {"color": theme.accent, "width": 1.5}},
        },
        Layer.COMPARISON: {"line": {"color": theme.comparison}},
    }
