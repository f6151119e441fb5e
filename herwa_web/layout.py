"""Layout of every page for logged-in users: side bar (rail), top bar, bottom bar on phones."""

from typing import Any

import reflex as rx
from reflex.style import set_color_mode

from herwa_web.components.controls import avatar, icon, key_hint, link, popover, popover_trigger, search_box
from herwa_web.layout_state import LayoutState, ServerView

LOGOUT_SCRIPT = (
    "fetch('/auth/logout',{method:'POST'}).finally(()=>{sessionStorage.clear();"
    "localStorage.removeItem('herwa.known');location.assign('/')})"
)
COLOR_MODES = (("light", "sun", "Light"), ("dark", "moon", "Dark"), ("system", "monitor", "As my system"))


def page_layout(
    *content: rx.Component,
    top_bar: rx.Component,
    current: str,
    server: Any = None,
    bottom_items: tuple[rx.Component, ...] = (),
    shortcuts: tuple[tuple[str, str], ...] = (),
) -> rx.Component:
    """Render a page with its layout.

    `current` is the name of the active side bar entry, `server` the `ServerView` of a guild page, `bottom_items` are
    further items of the bottom bar on phones, `shortcuts` are (key, description) pairs for the list of shortcuts.
    """
    return rx.fragment(
        rx.el.a("Skip to the content", href="#content", class_name="skip", reload_document=True),
        rx.el.div(
            _rail(current, server),
            rx.el.div(
                top_bar,
                rx.el.main(_api_down_banner(), *content, id="content", class_name="content", tab_index=-1),
                class_name="stage",
            ),
            class_name="shell",
        ),
        _server_popover(),
        _account_popover(),
        _shortcuts_popover(shortcuts),
        _bottom_bar(current, bottom_items),
    )


def wordmark() -> rx.Component:
    """Render logo and name."""
    return rx.fragment(rx.el.img(src="/logo.svg", alt="", width=28, height=28), rx.el.span("Herwa"))


def color_mode_switch() -> rx.Component:
    """Render the switch between light, dark and system color mode."""
    return rx.el.div(
        *(
            rx.el.button(
                icon(tag, 15),
                label,
                type="button",
                on_click=set_color_mode(mode),
                aria_pressed=rx.color_mode == mode,
            )
            for mode, tag, label in COLOR_MODES
        ),
        role="group",
        aria_label="Colours",
        class_name="segments",
    )


def _rail(current: str, server: Any) -> rx.Component:
    return rx.el.nav(
        rx.el.div(
            link(wordmark(), href="/", class_name="brand", aria_label="Herwa: all my servers"),
            rx.el.button(
                icon("panel-left", 17),
                type="button",
                aria_label="Make the side bar narrow or wide",
                class_name="button plain small square",
                custom_attrs={"data-rail": "", "data-key": "["},
            ),
            class_name="rail-head",
        ),
        _all_servers_link(current)
        if server is None
        else rx.cond(server.id != "", _server_navigation(server, current), _all_servers_link("")),
        _server_links(),
        rx.el.div(_account(), class_name="rail-foot"),
        class_name="rail",
        aria_label="Main",
    )


def _server_navigation(server: Any, current: str) -> rx.Component:
    return rx.fragment(_server_switcher(server), *_page_links(current))


def _server_switcher(server: Any) -> rx.Component:
    return popover_trigger(
        "switcher",
        avatar(server.picture, server.hue, server.initial, size=30),
        rx.el.span(rx.el.bdi(server.name), class_name="name"),
        icon("chevrons-up-down", 16),
        class_name="switcher",
        aria_label="Switch the server",
        attrs={"data-key": "S"},
    )


def _page_links(current: str) -> tuple[rx.Component, ...]:
    """Render the groups of page links in the side bar. A new page is one more entry in `groups`."""
    groups = (("Insights", (("overview", "chart-line", "Overview"),)),)
    return tuple(
        part
        for title, pages in groups
        for part in (
            rx.el.h2(title),
            *(
                link(
                    icon(tag),
                    rx.el.span(label, class_name="name"),
                    href="",
                    class_name="rail-item",
                    aria_current="page" if name == current else "false",
                )
                for name, tag, label in pages
            ),
        )
    )


