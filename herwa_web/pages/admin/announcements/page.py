"""Announcements in the operator's panel: publish, end, list."""

from typing import Any

import reflex as rx

from herwa_web.pages.admin.announcements import texts
from herwa_web.pages.admin.announcements.state import AdminAnnouncementsState
from herwa_web.pages.admin.components import field, panel, rows_or, submit
from herwa_web.pages.admin.frame import ANNOUNCEMENTS_ITEM, panel_page
from herwa_web.pages.admin.server.view_models import TextRow

STATE: Any = AdminAnnouncementsState


def announcements_page() -> rx.Component:
    """Render the page."""
    return panel_page(
        AdminAnnouncementsState,
        ANNOUNCEMENTS_ITEM,
        panel(
            texts.NEW,
            rx.el.form(
                field(
                    texts.TEXT,
                    rx.el.textarea(name="text", max_length=300, required=True, rows="2", placeholder=texts.TEXT_HINT),
                ),
                rx.el.div(
                    field(
                        texts.SEGMENT,
                        rx.el.select(
                            rx.foreach(STATE.segments, lambda option: rx.el.option(option.label, value=option.value)),
                            name="segment",
                        ),
                    ),
                    field(
                        texts.ENDS,
                        rx.el.select(
                            *(rx.el.option(label, value=hours) for hours, label in texts.HOURS.items()),
                            name="hours",
                            default_value="24",
                        ),
                    ),
                    class_name="form-grid",
                ),
                submit(texts.PUBLISH, STATE.working),
                on_submit=STATE.publish,
                key=STATE.serial + "announcement",
                class_name="panel-form",
                aria_label=texts.NEW,
            ),
        ),
        panel(texts.LIST, rows_or(STATE.rows, _row, texts.NO_ANNOUNCEMENTS)),
        lead=texts.LEAD,
    )


def _row(row: rx.Var[TextRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.h3(rx.el.bdi(row.label)),
                rx.el.span(row.badge, class_name="badge " + row.tone),
                class_name="setting-title",
            ),
            rx.el.p(rx.foreach(row.facts, rx.el.span), class_name="about facts"),
            class_name="setting-text",
        ),
        rx.cond(
            row.key != "",
            rx.el.button(
                texts.END,
                type="button",
                class_name="button small",
                aria_label=f"{texts.END}: {row.label}",
                on_click=STATE.end_now(row.key),
            ),
        ),
        class_name="setting",
    )
