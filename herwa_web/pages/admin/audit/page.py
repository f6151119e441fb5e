"""The operators' audit log: every act of an operator."""

import reflex as rx

from herwa_web.components.controls import link
from herwa_web.components.status_views import empty_state
from herwa_web.pages.admin.audit import texts
from herwa_web.pages.admin.audit.state import AdminAuditState
from herwa_web.pages.admin.components import text_row
from herwa_web.pages.admin.frame import AUDIT_ITEM, panel_page


def operator_audit_page() -> rx.Component:
    """Render the page."""
    return panel_page(
        AdminAuditState,
        AUDIT_ITEM,
        rx.cond(
            AdminAuditState.rows.length() > 0,
            rx.el.section(
                rx.el.h2(AUDIT_ITEM.label, class_name="unseen"),
                rx.el.ol(rx.foreach(AdminAuditState.rows, text_row), class_name="settings"),
                rx.cond(
                    AdminAuditState.older_href != "",
                    rx.el.div(
                        link(texts.OLDER, href=AdminAuditState.older_href, class_name="button"), class_name="log-pages"
                    ),
                ),
                class_name="panel",
                aria_label=AUDIT_ITEM.label,
            ),
            empty_state("history", texts.NO_ENTRIES, texts.NO_ENTRIES_HINT),
        ),
        lead=texts.LEAD,
    )
