"""Panels of the overview: KPI strip with the chart, top channels and members, heatmap."""

from typing import Any

import reflex as rx

from herwa_shared.charts.text.series_texts import NO_DATA
from herwa_web import texts
from herwa_web.components.chart import chart
from herwa_web.components.controls import (
    delta,
    format_grouped,
    icon,
    icon_button,
    info_button,
    letter_avatar,
    link,
    sparkline,
)
from herwa_web.pages.guild.downloads import DownloadState
from herwa_web.pages.guild.state import ChartState, OverviewState
from herwa_web.pages.guild.view_models import FUTURE_HOUR, NO_DATA_HOUR, KpiView, RowView, WeekdayView

HOURS = tuple(range(24))


def kpi_panel() -> rx.Component:
    """Render the KPI strip and, below it, the large chart of the selected metric."""
    return rx.el.section(
        rx.el.div(
            rx.foreach(OverviewState.overview.kpis, _kpi_cell),
            class_name="strip",
            style={"--cells": OverviewState.overview.kpis.length()},
        ),
        _chart_header(),
        _chart_legend(),
        rx.el.div(
            chart(ChartState.figure, on_zoom=OverviewState.on_zoom, alt=OverviewState.overview.sentence),
            _zoom_button(),
            rx.cond(OverviewState.overview.empty_text != "", _no_data_overlay()),
            style={"position": "relative"},
        ),
        rx.cond(OverviewState.table_open, _points_table()),
        class_name="panel",
        aria_label=texts.STATISTICS,
    )


def ranking_panels() -> rx.Component:
    """Render the rankings of channels and members side by side."""
    overview = OverviewState.overview
    return rx.el.div(
        _ranking_panel(texts.TOP_CHANNELS, overview.channels_metric, overview.channels, _channel_row, "channels"),
        _ranking_panel(texts.TOP_MEMBERS, overview.members_metric, overview.members, _member_row, "members"),
        class_name="pair",
    )


def heatmap_panel() -> rx.Component:
    """Render the activity by weekday and hour."""
    overview = OverviewState.overview
    return rx.el.section(
        rx.el.div(
            rx.el.h2(texts.BUSIEST_TIMES),
            rx.el.span(texts.describe_heatmap(overview.week_metric, overview.zone), class_name="about"),
            rx.el.div(
                rx.el.span(
                    "0", rx.el.i(), format_grouped(overview.week_max), class_name="scale numbers", aria_hidden="true"
                ),
                icon_button("download", texts.DOWNLOAD_CSV, on_click=DownloadState.download_csv("week")),
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
                rx.el.tbody(rx.foreach(overview.week, _weekday_row)),
                aria_label=texts.HEATMAP_CAPTION,
            ),
            class_name="week",
        ),
        class_name="panel",
    )


def _kpi_cell(kpi: KpiView) -> rx.Component:
    return link(
        rx.el.span(kpi.label, class_name="label"),
        rx.el.span(kpi.value, class_name=rx.cond(kpi.has_data, "value", "value none")),
        rx.cond(kpi.has_data, delta(kpi.change, kpi.tone), rx.el.span(NO_DATA, class_name="change")),
        sparkline(kpi.line, kpi.area),
        href=kpi.href,
        tip=kpi.tip,
        class_name="kpi",
        aria_current=kpi.selected,
    )


def _chart_header() -> rx.Component:
    overview = OverviewState.overview
    return rx.el.div(
        rx.el.h2(overview.metric_title),
        info_button(texts.format_definition_label(overview.metric_title), overview.metric_description),
        rx.el.div(
            rx.el.div(
                *(
                    link(
                        label,
                        href=OverviewState.hrefs[f"interval_{interval}"],
                        aria_current=overview.interval == interval,
                        hidden=OverviewState.hrefs[f"interval_{interval}"] == rx.Var("undefined"),
                    )
                    for interval, label in texts.INTERVALS.items()
                ),
                role="group",
                aria_label=texts.INTERVAL,
                class_name="segments",
            ),
            link(texts.CHANGE_INTERVAL, href=OverviewState.hrefs["interval"], letter="I", hidden=True),
            icon_button(
                "table-2",
                texts.VIEW_AS_TABLE,
                on_click=OverviewState.toggle_table,
                aria_pressed=OverviewState.table_open,
            ),
            icon_button("download", texts.DOWNLOAD_CSV, on_click=DownloadState.download_csv("course")),
            icon_button("image-down", texts.DOWNLOAD_PNG, on_click=DownloadState.download_png),
            icon_button(
                "terminal",
                texts.COPY_AS_CURL,
                attrs={"data-copy": overview.curl_command, "data-copied": texts.COPIED, "data-offline-ok": ""},
            ),
            class_name="tools",
        ),
        class_name="panel-head",
    )


