"""The frame of a server's page that has no controls of its own: top bar, states, announcements."""

from typing import Any

import reflex as rx

from herwa_web import texts
from herwa_web.components.controls import avatar, link
from herwa_web.components.offer import offer_banner
from herwa_web.components.status_views import access_denied, load_error_view, server_not_found, skeleton, stale_banner
from herwa_web.layout import page_layout
from herwa_web.layout_state import LayoutState
from herwa_web.navigation import NavigationItem

REFRESH_INTERVAL_SECONDS = 15


def guild_page(
    state: Any,
    item: NavigationItem,
    *content: rx.Component,
    tools: tuple[rx.Component, ...] = (),
    lead: str = "",
    has_offer: bool = False,
) -> rx.Component:
    """Render a page of a server in each phase of its state, a `GuildPageState`.

    `lead` is a sentence under the heading, `tools` are controls in the top bar. `has_offer`: the page shows what the
    tier lacks, so it offers the next one.
    """
    return page_layout(
        rx.match(
            state.phase,
            ("ready", _ready(state, *content, lead=lead, has_offer=has_offer)),
            ("missing", server_not_found()),
            ("refused", access_denied(state.error_text, state.remedy, state.retry)),
            ("failed", load_error_view(state.error_text, state.retry)),
            _page_skeleton(),
        ),
        rx.el.p(state.announcement, class_name="unseen", role="status", id="announcement"),
        rx.el.div(
            rx.el.button(
                on_click=state.refresh, custom_attrs={"data-every": str(REFRESH_INTERVAL_SECONDS)}, tab_index=-1
            ),
            hidden=True,
        ),
        top_bar=_top_bar(item, tools),
        current=item.name,
        is_loading=state.phase == "loading",
    )


def _ready(state: Any, *content: rx.Component, lead: str, has_offer: bool) -> rx.Component:
    return rx.fragment(
        rx.cond(state.stale_time != "", stale_banner(state.stale_time, state.error_text, state.retry)),
        *((rx.el.p(lead, class_name="lead"),) if lead else ()),
        *((offer_banner(),) if has_offer else ()),
        *content,
    )


def _top_bar(item: NavigationItem, tools: tuple[rx.Component, ...]) -> rx.Component:
    server = LayoutState.server
    return rx.el.header(
        rx.el.div(
            rx.cond(
                server.id != "",
                rx.fragment(
                    link(
                        avatar(server.picture, server.hue, server.initial, size=36),
                        href=server.href,
                        aria_label=server.name,
                        tab_index=-1,
                        class_name="crumb-picture",
                    ),
                    rx.el.div(
                        rx.el.p(rx.el.bdi(server.name), class_name="crumb", custom_attrs={"dir": "auto"}),
                        rx.el.h1(item.label),
                        style={"minWidth": "0"},
                    ),
                ),
                rx.el.h1(item.label),
            ),
            class_name="place",
        ),
        *((rx.el.div(*tools, class_name="tools"),) if tools else ()),
        class_name="topbar",
    )


def _page_skeleton() -> rx.Component:
    return rx.fragment(
        *(
            rx.el.section(
                skeleton("180px", "18px"),
                *(skeleton("100%", "44px", margin_top="12px") for _ in range(count)),
                class_name="panel",
                style={"padding": "18px"},
            )
            for count in (2, 3, 2)
        ),
        rx.el.span(texts.LOADING, class_name="unseen", role="status"),
    )
