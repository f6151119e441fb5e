"""The panels of the overview: the strip with the chart, the two lists, the week."""

from typing import Any

import reflex as rx

from herwa_web.components.chart import chart
from herwa_web.components.controls import change, grouped, icon, letter_face, link, spark, tool
from herwa_web.pages.guild.downloads import Downloads
from herwa_web.pages.guild.state import Course, Overview
from herwa_web.pages.guild.view_models import DayShown, KpiShown, RowShown

WIDTHS = {"hour": "Hour", "day": "Day", "week": "Week", "month": "Month"}
HOURS = tuple(range(24))


def numbers() -> rx.Component:
    """The strip; below it the large chart of the chosen cell."""
    return rx.el.section(
        rx.el.div(
            rx.foreach(Overview.laid.kpis, _kpi),
            class_name="strip",
            style={"--cells": Overview.laid.kpis.length()},
        ),
        _chart_head(),
        _key_lines(),
        rx.el.div(
            chart(Course.figure, on_zoom=Overview.zoomed, alt=Overview.laid.sentence),
            _zoom(),
            rx.cond(Overview.laid.counted != "", _uncounted()),
            style={"position": "relative"},
        ),
        rx.cond(Overview.table_open, _table()),
        class_name="panel",
        aria_label="Numbers and their course",
    )


def lists() -> rx.Component:
    """Channels and members side by side."""
    laid = Overview.laid
    return rx.el.div(
        _list("Top channels", laid.channels_by, laid.channels, _channel, "channels"),
        _list("Top members", laid.members_by, laid.members, _member, "members"),
        class_name="pair",
    )


def week() -> rx.Component:
    """Weekday by hour."""
    laid = Overview.laid
    return rx.el.section(
        rx.el.div(
            rx.el.h2("When it happens"),
            rx.el.span(laid.week_by, " by weekday and hour, ", laid.zone, class_name="about"),
            rx.el.div(
                rx.el.span("0", rx.el.i(), grouped(laid.week_most), class_name="scale numbers", aria_hidden="true"),
                tool("download", "Download as CSV", on_click=Downloads.csv("week")),
                class_name="tools",
            ),
            class_name="panel-head",
        ),
        rx.el.div(
            rx.el.table(
                rx.el.thead(
                    rx.el.tr(
                        rx.el.td(style={"width": "92px", "background": "none"}, class_name="corner"),
                        *(
                            rx.el.th(rx.el.span(f"{hour:02}", class_name="odd" if hour % 6 else ""), scope="col")
                            if hour % 3 == 0
                            else rx.el.th(rx.el.span(f"{hour:02}", class_name="unseen"), scope="col")
                            for hour in HOURS
                        ),
                    )
                ),
                rx.el.tbody(rx.foreach(laid.week, _day)),
                aria_label="Hours of the week",
            ),
            class_name="week",
        ),
        class_name="panel",
    )


def _kpi(kpi: KpiShown) -> rx.Component:
    return link(
        rx.el.span(kpi.title, class_name="label"),
        rx.el.span(kpi.value, class_name=rx.cond(kpi.counted, "value", "value none")),
        rx.cond(kpi.counted, change(kpi.change, kpi.tone), rx.el.span("not counted", class_name="change")),
        spark(kpi.line, kpi.area),
        href=kpi.href,
        tip=kpi.tip,
        class_name="kpi",
        aria_current=kpi.chosen,
    )


def _chart_head() -> rx.Component:
    laid = Overview.laid
    return rx.el.div(
        rx.el.h2(laid.metric, custom_attrs={"data-tip": laid.about}, tab_index=0),
        rx.el.div(
            rx.el.div(
                *(
                    link(
                        label,
                        href=Overview.hrefs[f"interval_{width}"],
                        aria_current=laid.interval == width,
                        hidden=Overview.hrefs[f"interval_{width}"] == rx.Var("undefined"),
                    )
                    for width, label in WIDTHS.items()
                ),
                role="group",
                aria_label="Interval",
                class_name="segments",
            ),
            link("Next interval", href=Overview.hrefs["interval"], letter="I", hidden=True),
            tool("table-2", "View as a table", on_click=Overview.turn_table, aria_pressed=Overview.table_open),
            tool("download", "Download as CSV", on_click=Downloads.csv("course")),
            tool("image-down", "Download as a picture", on_click=Downloads.png),
            tool("terminal", "Copy as curl", attrs={"data-copy": laid.curl}),
            class_name="tools",
        ),
        class_name="panel-head",
    )