def _all_servers_link(current: str) -> rx.Component:
    return link(
        icon("layout-grid"),
        rx.el.span("All my servers", class_name="name"),
        href="/",
        class_name="rail-item",
        aria_current="page" if current == "home" else "false",
    )


def _server_links() -> rx.Component:
    return rx.cond(
        LayoutState.servers.length() > 0,
        rx.fragment(
            rx.el.h2("Servers"),
            rx.foreach(
                LayoutState.servers[:8],
                lambda server: link(
                    avatar(server.picture, server.hue, server.initial),
                    rx.el.span(rx.el.bdi(server.name), class_name="name"),
                    href=server.href,
                    tip=server.name,
                    class_name="rail-item",
                ),
            ),
        ),
    )


def _account() -> rx.Component:
    return rx.cond(LayoutState.name != "", _account_trigger())


def _account_trigger() -> rx.Component:
    return popover_trigger(
        "you",
        avatar(LayoutState.picture, LayoutState.hue, LayoutState.initial, size=26, is_round=True),
        rx.el.span(rx.el.bdi(LayoutState.name), class_name="name"),
        class_name="rail-item",
        aria_label="You, colours, log out",
    )


def _server_popover() -> rx.Component:
    return popover(
        "switcher",
        "Servers",
        search_box("switcher", "Find a server"),
        rx.foreach(LayoutState.servers, _server_option),
        rx.el.hr(),
        link(icon("layout-grid"), "All my servers", key_hint("G"), href="/", class_name="choice", letter="G"),
    )


def _server_option(server: ServerView) -> rx.Component:
    return link(
        avatar(server.picture, server.hue, server.initial, size=26),
        rx.el.span(rx.el.bdi(server.name), class_name="name"),
        href=server.href,
        class_name="choice",
    )


def _account_popover() -> rx.Component:
    return popover(
        "you",
        "You",
        rx.el.h3("Colours"),
        rx.el.div(color_mode_switch(), style={"padding": "2px 8px 8px"}),
        rx.el.hr(),
        popover_trigger(
            "keys", icon("keyboard"), "Keyboard shortcuts", key_hint("?"), class_name="choice", attrs={"data-key": "?"}
        ),
        rx.el.button(
            icon("log-out"), "Log out", type="button", class_name="choice", on_click=rx.call_script(LOGOUT_SCRIPT)
        ),
    )


def _shortcuts_popover(shortcuts: tuple[tuple[str, str], ...]) -> rx.Component:
    common_shortcuts = (
        ("?", "This list"),
        ("S", "Switch the server"),
        ("G", "All my servers"),
        ("[", "Narrow the side bar"),
    )
    return popover(
        "keys",
        "Keyboard shortcuts",
        rx.el.h2("Keyboard shortcuts"),
        rx.el.ul(
            *(
                rx.el.li(description, rx.el.kbd(letter, class_name="key"))
                for letter, description in (*shortcuts, *common_shortcuts)
            ),
            class_name="keys-grid",
        ),
    )


def _bottom_bar(current: str, items: tuple[rx.Component, ...]) -> rx.Component:
    return rx.el.nav(
        link(icon("layout-grid", 20), "Servers", href="/", aria_current="page" if current == "home" else "false"),
        *items,
        popover_trigger("you", icon("circle-user", 20), "You", class_name=""),
        class_name="footbar",
        aria_label="At hand",
    )


def _api_down_banner() -> rx.Component:
    return rx.cond(
        LayoutState.is_api_up,
        rx.fragment(),
        rx.el.div(
            icon("plug-zap", 18),
            "Herwa's API does not answer. These pages go on; logging in and out, programs and widgets wait for it.",
            role="status",
            class_name="banner",
        ),
    )
