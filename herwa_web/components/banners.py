"""Banners of the layout: state of the connection and of the API, announcements, exports, an operator's view."""

import reflex as rx

from herwa_web import texts
from herwa_web.components.controls import icon, link
from herwa_web.layout_state import LayoutState
from herwa_web.navigation import EXPORTS_ITEM


def connection_banner() -> rx.Component:
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


def news_banner() -> rx.Component:
    """Render the announcements of the operators to this server."""
    return rx.fragment(
        rx.foreach(
            LayoutState.news,
            lambda text: rx.el.div(icon("megaphone", 18), rx.el.span(rx.el.bdi(text)), class_name="banner news-banner"),
        )
    )


def export_banner() -> rx.Component:
    """Render the notice about the user's finished exports. It ends when they open the page Exports."""
    return rx.cond(
        LayoutState.export_notice != "",
        rx.el.div(
            icon(EXPORTS_ITEM.icon, 18),
            rx.el.span(LayoutState.export_notice),
            link(texts.EXPORTS, href=LayoutState.server.href + EXPORTS_ITEM.path, class_name="button small"),
            role="status",
            class_name="banner calm",
        ),
    )


def view_banner() -> rx.Component:
    """Render the banner of an operator's view of a server."""
    return rx.cond(
        LayoutState.view_text != "",
        rx.el.div(
            icon("eye", 18),
            rx.el.span(rx.el.bdi(LayoutState.view_text)),
            link(texts.OPERATOR_PANEL, href=LayoutState.view_href, class_name="button small"),
            role="status",
            class_name="banner view-banner",
        ),
    )


def api_banner() -> rx.Component:
    """Render the banner that says that the API does not respond."""
    return rx.cond(
        LayoutState.is_api_up,
        rx.fragment(),
        rx.el.div(icon("plug-zap", 18), texts.API_DOWN, role="status", class_name="banner"),
    )