def _chart_legend() -> rx.Component:
    overview = OverviewState.overview
    return rx.el.div(
        rx.el.span(overview.range_title, class_name="key-line"),
        rx.cond(overview.comparison_title != "", rx.el.span(overview.comparison_title, class_name="key-line faint")),
        rx.cond(overview.has_gaps, rx.el.span(NO_DATA, class_name="key-line gap")),
        class_name="key-lines",
    )


def _zoom_button() -> rx.Component:
    return rx.cond(
        OverviewState.zoom_text != "",
        rx.el.div(
            link(
                icon("zoom-in", 15),
                texts.describe_zoom(OverviewState.zoom_text),
                href=OverviewState.zoom_href,
                class_name="button small main",
            ),
            class_name="zoom",
        ),
    )


def _no_data_overlay() -> rx.Component:
    return rx.el.div(
        rx.el.b(OverviewState.overview.empty_text),
        link(texts.SHOW_ALL_TIME, href=OverviewState.hrefs["range_all"], class_name="button small"),
        class_name="blank over",
    )


def _points_table() -> rx.Component:
    return rx.el.div(
        rx.el.table(
            rx.el.thead(
                rx.el.tr(
                    rx.el.th(texts.TABLE_DATE, scope="col"),
                    rx.el.th(OverviewState.overview.metric_title, scope="col"),
                    rx.cond(OverviewState.overview.comparison != "off", rx.el.th(texts.TABLE_PREVIOUS, scope="col")),
                )
            ),
            rx.el.tbody(rx.foreach(OverviewState.table, lambda row: rx.el.tr(rx.foreach(row, rx.el.td)))),
        ),
        class_name="sheet-table",
        tab_index=0,
        role="region",
        aria_label=texts.TABLE_CAPTION,
    )


def _ranking_panel(title: str, metric: Any, rows: Any, row_builder: Any, panel: str) -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h2(title),
            rx.el.span(texts.describe_ranking(metric), class_name="about"),
            rx.el.div(
                icon_button("download", texts.DOWNLOAD_CSV, on_click=DownloadState.download_csv(panel)),
                class_name="tools",
            ),
            class_name="panel-head",
        ),
        rx.cond(
            rows.length() > 0,
            rx.el.ol(rx.foreach(rows, lambda item: rx.el.li(row_builder(item))), class_name="bars"),
            rx.el.div(texts.NO_ROWS, class_name="blank"),
        ),
        class_name="panel",
        id=panel,
        aria_label=title,
    )


def _channel_row(row: RowView) -> rx.Component:
    return link(
        rx.el.span("#", class_name="sign", aria_hidden="true"),
        rx.el.bdi(row.name, class_name="name"),
        rx.el.span(row.value, class_name="value"),
        delta(row.change, row.tone),
        href=row.href,
        class_name="bar",
        style={"--share": row.share},
        aria_current=row.selected,
    )


def _member_row(row: RowView) -> rx.Component:
    return rx.el.div(
        letter_avatar(row.hue, row.initial, size=22),
        rx.el.bdi(row.name, class_name="name"),
        rx.el.span(row.value, class_name="value"),
        delta(row.change, row.tone),
        class_name="bar",
        style={"--share": row.share},
    )


def _weekday_row(day: WeekdayView) -> rx.Component:
    return rx.el.tr(
        rx.el.th(day.short_name, rx.el.span(day.name_rest, class_name="rest"), scope="row"),
        rx.foreach(day.hours, lambda value, hour: _hour_cell(day, value, hour)),
    )


def _hour_cell(day: WeekdayView, value: Any, hour: Any) -> rx.Component:
    has_value = (value != NO_DATA_HOUR) & (value != FUTURE_HOUR)
    number = value.to(int)
    text = rx.cond(has_value, format_grouped(number), rx.cond(value == NO_DATA_HOUR, NO_DATA, ""))
    return rx.el.td(
        text,
        tab_index=rx.cond((hour == 0) & (day.name == "Monday"), 0, -1),
        class_name=rx.cond(has_value, "", rx.cond(value == NO_DATA_HOUR, "no-data", "future")),
        style={"--v": rx.cond(has_value, (number / OverviewState.overview.week_max).to(float), 0)},
        custom_attrs={"data-tip": rx.cond(value == FUTURE_HOUR, "", f"{day.name}, {hour}:00: {text}")},
    )
