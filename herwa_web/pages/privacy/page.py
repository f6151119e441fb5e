"""Privacy page: what is kept and how long, who opened data about members, opt-outs, erasure of a member."""

import reflex as rx

from herwa_shared.privacy.retention import RETENTION_RULES, RetentionRule
from herwa_web.components.confirmation import confirmation
from herwa_web.components.guild_frame import guild_page
from herwa_web.components.setting_rows import setting_panel
from herwa_web.navigation import PRIVACY_ITEM
from herwa_web.pages.privacy import texts
from herwa_web.pages.privacy.state import PrivacyState, ViewRow


def privacy_page() -> rx.Component:
    """Render the privacy page."""
    return guild_page(
        PrivacyState,
        PRIVACY_ITEM,
        rx.el.div(
            _views_panel(),
            _opt_outs_panel(),
            _erasure_panel(),
            _deletion_panel(),
            _retention_panel(),
            class_name="setting-panels",
        ),
        lead=texts.LEAD,
    )


def _views_panel() -> rx.Component:
    return setting_panel(
        texts.OPENED,
        rx.cond(
            PrivacyState.views.length() > 0,
            rx.foreach(PrivacyState.views, _view),
            rx.el.li(rx.el.p(texts.NOT_OPENED, class_name="about"), class_name="setting"),
        ),
        about=texts.OPENED_HINT,
        is_long=True,
    )


def _view(row: rx.Var[ViewRow]) -> rx.Component:
    return rx.el.li(
        rx.el.span(rx.el.bdi(row.person), class_name="name"),
        rx.el.span(row.view, class_name="about"),
        rx.el.time(row.time, class_name="about numbers"),
        class_name="record",
    )


def _opt_outs_panel() -> rx.Component:
    return setting_panel(
        texts.OPT_OUTS,
        rx.el.li(
            rx.el.div(
                rx.el.h3(PrivacyState.opt_outs),
                rx.el.p(texts.OPT_OUTS_HINT, class_name="about"),
                class_name="setting-text",
            ),
            class_name="setting",
        ),
    )


def _erasure_panel() -> rx.Component:
    return setting_panel(
        texts.ERASE,
        rx.el.li(
            rx.cond(
                PrivacyState.can_erase,
                rx.cond(
                    PrivacyState.question != "",
                    confirmation(
                        rx.el.bdi(PrivacyState.question),
                        texts.ERASE_NOW,
                        on_confirm=PrivacyState.erase_member,
                        on_cancel=PrivacyState.cancel_erasure,
                        is_working=PrivacyState.working,
                    ),
                    _form(),
                ),
                rx.el.p(texts.ERASE_ADMINS_ONLY, class_name="about"),
            ),
            class_name="setting stacked",
        ),
        about=texts.ERASE_HINT,
    )


def _form() -> rx.Component:
    return rx.el.form(
        rx.el.label(
            texts.MEMBER,
            rx.el.select(
                rx.el.option(texts.CHOOSE_MEMBER, value=""),
                rx.foreach(PrivacyState.members, lambda option: rx.el.option(option.label, value=option.value)),
                name="member",
            ),
            class_name="field",
        ),
        rx.el.label(
            texts.MEMBER_ID,
            rx.el.input(name="member_id", input_mode="numeric", placeholder=texts.MEMBER_ID_PLACEHOLDER),
            class_name="field",
        ),
        rx.el.button(texts.CONTINUE, type="submit", class_name="button"),
        rx.cond(PrivacyState.form_error != "", rx.el.p(PrivacyState.form_error, class_name="effect red", role="alert")),
        on_submit=PrivacyState.choose_member,
        class_name="filter-form wide-fields",
    )


def _deletion_panel() -> rx.Component:
    return setting_panel(
        texts.DELETE_SERVER,
        rx.el.li(
            rx.cond(
                PrivacyState.is_owner,
                rx.cond(
                    PrivacyState.deletion != "",
                    rx.fragment(
                        rx.el.p(PrivacyState.deletion, role="status"),
                        rx.el.button(
                            texts.UNDO_DELETION, type="button", class_name="button", on_click=PrivacyState.undo_deletion
                        ),
                    ),
                    _deletion_form(),
                ),
                rx.el.p(texts.DELETE_SERVER_OWNER_ONLY, class_name="about"),
            ),
            rx.cond(
                PrivacyState.deletion_error != "",
                rx.el.p(PrivacyState.deletion_error, class_name="effect red", role="alert"),
            ),
            class_name="setting stacked",
        ),
        about=texts.DELETE_SERVER_HINT,
    )


def _deletion_form() -> rx.Component:
    return rx.el.form(
        rx.el.label(
            texts.SERVER_NAME,
            rx.el.input(name="server_name", auto_complete="off", required=True, max_length=100),
            class_name="field",
        ),
        rx.el.button(texts.REQUEST_DELETION, type="submit", class_name="button danger"),
        on_submit=PrivacyState.request_deletion,
        class_name="filter-form",
    )


def _retention_panel() -> rx.Component:
    return rx.el.section(
        rx.el.div(rx.el.h2(texts.KEPT), class_name="panel-head"),
        rx.el.div(
            rx.el.table(
                rx.el.thead(rx.el.tr(rx.el.th(texts.DATA, scope="col"), rx.el.th(texts.PERIOD, scope="col"))),
                rx.el.tbody(*(_retention_row(rule) for rule in RETENTION_RULES)),
            ),
            class_name="plain-table",
            tab_index=0,
            role="region",
            aria_label=texts.KEPT,
        ),
        class_name="panel",
    )


def _retention_row(rule: RetentionRule) -> rx.Component:
    return rx.el.tr(
        rx.el.th(f"{rule.data[:1].upper()}{rule.data[1:]}", scope="row"),
        rx.el.td(f"{rule.period[:1].upper()}{rule.period[1:]}"),
    )
