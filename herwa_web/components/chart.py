"""The large chart: Plotly's basic bundle, loaded only by pages that use it; events for zooming."""

import json
from typing import Any

import plotly.graph_objects as go
import reflex as rx
from reflex_components_plotly.plotly import PlotlyBasic

from herwa_web.theme import TICK_FORMATS, chart_template

PLOTLY_CONFIG = {
    "displayModeBar": False,
    "displaylogo": False,
    "doubleClick": False,  # the page handles it
    "scrollZoom": False,
    "showTips": False,
    "responsive": True,
}
IS_TOUCH = "(typeof matchMedia !== 'undefined' && matchMedia('(pointer: coarse)').matches)"
"""On touch screens a drag scrolls the page and a tap shows values; only a mouse zooms."""
PLOTLY_LAYOUT = rx.Var(
    f"({{dragmode: {IS_TOUCH} ? false : 'zoom', xaxis: {{tickformatstops: {json.dumps(TICK_FORMATS)}}}}})"
).to(dict)


def _get_zoom_range(event: rx.Var[Any]) -> tuple[rx.Var[str], rx.Var[str]]:
    """Map Plotly's relayout event to start and end of the visible window; empty if not zoomed."""
    return (
        rx.Var(f"String({event!s}?.['xaxis.range[0]'] ?? '')").to(str),
        rx.Var(f"String({event!s}?.['xaxis.range[1]'] ?? '')").to(str),
    )


def _get_clicked_point(event: rx.Var[Any]) -> tuple[rx.Var[str], rx.Var[int]]:
    """Map Plotly's click event to the position of the point on the time axis, and how many clicks it was."""
    return (
        rx.Var(f"({IS_TOUCH} ? '' : String({event!s}?.points?.[0]?.x ?? ''))").to(str),
        rx.Var(f"({event!s}?.event?.detail ?? 1)").to(int),
    )


class Chart(PlotlyBasic):
    """Plotly chart with events for zooming and panning (`on_relayout`) and for clicks on points."""

    on_relayout: rx.EventHandler[_get_zoom_range]
    on_click: rx.EventHandler[_get_clicked_point]


class PlotlyPreload(Chart):
    """Load and parse Plotly without drawing.

    Drawing would block the browser's main thread, and the page would process its data later.
    """

    tag: str = "PlotlyFetched"

    def _get_dynamic_imports(self) -> str:
        return f"const {self.tag} = ClientSide(() => import('plotly.js-basic-dist-min').then(() => () => null))"


def plotly_preload() -> rx.Component:
    """Render nothing, but load Plotly while the page still waits for its data."""
    return PlotlyPreload.create(data=rx.Var.create({}).to(go.Figure), template=None)


def chart(
    figure: rx.Var[dict[str, Any]], *, on_zoom: Any, on_point: Any, on_double_click: Any, alt: Any
) -> rx.Component:
    """Render a Plotly figure in the page's colors. `alt` describes it for screen readers."""
    return rx.el.div(
        Chart.create(
            data=figure.to(go.Figure),
            layout=PLOTLY_LAYOUT,
            template=chart_template(),
            config=PLOTLY_CONFIG,
            use_resize_handler=False,  # `responsive` does it already; this would draw everything twice at first
            on_relayout=on_zoom,
            on_click=on_point,
            on_double_click=on_double_click,
            style={"width": "100%", "height": "100%"},
        ),
        role="img",
        aria_label=alt,
        class_name="chart",
    )
