"""The list of servers in the operator's panel."""

from typing import Any

import reflex as rx

from herwa_web import texts as web_texts
from herwa_web.components.controls import avatar, icon, link
from herwa_web.components.status_views import empty_state
from herwa_web.pages.admin.components import meter
from herwa_web.pages.admin.frame import SERVERS_ITEM, panel_page
from herwa_web.pages.admin.servers import texts
from herwa_web.pages.admin.servers.state import AdminServersState, PanelServerRow

STATE = AdminServersState


def servers_page() -> rx.Component:
    """Render the page."""
    return panel_page(
        STATE,
        SERVERS_ITEM,
        _search_form(),
        rx.cond(
            STATE.rows.length() > 0,
            rx.el.section(
                rx.el.ul(rx.foreach(STATE.rows, _row), class_name="settings"),
                rx.cond(STATE.has_more, rx.el.p(texts.MORE, class_name="footnote")),
                class_name="panel",
                aria_label=SERVERS_ITEM.label,
            ),
            rx.cond(
                STATE.is_filtered,
                empty_state("search-x", texts.NO_MATCHES, texts.NO_MATCHES_HINT),
                empty_state(
                    "server",
                    texts.NO_SERVERS,
                    texts.NO_SERVERS_HINT,
                    actions=(link(web_texts.MY_SERVERS, href="/", class_name="button main"),),
                ),
            ),
        ),
    )


def _search_form() -> rx.Component:
    return rx.el.form(
        rx.el.label(
            texts.SEARCH,
            rx.el.input(
                type="search",
                name="q",
                placeholder=texts.SEARCH_HINT,
                default_value=STATE.search_text,
                key=STATE.search_text,
                auto_complete="off",
                custom_attrs={"data-key": "/"},
            ),
            class_name="field wide",
        ),
        _select(texts.TIER, "tier", STATE.tier_options),
        _select(texts.SIZE, "size", STATE.size_options),
        _select(texts.ACTIVITY, "activity", STATE.activity_options),
        _select(texts.TROUBLE, "trouble", STATE.trouble_options),
        rx.el.button(icon("search", 16), texts.APPLY, type="submit", class_name="button main"),
        rx.cond(STATE.is_filtered, link(texts.CLEAR, href=SERVERS_ITEM.href, class_name="button plain")),
        on_submit=STATE.search,
        class_name="filter-form",
        role="search",
    )


def _select(label: str, name: str, options: Any) -> rx.Component:
    return rx.el.label(
        label,
        rx.el.select(
            rx.foreach(
                options, lambda option: rx.el.option(option.label, value=option.value, selected=option.selected)
            ),
            name=name,
        ),
        class_name="field",
    )


def _row(row: rx.Var[PanelServerRow]) -> rx.Component:
    return rx.el.li(
        link(
            avatar(row.picture, row.hue, row.initial, size=34),
            rx.el.span(
                rx.el.span(
                    rx.el.bdi(row.name, class_name="name"),
                    rx.cond(row.is_paid, rx.el.span(row.tier, class_name="badge green")),
                    rx.foreach(row.trouble, lambda text: rx.el.span(text, class_name="badge amber")),
                    class_name="setting-title",
                ),
                rx.el.span(rx.el.span(row.id), class_name="about facts numbers"),
                class_name="setting-text",
            ),
            rx.el.span(
                rx.el.span(row.members, class_name="numbers"),
                meter(row.share),
                rx.el.span(row.events, class_name="about numbers"),
                class_name="server-size",
            ),
            href=row.href,
            class_name="server-row",
        )
    )