def _key_lines() -> rx.Component:
    laid = Overview.laid
    return rx.el.div(
        rx.el.span(laid.range_title, class_name="key-line"),
        rx.cond(laid.compare_title != "", rx.el.span(laid.compare_title, class_name="key-line faint")),
        rx.cond(laid.gaps, rx.el.span("not counted", class_name="key-line gap")),
        class_name="key-lines",
    )


def _zoom() -> rx.Component:
    return rx.cond(
        Overview.zoom_text != "",
        rx.el.div(
            link(
                icon("zoom-in", 15),
                "Use ",
                Overview.zoom_text,
                href=Overview.zoom_href,
                class_name="button small main",
            ),
            class_name="zoom",
        ),
    )


def _uncounted() -> rx.Component:
    return rx.el.div(
        rx.el.b(Overview.laid.counted),
        link("Show all time", href=Overview.hrefs["range_all"], class_name="button small"),
        class_name="blank over",
    )


def _table() -> rx.Component:
    return rx.el.div(
        rx.el.table(
            rx.el.thead(
                rx.el.tr(
                    rx.el.th("Interval", scope="col"),
                    rx.el.th(Overview.laid.metric, scope="col"),
                    rx.cond(Overview.laid.compare != "off", rx.el.th("Before", scope="col")),
                )
            ),
            rx.el.tbody(rx.foreach(Overview.table, lambda row: rx.el.tr(rx.foreach(row, rx.el.td)))),
        ),
        class_name="sheet-table",
        tab_index=0,
        role="region",
        aria_label="The points of the chart",
    )


def _list(title: str, by: Any, rows: Any, row: Any, panel: str) -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h2(title),
            rx.el.span("by ", by, class_name="about"),
            rx.el.div(tool("download", "Download as CSV", on_click=Downloads.csv(panel)), class_name="tools"),
            class_name="panel-head",
        ),
        rx.cond(
            rows.length() > 0,
            rx.el.ol(rx.foreach(rows, lambda one: rx.el.li(row(one))), class_name="bars"),
            rx.el.div("Nobody and nothing in this period.", class_name="blank"),
        ),
        class_name="panel",
        id=panel,
        aria_label=title,
    )


def _channel(row: RowShown) -> rx.Component:
    return link(
        rx.el.span("#", class_name="sign", aria_hidden="true"),
        rx.el.bdi(row.name, class_name="name"),
        rx.el.span(row.value, class_name="value"),
        change(row.change, row.tone),
        href=row.href,
        class_name="bar",
        style={"--share": row.share},
        aria_current=row.chosen,
    )


def _member(row: RowShown) -> rx.Component:
    return rx.el.div(
        letter_face(row.hue, row.initial, size=22),
        rx.el.bdi(row.name, class_name="name"),
        rx.el.span(row.value, class_name="value"),
        change(row.change, row.tone),
        class_name="bar",
        style={"--share": row.share},
    )


def _day(day: DayShown) -> rx.Component:
    return rx.el.tr(
        rx.el.th(day.short, rx.el.span(day.rest, class_name="rest"), scope="row"),
        rx.foreach(day.hours, lambda value, hour: _hour(day, value, hour)),
    )


def _hour(day: DayShown, value: Any, hour: Any) -> rx.Component:
    words = f"{day.name}, {hour}:00: " + grouped(value)
    return rx.el.td(
        grouped(value),
        tab_index=rx.cond((hour == 0) & (day.name == "Monday"), 0, -1),
        style={"--v": (value / Overview.laid.week_most).to(float)},
        custom_attrs={"data-tip": words},
    )
