"""The large chart: Plotly's basic bundle, loaded only by pages that use it; a zoom event."""

import json
from typing import Any

import plotly.graph_objects as go
import reflex as rx
from reflex_components_plotly.plotly import PlotlyBasic

from herwa_web.theme import TICK_FORMATS, chart_template

PLOTLY_CONFIG = {
    "displayModeBar": False,
    "displaylogo": False,
    "doubleClick": "reset",
    "scrollZoom": False,
    "showTips": False,
    "responsive": True,
}
# On touch screens a drag scrolls the page; only a mouse drag zooms.
PLOTLY_LAYOUT = rx.Var(
    "({dragmode: typeof matchMedia !== 'undefined' && matchMedia('(pointer: coarse)').matches ? false : 'zoom', "
    f"xaxis: {{tickformatstops: {json.dumps(TICK_FORMATS)}}}}})"
).to(dict)


def _get_zoom_range(event: rx.Var[Any]) -> tuple[rx.Var[str], rx.Var[str]]:
    """Map Plotly's relayout event to start and end of the visible window; empty if not zoomed."""
    return (
        rx.Var(f"String({event!s}?.['xaxis.range[0]'] ?? '')").to(str),
        rx.Var(f"String({event!s}?.['xaxis.range[1]'] ?? '')").to(str),
    )


class Chart(PlotlyBasic):
    """Plotly chart with an event for zooming (`on_relayout`)."""

    on_relayout: rx.EventHandler[_get_zoom_range]


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


def chart(figure: rx.Var[dict[str, Any]], *, on_zoom: Any, alt: Any) -> rx.Component:
    """Render a Plotly figure in the page's colors. `alt` describes it for screen readers."""
    return rx.el.div(
        Chart.create(
            data=figure.to(go.Figure),
            layout=PLOTLY_LAYOUT,
            template=chart_template(),
            config=PLOTLY_CONFIG,
            use_resize_handler=False,  # `responsive` does it already; this would draw everything twice at first
            on_relayout=on_zoom,
            style={"width": "100%", "height": "100%"},
        ),
        role="img",
        aria_label=alt,
        class_name="chart",
    )
