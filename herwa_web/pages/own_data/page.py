"""Page about a user's own data, for everyone who logs in, also without a server in common with the bot."""

from typing import Any

import reflex as rx

from herwa_web import texts as web_texts
from herwa_web.components.confirmation import confirmation
from herwa_web.components.policy_links import PRIVACY_URL
from herwa_web.components.setting_rows import setting_panel, setting_row
from herwa_web.components.status_views import load_error_view, skeleton
from herwa_web.components.switch import switch
from herwa_web.layout import page_layout
from herwa_web.pages.own_data import texts
from herwa_web.pages.own_data.left_servers import left_servers_panel
from herwa_web.pages.own_data.state import EVERYWHERE, OwnDataState, OwnServerRow

STATE: Any = OwnDataState


def own_data_page() -> rx.Component:
    """Render the page."""
    return page_layout(
        rx.match(
            OwnDataState.phase,
            ("ready", _content()),
            ("failed", load_error_view(OwnDataState.error_text, OwnDataState.load)),
            _skeleton(),
        ),
        rx.el.p(OwnDataState.announcement, class_name="unseen", role="status"),
        top_bar=rx.el.header(rx.el.div(rx.el.h1(texts.TITLE), class_name="place"), class_name="topbar"),
        current="own_data",
    )


def _content() -> rx.Component:
    return rx.fragment(
        rx.el.p(texts.LEAD, " ", rx.el.a(texts.HOW_IT_WORKS, to=PRIVACY_URL), class_name="lead"),
        rx.el.div(
            setting_panel(texts.EVERYWHERE, _everywhere_row(), _messages_row(), about=texts.EVERYWHERE_HINT),
            setting_panel(
                texts.SERVERS,
                rx.cond(
                    OwnDataState.servers.length() > 0,
                    rx.foreach(OwnDataState.servers, _server_row),
                    rx.el.li(rx.el.p(texts.NO_SERVERS, class_name="about"), class_name="setting"),
                ),
                rx.el.li(rx.el.p(texts.LONG_LEFT, class_name="about"), class_name="setting"),
            ),
            left_servers_panel(),
            class_name="setting-panels",
        ),
    )


def _everywhere_row() -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.h3(rx.cond(OwnDataState.is_opted_out, texts.OPTED_OUT, texts.COUNTED)),
            rx.cond(OwnDataState.deletion != "", rx.el.p(OwnDataState.deletion, class_name="about numbers")),
            class_name="setting-text",
        ),
        _actions(EVERYWHERE, "", OwnDataState.is_opted_out, delete_label=texts.DELETE_ALL),
        class_name="setting stacked",
    )


def _messages_row() -> rx.Component:
    return setting_row(
        texts.DIRECT_MESSAGES,
        texts.DIRECT_MESSAGES_HINT,
        switch(
            OwnDataState.has_messages,
            texts.DIRECT_MESSAGES,
            on_click=STATE.choose_messages(~OwnDataState.has_messages),
        ),
    )


def _server_row(row: rx.Var[OwnServerRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.h3(rx.el.bdi(row.name)),
            rx.el.p(row.summary, class_name="about numbers"),
            rx.el.p(row.choice, class_name="about"),
            class_name="setting-text",
        ),
        _actions(row.key, row.name, row.is_opted_out, delete_label=texts.DELETE),
        class_name="setting stacked",
    )


def _actions(key: Any, name: Any, is_opted_out: Any, *, delete_label: str) -> rx.Component:
    """Render the buttons of one server or of all, or the question before a deletion."""
    return rx.cond(
        (OwnDataState.question != "") & (OwnDataState.question_key == key),
        confirmation(
            rx.el.bdi(OwnDataState.question),
            texts.DELETE_NOW,
            on_confirm=OwnDataState.delete,
            on_cancel=OwnDataState.cancel_deletion,
            is_working=OwnDataState.working,
        ),
        rx.el.div(
            _button(texts.DOWNLOAD, name, STATE.download(key)),
            rx.cond(
                is_opted_out,
                _button(texts.OPT_IN, name, STATE.choose(key, False)),
                _button(texts.OPT_OUT, name, STATE.choose(key, True)),
            ),
            _button(delete_label, name, STATE.ask_deletion(key), class_name="button small danger"),
            class_name="form-actions start",
        ),
    )


def _button(label: str, name: Any, on_click: Any, *, class_name: str = "button small") -> rx.Component:
    has_name = not isinstance(name, str)
    return rx.el.button(
        label,
        type="button",
        class_name=class_name,
        on_click=on_click,
        **({"aria_label": texts.format_action_label(label, name)} if has_name else {}),
    )


def _skeleton() -> rx.Component:
    return rx.fragment(
        rx.el.section(
            skeleton("180px", "18px"),
            *(skeleton("100%", "44px", margin_top="12px") for _ in range(3)),
            class_name="panel",
            style={"padding": "18px"},
        ),
        rx.el.span(web_texts.LOADING, class_name="unseen", role="status"),
    )
