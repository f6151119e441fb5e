"""The large chart: Plotly's smallest part, loaded by pages that draw it, telling when somebody has zoomed."""

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
# A finger scrolls the page; only a mouse zooms by dragging.
PLOTLY_LAYOUT = rx.Var(
    "({dragmode: typeof matchMedia !== 'undefined' && matchMedia('(pointer: coarse)').matches ? false : 'zoom', "
    f"xaxis: {{tickformatstops: {json.dumps(TICK_FORMATS)}}}}})"
).to(dict)


def _get_zoom_range(event: rx.Var[Any]) -> tuple[rx.Var[str], rx.Var[str]]:
    """The ends of the window that is seen now; empty when all of it is."""
    return (
        rx.Var(f"String({event!s}?.['xaxis.range[0]'] ?? '')").to(str),
        rx.Var(f"String({event!s}?.['xaxis.range[1]'] ?? '')").to(str),
    )


class Chart(PlotlyBasic):
    """A chart that says to which window it was zoomed."""

    on_relayout: rx.EventHandler[_get_zoom_range]


class PlotlyPreload(Chart):
    """Plotly fetched and read in; nothing is drawn, which would keep the page from hearing its numbers."""

    tag: str = "PlotlyFetched"

    def _get_dynamic_imports(self) -> str:
        return f"const {self.tag} = ClientSide(() => import('plotly.js-basic-dist-min').then(() => () => null))"


def plotly_preload() -> rx.Component:
    """Nothing to see: Plotly is on its way while the page still waits for its numbers."""
    return PlotlyPreload.create(data=rx.Var.create({}).to(go.Figure), template=None)


def chart(figure: rx.Var[dict[str, Any]], *, on_zoom: Any, alt: Any) -> rx.Component:
    """The figure in the colours of the page; `alt` says it in words."""
    return rx.el.div(
        Chart.create(
            data=figure.to(go.Figure),
            layout=PLOTLY_LAYOUT,
            template=chart_template(),
            config=PLOTLY_CONFIG,
            use_resize_handler=False,  # Plotly is `responsive` by itself; this one would draw everything twice at first
            on_relayout=on_zoom,
            style={"width": "100%", "height": "100%"},
        ),
        role="img",
        aria_label=alt,
        class_name="chart",
    )
