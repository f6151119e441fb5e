"""The frame of the pages of the operator's panel. For everyone but operators it shows the page of unknown routes."""

from dataclasses import dataclass
from typing import Any

import reflex as rx

from herwa_web import texts as web_texts
from herwa_web.components.account_menu import ACCOUNT_MENU, WORKS_OFFLINE
from herwa_web.components.controls import icon, link, popover_trigger
from herwa_web.components.status_views import empty_state, load_error_view, skeleton, stale_banner
from herwa_web.layout import OtherPages, page_layout
from herwa_web.layout_state import LayoutState
from herwa_web.pages.admin import texts
from herwa_web.pages.not_found import not_found_page
from herwa_web.panel import PANEL_URL

REFRESH_INTERVAL_SECONDS = 15


@dataclass(frozen=True, slots=True)
class PanelItem:
    """A page of the panel. `letter` is its keyboard shortcut."""

    icon: str
    label: str
    href: str
    is_frequent: bool = False


OVERVIEW_ITEM = PanelItem("gauge", texts.OVERVIEW, PANEL_URL, is_frequent=True)
HEALTH_ITEM = PanelItem("heart-pulse", texts.HEALTH, f"{PANEL_URL}/health", is_frequent=True)
SERVERS_ITEM = PanelItem("server", texts.SERVERS, f"{PANEL_URL}/servers", is_frequent=True)
AUDIT_ITEM = PanelItem("history", texts.AUDIT, f"{PANEL_URL}/audit", is_frequent=True)
TIERS_ITEM = PanelItem("layers", texts.TIERS, f"{PANEL_URL}/tiers")
FEATURES_ITEM = PanelItem("toggle-right", texts.FEATURES, f"{PANEL_URL}/features")
ANNOUNCEMENTS_ITEM = PanelItem("megaphone", texts.ANNOUNCEMENTS, f"{PANEL_URL}/announcements")
PANEL_ITEMS = (
    OVERVIEW_ITEM,
    SERVERS_ITEM,
    HEALTH_ITEM,
    TIERS_ITEM,
    FEATURES_ITEM,
    ANNOUNCEMENTS_ITEM,
    AUDIT_ITEM,
)


def panel_page(
    state: Any,
    item: PanelItem,
    *content: rx.Component,
    title: Any = None,
    tools: tuple[rx.Component, ...] = (),
    lead: str = "",
    refresh_seconds: int = REFRESH_INTERVAL_SECONDS,
) -> rx.Component:
    """Render a page of the panel in each phase of its state, a `PanelPageState`.

    `title` replaces that of `item`; the page loads again every `refresh_seconds` while it is visible.
    """
    page = page_layout(
        rx.match(
            state.phase,
            (
                "ready",
                rx.fragment(
                    rx.cond(state.stale_time != "", stale_banner(state.stale_time, state.error_text, state.retry)),
                    rx.cond(state.login_url != "", _login_banner(state.error_text, state.login_url)),
                    *((rx.el.p(lead, class_name="lead"),) if lead else ()),
                    *content,
                ),
            ),
            ("missing", _server_not_found()),
            ("failed", load_error_view(state.error_text, state.retry)),
            _skeleton(),
        ),
        rx.el.p(state.announcement, class_name="unseen", role="status", id="announcement"),
        rx.el.div(
            rx.el.button(on_click=state.refresh, custom_attrs={"data-every": str(refresh_seconds)}, tab_index=-1),
            hidden=True,
        ),
        top_bar=_top_bar(item, title, tools),
        current=item.label,
        other_pages=OtherPages(_rail(item), _bottom_bar(item)),
    )
    return rx.cond(LayoutState.is_operator, page, not_found_page())


def _server_not_found() -> rx.Component:
    return empty_state(
        "search-x",
        web_texts.SERVER_NOT_FOUND,
        texts.SERVER_NOT_FOUND_HINT,
        actions=(link(texts.SERVERS, href=SERVERS_ITEM.href, class_name="button main"),),
    )


def build_panel_title(title: Any) -> Any:
    """Build the title of the browser tab; for everyone but operators that of an unknown page."""
    return rx.cond(LayoutState.is_operator, texts.format_server_tab(title), web_texts.NOT_FOUND_TAB)


def _rail(current: PanelItem) -> rx.Component:
    return rx.fragment(
        rx.el.h2(texts.PANEL),
        *(
            link(
                icon(item.icon),
                rx.el.span(item.label, class_name="name"),
                href=item.href,
                tip=item.label,
                class_name="rail-item",
                aria_current="page" if item is current else "false",
            )
            for item in PANEL_ITEMS
        ),
    )


def _bottom_bar(current: PanelItem) -> rx.Component:
    return rx.el.nav(
        *(
            link(icon(item.icon, 20), item.label, href=item.href, aria_current="page" if item is current else "false")
            for item in PANEL_ITEMS
            if item.is_frequent
        ),
        popover_trigger(
            ACCOUNT_MENU, icon("circle-user", 20), web_texts.ACCOUNT, class_name="", attrs={**WORKS_OFFLINE}
        ),
        class_name="footbar",
        aria_label=web_texts.BOTTOM_NAVIGATION,
    )


def _top_bar(item: PanelItem, title: Any, tools: tuple[rx.Component, ...]) -> rx.Component:
    heading = (
        rx.el.h1(item.label)
        if title is None
        else rx.el.div(
            rx.el.p(link(item.label, href=item.href), class_name="crumb"),
            rx.el.h1(rx.el.bdi(title)),
            style={"minWidth": "0"},
        )
    )
    return rx.el.header(
        rx.el.div(heading, class_name="place"),
        *((rx.el.div(*tools, class_name="tools"),) if tools else ()),
        class_name="topbar",
    )


def _login_banner(text: Any, url: Any) -> rx.Component:
    return rx.el.div(
        icon("lock-keyhole", 18),
        rx.el.span(text),
        rx.el.a(texts.LOG_IN_AGAIN, href=url, reload_document=True, class_name="button small main"),
        role="alert",
        class_name="banner",
    )


def _skeleton() -> rx.Component:
    return rx.fragment(
        rx.el.section(
            skeleton("180px", "18px"),
            *(skeleton("100%", "44px", margin_top="12px") for _ in range(5)),
            class_name="panel",
            style={"padding": "18px"},
        ),
        rx.el.span(web_texts.LOADING, class_name="unseen", role="status"),
    )
