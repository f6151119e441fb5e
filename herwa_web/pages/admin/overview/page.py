"""The overview of the operator's panel: numbers with their course, tiers, growth, what changed in 24 hours."""

from typing import Any

import reflex as rx

from herwa_web.components.controls import sparkline
from herwa_web.components.status_views import empty_state
from herwa_web.pages.admin.components import panel, rows_or, share_bar, text_row
from herwa_web.pages.admin.frame import OVERVIEW_ITEM, panel_page
from herwa_web.pages.admin.overview import texts
from herwa_web.pages.admin.overview.state import TILE_HEIGHT, AdminOverviewState, GrowthView, PanelTile

VIEW: Any = AdminOverviewState.view


def operator_overview_page() -> rx.Component:
    """Render the page."""
    return panel_page(
        AdminOverviewState,
        OVERVIEW_ITEM,
        rx.cond(
            VIEW.tiles.length() > 0,
            rx.fragment(
                rx.el.section(
                    rx.el.ul(rx.foreach(VIEW.tiles, _tile), class_name="tiles"),
                    rx.el.p(VIEW.counted, class_name="footnote"),
                    class_name="panel",
                    aria_label=texts.NUMBERS,
                ),
                rx.el.div(
                    panel(
                        texts.TIERS,
                        rx.el.ul(rx.foreach(VIEW.tiers, share_bar), class_name="usage-bars"),
                        about=texts.TIERS_HINT,
                    ),
                    panel(
                        texts.GROWTH,
                        rx.cond(
                            VIEW.growth.length() > 0,
                            rx.foreach(VIEW.growth, _growth),
                            rx.el.p(texts.NO_GROWTH, class_name="about padded"),
                        ),
                        about=texts.GROWTH_HINT,
                    ),
                    class_name="panels two",
                ),
            ),
            empty_state("chart-line", texts.NO_NUMBERS, texts.NO_NUMBERS_HINT),
        ),
        panel(texts.ACTS, rows_or(VIEW.acts, text_row, texts.NO_ACTS), about=texts.ACTS_HINT),
    )


def _tile(tile: rx.Var[PanelTile]) -> rx.Component:
    return rx.el.li(
        rx.el.span(tile.label, class_name="label"),
        rx.el.span(tile.value, class_name="value numbers"),
        rx.el.span(tile.note, class_name="about numbers"),
        sparkline(tile.line, tile.area, height=TILE_HEIGHT),
    )


def _growth(growth: rx.Var[GrowthView]) -> rx.Component:
    return rx.fragment(
        rx.el.h3(growth.label, class_name="padded"),
        rx.el.ul(rx.foreach(growth.steps, share_bar), class_name="usage-bars"),
    )
