"""Layout of every page for logged-in users: side bar (rail), top bar, bottom bar on phones, state of the connection."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from herwa_shared.analytics.date_ranges import DateRangePreset
from herwa_web import texts
from herwa_web.components.account_menu import (
    ACCOUNT_MENU,
    ACCOUNT_URL,
    SHORTCUTS_LIST,
    WORKS_OFFLINE,
    Shortcuts,
    account_button,
    account_menu,
    shortcuts_list,
)
from herwa_web.components.banners import api_banner, connection_banner, export_banner, news_banner, view_banner
from herwa_web.components.controls import avatar, icon, key_hint, link, popover, popover_trigger, search_box
from herwa_web.components.policy_links import policy_links
from herwa_web.components.status_views import skeleton
from herwa_web.layout_state import LayoutState, ServerView
from herwa_web.navigation import EXPORTS_ITEM, GROUPS, PAGES, NavigationItem
from herwa_web.palette_state import PaletteState

HOME = "home"
SERVER_SWITCHER = "switcher"
MAX_RAIL_SERVERS = 8
MORE_MENU = "more"
COMMAND_PALETTE = "palette"
"""herwa.js opens it at Ctrl-K."""


@dataclass(frozen=True, slots=True)
class OtherPages:
    """Navigation among pages that belong to no server: in the side bar, and in the bottom bar of phones."""

    rail: rx.Component
    bottom_bar: rx.Component


PALETTE_RANGES = tuple(preset for preset in DateRangePreset if preset is not DateRangePreset.CUSTOM)


def page_layout(
    *content: rx.Component,
    top_bar: rx.Component,
    current: str,
    is_loading: Any = None,
    shortcuts: Shortcuts = (),
    other_pages: OtherPages | None = None,
) -> rx.Component:
    """Render a page with its layout.

    `current` is the name of the active side bar entry. `is_loading` is set on a page of a server, and tells whether the
    server may still be unknown; its `ServerView` is `LayoutState.server`. `other_pages` replace those of servers.
    """
    return rx.fragment(
        # A plain link: the router's would contain the path with which the page was built, and load the page again.
        rx.el.A.create(texts.SKIP_LINK, href="#content", class_name="skip"),
        rx.el.div(
            _rail(current, is_loading, other_pages),
            rx.el.div(
                top_bar,
                connection_banner(),
                rx.el.main(
                    view_banner(),
                    api_banner(),
                    news_banner(),
                    *(() if is_loading is None or current == EXPORTS_ITEM.name else (export_banner(),)),
                    *content,
                    id="content",
                    class_name="content",
                    tab_index=-1,
                ),
                rx.el.footer(*policy_links(), class_name="page-foot"),
                class_name="stage",
            ),
            class_name="shell",
        ),
        _server_menu(),
        _command_palette(current, has_server=is_loading is not None),
        account_menu(),
        shortcuts_list(shortcuts),
        _bottom_bar(current, has_server=is_loading is not None) if other_pages is None else other_pages.bottom_bar,
        *(() if is_loading is None else (_more_menu(current),)),
        rx.el.p(class_name="unseen", role="status", custom_attrs={"data-connection": ""}),
    )


def wordmark() -> rx.Component:
    """Render logo and name."""
    return rx.fragment(rx.el.img(src="/logo.svg", alt="", width=28, height=28), rx.el.span(texts.APP_NAME))


def _rail(current: str, is_loading: Any, other_pages: OtherPages | None) -> rx.Component:
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
        *(_rail_links(current, is_loading) if other_pages is None else (_home_link(""), other_pages.rail)),
        rx.el.div(_search_button(), account_button(), class_name="rail-foot"),
        class_name="rail",
        aria_label=texts.MAIN_NAVIGATION,
    )


def _rail_links(current: str, is_loading: Any) -> tuple[rx.Component, ...]:
    server = LayoutState.server
    pages = (
        _home_link(current)
        if is_loading is None
        else rx.cond(
            (server.id != "") | is_loading,
            rx.fragment(
                rx.cond(server.id != "", _server_switcher(server), rx.el.div(skeleton("100%", "48px"))),
                *_page_links(current),
            ),
            _home_link(""),
        )
    )
    return pages, _server_links()


def _search_button() -> rx.Component:
    return popover_trigger(
        COMMAND_PALETTE,
        icon("search"),
        rx.el.span(texts.SEARCH, class_name="name"),
        key_hint(texts.SEARCH_KEYS),
        class_name="rail-item",
        attrs={"data-tip": texts.SEARCH},
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
        for group in GROUPS
        for part in (
            rx.el.h2(group.title),
            *(_page_link(item, is_current=item.name == current) for item in group.items),
        )
    )


def _page_link(item: NavigationItem, *, is_current: bool) -> rx.Component:
    return link(
        icon(item.icon),
        rx.el.span(item.label, class_name="name"),
        href=_build_page_url(item),
        class_name="rail-item",
        tip=item.label,
        aria_current="page" if is_current else "false",
    )


def _build_page_url(item: NavigationItem) -> Any:
    return LayoutState.server.href + item.path


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


def _command_palette(current: str, *, has_server: bool) -> rx.Component:
    """Render the command palette (Ctrl-K): pages, ranges, channels, servers and actions, found by typing."""
    load_channels = {"on_focus": PaletteState.load_channels} if has_server else {}
    return popover(
        COMMAND_PALETTE,
        texts.SEARCH,
        search_box(COMMAND_PALETTE, texts.SEARCH_EVERYTHING, **load_channels),
        *(
            link(
                icon(item.icon),
                rx.el.bdi(item.label),
                rx.el.span(texts.PAGE, class_name="end change"),
                href=_build_page_url(item),
                class_name="choice",
                aria_current="true" if item.name == current else "false",
            )
            for item in PAGES
            if has_server
        ),
        *(_range_option(preset) for preset in PALETTE_RANGES if has_server),
        *((_channel_options(),) if has_server else ()),
        link(icon("layout-grid"), rx.el.bdi(texts.MY_SERVERS), href="/", class_name="choice"),
        rx.foreach(LayoutState.servers, _server_option),
        popover_trigger(SHORTCUTS_LIST, icon("keyboard"), rx.el.bdi(texts.SHOW_SHORTCUTS), class_name="choice"),
        link(icon("circle-user"), rx.el.bdi(texts.ACCOUNT), href=ACCOUNT_URL, class_name="choice"),
    )


def _range_option(preset: DateRangePreset) -> rx.Component:
    return link(
        icon("calendar-days"),
        rx.el.bdi(preset.label),
        rx.el.span(texts.RANGE, class_name="end change"),
        href=f"{LayoutState.server.href}?range={preset.value}",
        class_name="choice",
    )


def _channel_options() -> rx.Component:
    """Render the channels of the current server; none before they are loaded."""
    return rx.cond(
        PaletteState.guild_id == LayoutState.server.id,
        rx.foreach(
            PaletteState.channels,
            lambda channel: link(
                icon("hash"),
                rx.el.bdi(channel.label),
                rx.el.span(texts.CHANNEL, class_name="end change"),
                href=channel.href,
                class_name="choice",
            ),
        ),
    )


def _bottom_bar(current: str, *, has_server: bool) -> rx.Component:
    """Render the bar of phones: on a server's page some pages and a menu with all of them, else home and account."""
    account = popover_trigger(
        ACCOUNT_MENU, icon("circle-user", 20), texts.ACCOUNT, class_name="", attrs={**WORKS_OFFLINE}
    )
    home = link(icon("layout-grid", 20), texts.SERVERS, href="/", aria_current="page" if current == HOME else "false")
    return rx.el.nav(
        home,
        *(_bottom_bar_link(item, is_current=item.name == current) for item in PAGES if has_server and item.is_frequent),
        popover_trigger(MORE_MENU, icon("ellipsis", 20), texts.MORE, class_name="") if has_server else account,
        class_name="footbar",
        aria_label=texts.BOTTOM_NAVIGATION,
    )


def _bottom_bar_link(item: NavigationItem, *, is_current: bool) -> rx.Component:
    return link(
        icon(item.icon, 20),
        item.short_label or item.label,
        href=_build_page_url(item),
        aria_current="page" if is_current else "false",
    )


def _more_menu(current: str) -> rx.Component:
    """Render the menu of all pages, for phones."""
    return popover(
        MORE_MENU,
        texts.MORE,
        *(
            part
            for group in GROUPS
            for part in (
                rx.el.h2(group.title, class_name="choice-title"),
                *(
                    link(
                        icon(item.icon),
                        item.label,
                        href=_build_page_url(item),
                        class_name="choice",
                        aria_current="true" if item.name == current else "false",
                    )
                    for item in group.items
                ),
            )
        ),
        rx.el.hr(),
        popover_trigger(COMMAND_PALETTE, icon("search"), texts.SEARCH, class_name="choice"),
        popover_trigger(SERVER_SWITCHER, icon("chevrons-up-down"), texts.SWITCH_SERVER, class_name="choice"),
        popover_trigger(ACCOUNT_MENU, icon("circle-user"), texts.ACCOUNT, class_name="choice", attrs={**WORKS_OFFLINE}),
    )
