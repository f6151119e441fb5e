"""The account menu: theme, keyboard shortcuts, log out; and the list of shortcuts."""

from types import MappingProxyType
from typing import Any

import reflex as rx
from reflex.style import set_color_mode

from herwa_web import texts
from herwa_web.components.controls import avatar, icon, key_hint, link, popover, popover_trigger
from herwa_web.components.policy_links import OWN_DATA_URL
from herwa_web.layout_state import LayoutState
from herwa_web.pages.own_data import texts as own_data_texts
from herwa_web.panel import PANEL_URL

Shortcuts = tuple[tuple[str, str], ...]
"""Pairs of keys and what they do."""

ACCOUNT_MENU, SHORTCUTS_LIST = "you", "keys"
ACCOUNT_URL = "/account"
LOGOUT_SCRIPT = (
    "fetch('/auth/logout',{method:'POST'}).finally(()=>{sessionStorage.clear();"
    "localStorage.removeItem('herwa.known');location.assign('/')})"
)
THEMES = (
    ("light", "sun", texts.LIGHT_THEME),
    ("dark", "moon", texts.DARK_THEME),
    ("system", "monitor", texts.SYSTEM_THEME),
)
FRAME_SHORTCUTS: Shortcuts = (
    ("?", texts.SHOW_SHORTCUTS),
    (texts.SEARCH_KEYS, texts.SEARCH_EVERYTHING),
    ("S", texts.SWITCH_SERVER),
    ("G", texts.MY_SERVERS),
    ("[", texts.COLLAPSE_SIDEBAR),
)
WORKS_OFFLINE = MappingProxyType({"data-offline-ok": ""})
"""Attributes of controls that work without a connection. Always spread: Reflex changes the dict that it is given."""


def account_button() -> rx.Component:
    """Render the button of the account menu in the side bar; nothing while the user is unknown."""
    return rx.cond(
        LayoutState.name != "",
        popover_trigger(
            ACCOUNT_MENU,
            avatar(LayoutState.picture, LayoutState.hue, LayoutState.initial, size=26, is_round=True),
            rx.el.span(rx.el.bdi(LayoutState.name), class_name="name"),
            class_name="rail-item",
            aria_label=texts.format_account_label(LayoutState.name),
            attrs={**WORKS_OFFLINE},
        ),
    )


def account_menu() -> rx.Component:
    """Render the account menu."""
    return popover(
        ACCOUNT_MENU,
        texts.ACCOUNT,
        rx.el.h2(texts.THEME, class_name="choice-title"),
        rx.el.div(color_mode_switch(), style={"padding": "2px 8px 8px"}),
        rx.el.hr(),
        popover_trigger(
            SHORTCUTS_LIST,
            icon("keyboard"),
            texts.SHOW_SHORTCUTS,
            key_hint("?"),
            class_name="choice",
            attrs={"data-key": "?", **WORKS_OFFLINE},
        ),
        _shortcuts_choice(),
        rx.el.hr(),
        link(icon("circle-user"), texts.ACCOUNT, href=ACCOUNT_URL, class_name="choice"),
        link(icon("shield-user"), own_data_texts.TITLE, href=OWN_DATA_URL, class_name="choice"),
        rx.cond(
            LayoutState.is_operator,
            link(icon("gauge"), texts.OPERATOR_PANEL, href=PANEL_URL, class_name="choice"),
        ),
        log_out_button(icon("log-out"), class_name="choice"),
    )


def shortcuts_list(page_shortcuts: Shortcuts) -> rx.Component:
    """Render the list of the page's and the frame's shortcuts."""
    return popover(
        SHORTCUTS_LIST,
        texts.SHORTCUTS,
        rx.el.h2(texts.SHORTCUTS),
        rx.el.ul(
            *(
                rx.el.li(description, rx.el.kbd(letter, class_name="key"))
                for letter, description in (*page_shortcuts, *FRAME_SHORTCUTS)
            ),
            class_name="keys-grid",
        ),
    )


def color_mode_switch() -> rx.Component:
    """Render the switch between light, dark and system color mode."""
    return rx.el.div(
        *(_theme_button(mode, tag, label) for mode, tag, label in THEMES),
        role="group",
        aria_label=texts.THEME,
        class_name="segments",
        custom_attrs={**WORKS_OFFLINE},
    )


def _theme_button(mode: Any, tag: str, label: str) -> rx.Component:
    return rx.el.button(
        icon(tag, 15), label, type="button", on_click=set_color_mode(mode), aria_pressed=rx.color_mode == mode
    )


def log_out_button(*children: rx.Component, class_name: str) -> rx.Component:
    """Render the button that logs this browser out."""
    return rx.el.button(
        *children, texts.LOG_OUT, type="button", class_name=class_name, on_click=rx.call_script(LOGOUT_SCRIPT)
    )


def shortcuts_switch() -> rx.Component:
    """Render the switch of single-letter shortcuts. herwa.js keeps it in localStorage."""
    return rx.el.button(
        type="button",
        role="switch",
        aria_checked=True,
        aria_label=texts.SHORTCUTS,
        class_name="switch",
        custom_attrs={"data-shortcuts": "", **WORKS_OFFLINE},
    )


def _shortcuts_choice() -> rx.Component:
    """Render the switch of single-letter shortcuts as an entry of a menu."""
    return rx.el.button(
        icon("command"),
        texts.SHORTCUTS,
        rx.el.span(class_name="end toggle", aria_hidden="true"),
        type="button",
        role="switch",
        aria_checked=True,
        class_name="choice",
        custom_attrs={"data-shortcuts": "", **WORKS_OFFLINE},
    )
