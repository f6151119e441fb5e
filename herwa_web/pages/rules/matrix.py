"""The matrix of commands and roles."""

from typing import Any

import reflex as rx

from herwa_web.components.controls import icon
from herwa_web.pages.rules import texts
from herwa_web.pages.rules.state import RulesState
from herwa_web.pages.rules.view_models import MatrixCell, MatrixRow

STATE: Any = RulesState


def rule_matrix() -> rx.Component:
    """Render the matrix."""
    return rx.el.section(
        rx.el.p(texts.MATRIX_CAPTION, class_name="about", style={"padding": "14px 18px 10px"}),
        rx.el.div(
            rx.el.table(
                rx.el.thead(
                    rx.el.tr(
                        rx.el.th(texts.COMMAND, scope="col"),
                        rx.foreach(RulesState.columns, lambda label: rx.el.th(rx.el.bdi(label), scope="col")),
                    )
                ),
                rx.el.tbody(rx.foreach(RulesState.matrix, _row)),
            ),
            class_name="matrix",
            tab_index=0,
            role="region",
            aria_label=texts.TABS["matrix"],
        ),
        class_name="panel",
    )


def _row(row: rx.Var[MatrixRow]) -> rx.Component:
    return rx.fragment(
        rx.cond(
            row.module != "",
            rx.el.tr(
                rx.el.th(row.module, scope="rowgroup", col_span=RulesState.columns.length() + 1),
                class_name="matrix-module",
            ),
        ),
        rx.el.tr(rx.el.th(row.command, scope="row"), rx.foreach(row.cells, _cell)),
    )


def _cell(cell: rx.Var[MatrixCell]) -> rx.Component:
    return rx.el.td(
        rx.el.button(
            rx.cond(cell.allowed, icon("check", 16), icon("x", 16)),
            type="button",
            aria_label=cell.text,
            on_click=STATE.toggle_cell(cell.key),
            class_name="cell "
            + rx.cond(cell.allowed, "allowed ", "blocked ")
            + rx.cond(cell.has_own_rule, "", "inherited ")
            + rx.cond(cell.is_changed, "changed", ""),
        )
    )
