"""How one server does, in five seconds: a sentence, the numbers, their course, who and where, and when."""

import reflex as rx

from herwa_web.components.chart import fetched_early
from herwa_web.components.controls import icon, link
from herwa_web.components.status_views import bone, failed, missing, refused, stale
from herwa_web.layout import shell
from herwa_web.pages.guild.panels import lists, numbers, week
from herwa_web.pages.guild.state import Overview
from herwa_web.pages.guild.toolbar import foot, toolbar

ROUTE = "/g/[guild_id]"
KEYS = (
    ("D E H", "Today, yesterday, last 24 hours"),
    ("W F T N", "Last 7, 28, 30, 91 days"),
    ("M P", "This month, last month"),
    ("Y L A", "This year, 12 months, all time"),
    ("C", "Choose dates"),
    ("X", "Compare or not"),
    ("I", "Next interval"),
    ("← →", "One period back or on"),
    ("/", "Narrow to a channel"),
    ("Esc", "The whole server again"),
)


def overview() -> rx.Component:
    """The page in whichever state it is."""
    return shell(
        rx.match(
            Overview.phase,
            ("ready", _ready()),
            ("missing", missing(Overview.fault)),
            ("refused", refused(Overview.fault, Overview.mend, Overview.retry)),
            ("failed", failed(Overview.fault, Overview.retry)),
            _loading(),
        ),
        bar=toolbar(),
        current="overview",
        server=Overview.server,
        foot=foot(),
        keys=KEYS,
    )


def _ready() -> rx.Component:
    laid = Overview.laid
    return rx.fragment(
        rx.cond(Overview.stale != "", stale(Overview.stale, Overview.fault, Overview.retry)),
        rx.foreach(laid.notes, lambda note: rx.el.div(icon("info", 17), note, class_name="banner", role="status")),
        rx.cond(laid.channel != "", _chips()),
        rx.el.div(
            rx.el.p(laid.sentence, class_name="sentence"),
            rx.el.p(laid.when, class_name="when"),
            aria_live="polite",
        ),
        rx.el.div(
            numbers(),
            lists(),
            week(),
            class_name=rx.cond(Overview.busy, "panels busy", "panels"),
            aria_busy=Overview.busy,
        ),
    )


def _chips() -> rx.Component:
    return rx.el.div(
        rx.el.span(
            "Channel is ",
            rx.el.b("#", rx.el.bdi(Overview.laid.channel)),
            link(
                icon("x", 15),
                href=Overview.hrefs["whole"],
                letter="Escape",
                tip="The whole server again (Esc)",
                aria_label="Show the whole server again",
            ),
            class_name="chip",
        ),
        class_name="chips",
    )


def _loading() -> rx.Component:
    """The real shape, before anything is known."""
    return rx.fragment(
        rx.el.div(bone("min(620px, 92%)", "26px"), bone("190px", "14px", margin_top="10px")),
        rx.el.div(
            rx.el.section(
                rx.el.div(
                    *(
                        rx.el.div(
                            bone("60%", "13px"),
                            bone("75%", "28px", margin_top="8px"),
                            bone("100%", "30px", margin_top="22px"),
                            class_name="kpi",
                        )
                        for _ in range(7)
                    ),
                    class_name="strip",
                    style={"--cells": "7"},
                ),
                rx.el.div(bone("100%", "100%"), class_name="chart", style={"padding": "60px 20px 20px"}),
                class_name="panel",
            ),
            rx.el.div(_loading_list(), _loading_list(), class_name="pair"),
            class_name="panels",
        ),
        fetched_early(),
        rx.el.span("Loading", class_name="unseen", role="status"),
    )


def _loading_list() -> rx.Component:
    widths = ("94%", "78%", "62%", "50%", "41%", "30%", "24%", "16%", "10%")
    return rx.el.section(
        *(bone(width, "34px", margin_top="6px") for width in widths),
        class_name="panel",
        style={"padding": "18px"},
    )
