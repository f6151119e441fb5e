"""The table of dashboard rights."""

import reflex as rx

from herwa_web.components.controls import icon
from herwa_web.components.status_views import empty_state
from herwa_web.pages.rules import texts
from herwa_web.pages.rules.page_rights import RightsCell, RightsColumn, RightsRow
from herwa_web.pages.rules.state import RulesState


def rights_table() -> rx.Component:
    """Render which roles may open which pages."""
    return rx.cond(
        RulesState.rights_columns.length() > 0,
        rx.el.section(
            rx.el.p(texts.RIGHTS_CAPTION, class_name="about", style={"padding": "14px 18px 10px"}),
            rx.el.div(
                rx.el.table(
                    rx.el.thead(
                        rx.el.tr(
                            rx.el.th(texts.PAGE, scope="col"),
                            rx.foreach(RulesState.rights_columns, _column),
                        )
                    ),
                    rx.el.tbody(rx.foreach(RulesState.rights, _row)),
                ),
                class_name="matrix plain",
                tab_index=0,
                role="region",
                aria_label=texts.TABS["rights"],
            ),
            class_name="panel",
        ),
        empty_state("shield-check", texts.NO_RIGHTS, texts.NO_RIGHTS_HINT),
    )


def _column(column: rx.Var[RightsColumn]) -> rx.Component:
    return rx.el.th(
        rx.el.bdi(column.label),
        rx.cond(column.is_administrator, rx.el.span(texts.ADMINISTRATOR, class_name="badge")),
        scope="col",
    )


def _row(row: rx.Var[RightsRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(row.page_name, rx.cond(row.feature != "", rx.el.span(row.feature, class_name="badge")), scope="row"),
        rx.foreach(row.cells, _cell),
    )


def _cell(cell: rx.Var[RightsCell]) -> rx.Component:
    return rx.el.td(
        rx.el.span(
            rx.cond(cell.allowed, icon("check", 16), icon("x", 16)),
            rx.el.span(cell.text, class_name="unseen"),
            class_name=rx.cond(cell.allowed, "cell allowed", "cell blocked"),
        )
    )
