"""The panel of the KPI strip and, below it, the large chart of the selected metric."""

import reflex as rx

from herwa_shared.analytics.results import Interval
from herwa_web import texts
from herwa_web.components.chart import chart
from herwa_web.components.controls import delta, icon_button, info_button, link, sparkline
from herwa_web.pages.guild import tile_texts
from herwa_web.pages.guild.chart_views import LegendEntry, PointRow
from herwa_web.pages.guild.downloads import DownloadState
from herwa_web.pages.guild.panel_tables import Panel
from herwa_web.pages.guild.panels import download_buttons
from herwa_web.pages.guild.state import FigureState, OverviewState
from herwa_web.pages.guild.view_models import KpiView


def kpi_panel() -> rx.Component:
    """Render the KPI strip and, below it, the large chart of the selected metric."""
    return rx.el.section(
        rx.el.div(
            rx.foreach(OverviewState.overview.kpis, _kpi_cell),
            class_name="strip",
            style={"--cells": OverviewState.overview.kpis.length()},
        ),
        rx.el.div(
            rx.foreach(OverviewState.overview.more_kpis, _small_kpi_cell),
            class_name="more-kpis",
            role="group",
            aria_label=tile_texts.MORE_METRICS,
        ),
        _chart_header(),
        _chart_legend(),
        rx.el.div(
            chart(
                FigureState.figure,
                on_zoom=OverviewState.on_zoom,
                on_point=OverviewState.on_point,
                on_double_click=OverviewState.zoom_out,
                alt=OverviewState.overview.sentence,
            ),
            rx.cond(OverviewState.overview.empty_text != "", _no_data_overlay()),
            style={"position": "relative"},
        ),
        rx.cond(OverviewState.table_open, _points_table()),
        class_name="panel",
        aria_label=texts.STATISTICS,
    )


def _kpi_cell(kpi: KpiView) -> rx.Component:
    return link(
        rx.el.span(kpi.label, class_name="label"),
        rx.el.span(kpi.value, class_name=rx.cond(kpi.has_data, "value", "value none")),
        delta(kpi.change, kpi.tone),
        sparkline(kpi.line, kpi.area),
        href=kpi.href,
        tip=kpi.tip,
        class_name="kpi",
        aria_current=kpi.selected,
    )


def _small_kpi_cell(kpi: KpiView) -> rx.Component:
    return link(
        rx.el.span(kpi.label, class_name="label"),
        rx.el.span(kpi.value, class_name=rx.cond(kpi.has_data, "value", "value none")),
        delta(kpi.change, kpi.tone),
        href=kpi.href,
        tip=kpi.tip,
        class_name="kpi small",
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
            *download_buttons(Panel.COURSE),
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
        rx.el.ul(rx.foreach(overview.legend, _legend_entry), aria_label=texts.LEGEND, class_name="key-lines"),
        rx.cond(overview.comparison_problem != "", rx.el.p(overview.comparison_problem, class_name="key-line plain")),
        rx.el.p(
            rx.cond(overview.interval == Interval.HOUR.value, texts.ZOOM_HINT_HOURS, texts.ZOOM_HINT),
            class_name="key-line plain zoom-hint",
            aria_hidden="true",
        ),
        class_name="key-row",
    )


def _legend_entry(entry: LegendEntry) -> rx.Component:
    return rx.el.li(entry.label, class_name="key-line " + entry.mark)


def _no_data_overlay() -> rx.Component:
    return rx.el.div(
        rx.el.b(OverviewState.overview.empty_text),
        link(texts.SHOW_ALL_TIME, href=OverviewState.hrefs["range_all"], class_name="button small"),
        class_name="blank over",
    )


def _points_table() -> rx.Component:
    has_base = OverviewState.overview.base_label != ""
    return rx.el.div(
        rx.el.table(
            rx.el.thead(
                rx.el.tr(
                    rx.el.th(texts.TABLE_DATE, scope="col"),
                    rx.el.th(OverviewState.overview.metric_title, scope="col"),
                    rx.cond(has_base, rx.el.th(OverviewState.overview.base_label, scope="col")),
                )
            ),
            rx.el.tbody(rx.foreach(OverviewState.table, lambda row: _point_row(row, has_base))),
        ),
        class_name="sheet-table",
        tab_index=0,
        role="region",
        aria_label=texts.TABLE_CAPTION,
    )


def _point_row(row: PointRow, has_base: rx.Var[bool]) -> rx.Component:
    """Render a row of the table. Its date zooms into the interval, as a click on the chart does."""
    return rx.el.tr(
        rx.el.td(
            rx.cond(row.href != "", link(row.label, href=row.href, aria_label=row.href_label), row.label),
        ),
        rx.el.td(row.value),
        rx.cond(has_base, rx.el.td(row.previous)),
    )
