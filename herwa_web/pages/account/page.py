"""Account page: theme, keyboard shortcuts, sessions."""

from typing import Any

import reflex as rx

from herwa_web import texts as web_texts
from herwa_web.components.account_menu import color_mode_switch, log_out_button, shortcuts_switch
from herwa_web.components.setting_rows import setting_panel, setting_row
from herwa_web.components.status_views import load_error_view, skeleton
from herwa_web.layout import page_layout
from herwa_web.pages.account import texts
from herwa_web.pages.account.state import AccountState, SessionRow

STATE: Any = AccountState


def account_page() -> rx.Component:
    """Render the account page."""
    return page_layout(
        rx.match(
            AccountState.phase,
            ("ready", _content()),
            ("failed", load_error_view(AccountState.error_text, AccountState.load)),
            _skeleton(),
        ),
        rx.el.p(AccountState.announcement, class_name="unseen", role="status"),
        top_bar=rx.el.header(rx.el.div(rx.el.h1(web_texts.ACCOUNT), class_name="place"), class_name="topbar"),
        current="account",
    )


def _content() -> rx.Component:
    return rx.fragment(
        rx.el.p(texts.LEAD, class_name="lead"),
        rx.el.div(
            setting_panel(
                texts.APPEARANCE,
                setting_row(web_texts.THEME, texts.THEME_HINT, color_mode_switch()),
                setting_row(web_texts.SHORTCUTS, texts.SHORTCUTS_HINT, shortcuts_switch()),
            ),
            setting_panel(
                texts.SESSIONS,
                rx.foreach(AccountState.sessions, _session),
                rx.cond(
                    AccountState.sessions.length() > 1,
                    rx.el.li(
                        rx.el.button(
                            texts.END_OTHERS,
                            type="button",
                            class_name="button",
                            on_click=AccountState.end_other_sessions,
                        ),
                        class_name="setting",
                    ),
                ),
                about=texts.SESSIONS_HINT,
            ),
            class_name="setting-panels",
        ),
    )


def _session(session: rx.Var[SessionRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.h3(rx.el.bdi(session.browser)),
                rx.cond(session.is_current, rx.el.span(texts.THIS_SESSION, class_name="badge green")),
                class_name="setting-title",
            ),
            rx.el.p(session.detail, class_name="about numbers"),
            class_name="setting-text",
        ),
        rx.cond(
            session.is_current,
            log_out_button(class_name="button small"),
            rx.el.button(
                texts.END,
                type="button",
                aria_label=texts.format_end_label(session.browser),
                class_name="button small",
                on_click=STATE.end_session(session.key),
            ),
        ),
        class_name="setting",
    )


def _skeleton() -> rx.Component:
    return rx.fragment(
        *(
            rx.el.section(
                skeleton("180px", "18px"),
                *(skeleton("100%", "44px", margin_top="12px") for _ in range(2)),
                class_name="panel",
                style={"padding": "18px"},
            )
            for _ in range(2)
        ),
        rx.el.span(web_texts.LOADING, class_name="unseen", role="status"),
    )
