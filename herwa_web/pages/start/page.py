"""The page with the first steps of a new server."""

import reflex as rx

from herwa_web.components.controls import icon, link
from herwa_web.components.guild_frame import guild_page
from herwa_web.navigation import START_ITEM
from herwa_web.pages.start import texts
from herwa_web.pages.start.state import StartState
from herwa_web.pages.start.view_models import StepView


def start_page() -> rx.Component:
    """Render the page with the first steps."""
    return guild_page(
        StartState,
        START_ITEM,
        rx.el.section(
            rx.el.div(
                rx.el.h2(START_ITEM.label),
                rx.el.span(StartState.progress, class_name="about numbers"),
                class_name="panel-head",
            ),
            rx.el.ol(rx.foreach(StartState.steps, _step), class_name="settings steps"),
            class_name="panel",
            aria_label=START_ITEM.label,
            style={"maxWidth": "860px"},
        ),
        lead=texts.LEAD,
    )


def _step(step: rx.Var[StepView]) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.cond(step.is_done, icon("check", 16), icon("circle-dashed", 16)),
            rx.el.span(rx.cond(step.is_done, texts.DONE, texts.TO_DO), class_name="unseen"),
            class_name=rx.cond(step.is_done, "effect-mark good", "effect-mark"),
        ),
        rx.el.div(
            rx.el.h3(step.label),
            rx.el.p(step.text, class_name="about"),
            rx.cond(
                step.percent >= 0,
                rx.el.progress(value=step.percent, max=100, aria_label=step.label, class_name="progress"),
            ),
            rx.el.div(
                rx.foreach(step.listed, lambda item: rx.el.span(rx.el.bdi(item), class_name="badge")), class_name="uses"
            ),
            class_name="setting-text",
        ),
        rx.match(
            step.href != "",
            (
                True,
                rx.cond(
                    step.is_external,
                    rx.el.a(
                        step.link_label,
                        href=step.href,
                        target="_blank",
                        rel="noopener",
                        reload_document=True,
                        class_name="button small",
                    ),
                    link(step.link_label, href=step.href, class_name="button small"),
                ),
            ),
            rx.cond(
                step.can_start_import,
                rx.el.button(
                    texts.START_IMPORT,
                    type="button",
                    class_name="button small",
                    on_click=StartState.start_import,
                    disabled=StartState.working,
                ),
            ),
        ),
        class_name="setting",
    )
