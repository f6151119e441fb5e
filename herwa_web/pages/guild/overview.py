"""Overview page of a server: headline, KPIs, chart, top channels and members, heatmap."""

from typing import Any

import reflex as rx

from herwa_web import texts
from herwa_web.components.chart import plotly_preload
from herwa_web.components.controls import icon, link
from herwa_web.components.status_views import (
    access_denied,
    empty_state,
    load_error_view,
    server_not_found,
    skeleton,
    stale_banner,
)
from herwa_web.layout import page_layout
from herwa_web.layout_state import LayoutState
from herwa_web.pages.guild.channel_icon import channel_icon, name_parts
from herwa_web.pages.guild.chart_panel import kpi_panel
from herwa_web.pages.guild.new_server import new_server_view
from herwa_web.pages.guild.panels import command_panel, heatmap_panel, ranking_panels
from herwa_web.pages.guild.state import OverviewState
from herwa_web.pages.guild.toolbar import toolbar

ROUTE = "/g/[guild_id]"
SHORTCUTS = (
    ("D E H", texts.SHORTCUT_DAYS),
    ("W F T N", texts.SHORTCUT_RANGES),
    ("M P", texts.SHORTCUT_MONTHS),
    ("Y L A", texts.SHORTCUT_YEARS),
    ("C", texts.CHOOSE_DATES),
    ("X", texts.TOGGLE_COMPARISON),
    ("I", texts.CHANGE_INTERVAL),
    ("← →", texts.SHORTCUT_SHIFT),
    ("/", texts.FILTER_BY_CHANNEL),
    ("Esc", texts.CLEAR_FILTER),
)


def overview_page() -> rx.Component:
    """Render the overview page for each phase of `OverviewState`."""
    return page_layout(
        rx.match(
            OverviewState.phase,
            ("ready", _overview_content()),
            ("new", new_server_view(LayoutState.server.name, OverviewState.server_age, LayoutState.server.href)),
            ("no_channel", _unknown_channel_view()),
            ("missing", server_not_found()),
            ("refused", access_denied(OverviewState.error_text, OverviewState.remedy, OverviewState.retry)),
            ("failed", load_error_view(OverviewState.error_text, OverviewState.retry)),
            _overview_skeleton(),
        ),
        rx.el.p(OverviewState.announcement, class_name="unseen", role="status", id="announcement"),
        top_bar=toolbar(),
        current="overview",
        is_loading=OverviewState.phase == "loading",
        shortcuts=SHORTCUTS,
    )


def _overview_content() -> rx.Component:
    overview = OverviewState.overview
    return rx.fragment(
        rx.cond(
            OverviewState.stale_time != "",
            stale_banner(OverviewState.stale_time, OverviewState.error_text, OverviewState.retry),
        ),
        rx.foreach(overview.notes, lambda note: rx.el.div(icon("info", 17), note, class_name="banner", role="status")),
        rx.cond((overview.channel.name != "") | (overview.zoom_label != ""), _chips()),
        rx.el.div(
            rx.el.p(overview.sentence, class_name="sentence"),
            rx.el.p(overview.period_label, class_name="when"),
        ),
        rx.el.div(
            kpi_panel(),
            command_panel(),
            ranking_panels(),
            heatmap_panel(),
            class_name=rx.cond(OverviewState.busy, "panels busy", "panels"),
            aria_busy=OverviewState.busy,
        ),
    )


def _chips() -> rx.Component:
    """Render what narrows the view, each with a link that removes it: the filter's channel and the zoomed period."""
    overview, channel = OverviewState.overview, OverviewState.overview.channel
    return rx.el.div(
        rx.cond(
            channel.name != "",
            _chip(
                channel_icon(channel.kind, 15),
                *name_parts(channel.name, channel.place, rx.cond(channel.is_deleted, texts.DELETED, "")),
                href=OverviewState.hrefs["all_channels"],
                label=texts.CLEAR_FILTER,
                tip=texts.CLEAR_FILTER_TIP,
            ),
        ),
        rx.cond(
            overview.zoom_label != "",
            _chip(
                icon("zoom-in", 15),
                rx.el.span(overview.zoom_label, class_name="name"),
                href=OverviewState.hrefs["zoom_out"],
                label=texts.RESET_ZOOM,
                tip=texts.RESET_ZOOM_TIP,
            ),
        ),
        class_name="chips",
    )


def _chip(*content: rx.Component, href: Any, label: str, tip: str) -> rx.Component:
    return rx.el.span(
        *content, link(icon("x", 15), href=href, letter="Escape", tip=tip, aria_label=label), class_name="chip"
    )


def _unknown_channel_view() -> rx.Component:
    return empty_state(
        "search-x",
        texts.CHANNEL_NOT_FOUND,
        texts.CHANNEL_NOT_FOUND_HINT,
        actions=(
            link(
                texts.CLEAR_FILTER, href=OverviewState.hrefs["all_channels"], letter="Escape", class_name="button main"
            ),
        ),
    )


def _overview_skeleton() -> rx.Component:
    """Render placeholders in the shape of the real panels, and load Plotly meanwhile."""
    return rx.fragment(
        rx.el.div(skeleton("min(620px, 92%)", "26px"), skeleton("190px", "14px", margin_top="10px")),
        rx.el.div(
            rx.el.section(
                rx.el.div(
                    *(
                        rx.el.div(
                            skeleton("60%", "13px"),
                            skeleton("75%", "28px", margin_top="8px"),
                            skeleton("100%", "30px", margin_top="22px"),
                            class_name="kpi",
                        )
                        for _ in range(7)
                    ),
                    class_name="strip",
                    style={"--cells": "7"},
                ),
                rx.el.div(
                    *(rx.el.div(skeleton("80%", "15px"), class_name="kpi small") for _ in range(5)),
                    class_name="more-kpis",
                ),
                rx.el.div(skeleton("100%", "100%"), class_name="chart", style={"padding": "60px 20px 20px"}),
                class_name="panel",
            ),
            rx.el.div(_ranking_skeleton(), _ranking_skeleton(), class_name="pair"),
            class_name="panels",
        ),
        plotly_preload(),
        rx.el.span(texts.LOADING, class_name="unseen", role="status"),
    )


def _ranking_skeleton() -> rx.Component:
    widths = ("94%", "78%", "62%", "50%", "41%", "30%", "24%", "16%", "10%")
    return rx.el.section(
        *(skeleton(width, "34px", margin_top="6px") for width in widths),
        class_name="panel",
        style={"padding": "18px"},
    )
