"""Layout of every page for logged-in users: side bar (rail), top bar, bottom bar on phones, state of the connection."""

from typing import Any

import reflex as rx

from herwa_web import texts
from herwa_web.components.account_menu import (
    ACCOUNT_MENU,
    WORKS_OFFLINE,
    Shortcuts,
    account_button,
    account_menu,
    shortcuts_list,
)
from herwa_web.components.controls import avatar, icon, key_hint, link, popover, popover_trigger, search_box
from herwa_web.components.status_views import skeleton
from herwa_web.layout_state import LayoutState, ServerView

HOME = "home"
SERVER_SWITCHER = "switcher"
MAX_RAIL_SERVERS = 8
PAGES = ((texts.INSIGHTS, (("overview", "chart-line", texts.OVERVIEW),)),)
"""Groups of guild pages: name, icon and label of each. A new page is one more entry."""


def page_layout(
    *content: rx.Component,
    top_bar: rx.Component,
    current: str,
    server: Any = None,
    is_loading: Any = False,
    shortcuts: Shortcuts = (),
) -> rx.Component:
    """Render a page with its layout.

    `current` is the name of the active side bar entry. On a guild page `server` is its `ServerView`, and `is_loading`
    tells whether it may still be unknown.
    """
    return rx.fragment(
        rx.el.a(texts.SKIP_LINK, href="#content", class_name="skip", reload_document=True),
        rx.el.div(
            _rail(current, server, is_loading),
            rx.el.div(
                top_bar,
                _connection_banner(),
                rx.el.main(_api_down_banner(), *content, id="content", class_name="content", tab_index=-1),
                class_name="stage",
            ),
            class_name="shell",
        ),
        _server_menu(),
        account_menu(),
        shortcuts_list(shortcuts),
        _bottom_bar(current, has_server=server is not None),
        rx.el.p(class_name="unseen", role="status", custom_attrs={"data-connection": ""}),
    )


def wordmark() -> rx.Component:
    """Render logo and name."""
    return rx.fragment(rx.el.img(src="/logo.svg", alt="", width=28, height=28), rx.el.span(texts.APP_NAME))


def _rail(current: str, server: Any, is_loading: Any) -> rx.Component:
    return rx.el.nav(
        rx.el.div(
            link(wordmark(), href="/", class_name="brand", aria_label=texts.HOME_LINK),
            rx.el.button(
                icon("panel-left", 17),
                type="button",
                aria_label=texts.COLLAPSE_SIDEBAR,
                class_name="button plain small square",
                custom_attrs={"data-rail": "", "data-key": "[", "data-tip": texts.COLLAPSE_SIDEBAR, **WORKS_OFFLINE},
            ),
            class_name="rail-head",
        ),
        _home_link(current)
        if server is None
        else rx.cond(
            (server.id != "") | is_loading,
            rx.fragment(
                rx.cond(server.id != "", _server_switcher(server), rx.el.div(skeleton("100%", "48px"))),
                *_page_links(current),
            ),
            _home_link(""),
        ),
        _server_links(),
        rx.el.div(account_button(), class_name="rail-foot"),
        class_name="rail",
        aria_label=texts.MAIN_NAVIGATION,
    )


def _server_switcher(server: Any) -> rx.Component:
    return popover_trigger(
        SERVER_SWITCHER,
        avatar(server.picture, server.hue, server.initial, size=30),
        rx.el.span(rx.el.bdi(server.name), class_name="name"),
        icon("chevrons-up-down", 16),
        class_name="switcher",
        aria_label=texts.format_switcher_label(server.name),
        attrs={"data-key": "S"},
    )


def _page_links(current: str) -> tuple[rx.Component, ...]:
    return tuple(
        part
        for title, pages in PAGES
        for part in (rx.el.h2(title), *(_page_link(*page, is_current=page[0] == current) for page in pages))
    )


def _page_link(_name: str, tag: str, label: str, *, is_current: bool) -> rx.Component:
    return link(
        icon(tag),
        rx.el.span(label, class_name="name"),
        href="",
        class_name="rail-item",
        tip=label,
        aria_current="page" if is_current else "false",
    )


def _home_link(current: str) -> rx.Component:
    return link(
        icon("layout-grid"),
        rx.el.span(texts.MY_SERVERS, class_name="name"),
        href="/",
        class_name="rail-item",
        aria_current="page" if current == HOME else "false",
    )


def _server_links() -> rx.Component:
    return rx.cond(
        LayoutState.servers.length() > 0,
        rx.fragment(
            rx.el.h2(texts.SERVERS),
            rx.foreach(
                LayoutState.servers[:MAX_RAIL_SERVERS],
                lambda server: link(
                    avatar(server.picture, server.hue, server.initial),
                    rx.el.span(rx.el.bdi(server.name), class_name="name"),
                    href=server.href,
                    tip=server.name,
                    aria_label=server.name,
                    class_name="rail-item",
                ),
            ),
        ),
    )


def _server_menu() -> rx.Component:
    return popover(
        SERVER_SWITCHER,
        texts.SERVERS,
        search_box(SERVER_SWITCHER, texts.FIND_SERVER),
        rx.foreach(LayoutState.servers, _server_option),
        rx.el.hr(),
        link(icon("layout-grid"), texts.MY_SERVERS, key_hint("G"), href="/", class_name="choice", letter="G"),
    )


def _server_option(server: ServerView) -> rx.Component:
    return link(
        avatar(server.picture, server.hue, server.initial, size=26),
        rx.el.span(rx.el.bdi(server.name), class_name="name"),
        href=server.href,
        class_name="choice",
    )


def _bottom_bar(current: str, *, has_server: bool) -> rx.Component:
    return rx.el.nav(
        link(icon("layout-grid", 20), texts.SERVERS, href="/", aria_current="page" if current == HOME else "false"),
        *(
            link(icon(tag, 20), label, href="", aria_current="page" if name == current else "false")
            for _, pages in PAGES
            for name, tag, label in pages
            if has_server
        ),
        popover_trigger(ACCOUNT_MENU, icon("circle-user", 20), texts.ACCOUNT, class_name="", attrs={**WORKS_OFFLINE}),
        class_name="footbar",
        aria_label=texts.BOTTOM_NAVIGATION,
    )


def _connection_banner() -> rx.Component:
    """Render the banner of a lost connection. connection.js writes its text; it is empty while connected."""
    return rx.el.div(
        icon("cloud-off", 17),
        rx.el.span(custom_attrs={"data-connection": ""}),
        class_name="connection",
        aria_hidden="true",
        custom_attrs={
            "data-offline": texts.RECONNECTING_WITH_DATA,
            "data-reconnecting": texts.RECONNECTING,
            "data-connected": texts.CONNECTED_AGAIN,
            "data-loaded-at": LayoutState.loaded_at,
            "data-zone": LayoutState.zone,
        },
    )


def _api_down_banner() -> rx.Component:
    return rx.cond(
        LayoutState.is_api_up,
        rx.fragment(),
        rx.el.div(icon("plug-zap", 18), texts.API_DOWN, role="status", class_name="banner"),
    )
