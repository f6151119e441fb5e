"""Panels of the overview below the chart: top channels and members, heatmap."""

from typing import Any

import reflex as rx

from herwa_shared.charts.text.series_texts import NO_DATA
from herwa_web import texts
from herwa_web.components.controls import delta, format_grouped, icon_button, letter_avatar, link
from herwa_web.pages.guild.channel_icon import channel_icon, name_parts
from herwa_web.pages.guild.downloads import DownloadState
from herwa_web.pages.guild.panel_tables import Panel
from herwa_web.pages.guild.state import OverviewState
from herwa_web.pages.guild.view_models import FUTURE_HOUR, NO_DATA_HOUR, RowView, WeekdayView

HOURS = tuple(range(24))


def ranking_panels() -> rx.Component:
    """Render the rankings of channels and members side by side."""
    overview = OverviewState.overview
    return rx.el.div(
        _ranking_panel(texts.TOP_CHANNELS, overview.channels_metric, overview.channels, _channel_row, Panel.CHANNELS),
        _ranking_panel(
            texts.TOP_MEMBERS,
            overview.members_metric,
            overview.members,
            _member_row,
            Panel.MEMBERS,
            hidden_text=overview.no_members_text,
        ),
        class_name="pair",
    )


def command_panel() -> rx.Component:
    """Render the commands that were used, or the steps that refused them, while such a metric is selected."""
    overview = OverviewState.overview
    return rx.cond(
        overview.commands_title != "",
        _ranking_panel(
            overview.commands_title, overview.metric_title.lower(), overview.commands, _command_row, Panel.COMMANDS
        ),
    )


def heatmap_panel() -> rx.Component:
    """Render the activity by weekday and hour."""
    overview = OverviewState.overview
    return rx.el.section(
        rx.el.div(
            rx.el.h2(texts.BUSIEST_TIMES),
            rx.el.span(texts.describe_heatmap(overview.week_metric, overview.zone), class_name="about"),
            rx.el.div(
                rx.cond(overview.week_has_gaps, rx.el.span(NO_DATA, class_name="key-line hatched")),
                rx.el.span(
                    "0", rx.el.i(), format_grouped(overview.week_max), class_name="scale numbers", aria_hidden="true"
                ),
                *download_buttons(Panel.WEEK),
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
                            rx.el.th(f"{hour:02}", scope="col")
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


def download_buttons(panel: Panel) -> tuple[rx.Component, rx.Component]:
    """Render the buttons that download a panel: a workbook for people, CSV for programs."""
    return (
        icon_button("file-spreadsheet", texts.DOWNLOAD_XLSX, on_click=DownloadState.download_xlsx(panel.value)),
        icon_button("download", texts.DOWNLOAD_CSV, on_click=DownloadState.download_csv(panel.value)),
    )


def _ranking_panel(
    title: Any, metric: Any, rows: Any, row_builder: Any, panel: Panel, *, hidden_text: Any = ""
) -> rx.Component:
    """Render a ranking. `hidden_text` says why the user does not see it; empty if they do."""
    empty_text = rx.cond(hidden_text != "", hidden_text, OverviewState.overview.no_rows_text)
    return rx.el.section(
        rx.el.div(
            rx.el.h2(title),
            rx.el.span(texts.describe_ranking(metric), class_name="about"),
            rx.el.div(*download_buttons(panel), class_name="tools"),
            class_name="panel-head",
        ),
        rx.cond(
            rows.length() > 0,
            rx.el.ol(rx.foreach(rows, lambda item: rx.el.li(row_builder(item))), class_name="bars"),
            rx.el.div(empty_text, class_name="blank"),
        ),
        class_name="panel",
        id=panel.value,
        aria_label=title,
    )


def _channel_row(row: RowView) -> rx.Component:
    """Render a channel: a link that filters the page, unless nothing is known about the channel."""
    parts = (
        channel_icon(row.kind, 16),
        *name_parts(row.name, row.place, row.mark),
        rx.el.span(row.value, class_name="value"),
        delta(row.change, row.tone),
    )
    style = {"--share": row.share}
    return rx.cond(
        row.href != "",
        link(*parts, href=row.href, tip=row.tip, class_name="bar", style=style, aria_current=row.selected),
        rx.el.div(*parts, class_name="bar", style=style, custom_attrs={"data-tip": row.tip}),
    )


def _member_row(row: RowView) -> rx.Component:
    """Render a member. There is no page of a single member, so it is no link."""
    return rx.el.div(
        letter_avatar(row.hue, row.initial, size=22),
        *name_parts(row.name, row.place, row.mark),
        rx.el.span(row.value, class_name="value"),
        delta(row.change, row.tone),
        rx.el.span(row.tip, class_name="unseen"),
        class_name="bar",
        style={"--share": row.share},
        custom_attrs={"data-tip": row.tip},
    )


def _command_row(row: RowView) -> rx.Component:
    return rx.el.div(
        *name_parts(row.name, row.place, row.mark),
        rx.el.span(row.value, class_name="value"),
        rx.el.span(row.tip, class_name="unseen"),
        class_name="bar",
        style={"--share": row.share},
        custom_attrs={"data-tip": row.tip},
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
