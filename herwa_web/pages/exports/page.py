"""Exports page: exports with their progress, the form of a new one with a preview of its rows."""

from typing import Any

import reflex as rx

from herwa_shared.exports.tables import DataSet, ExportFormat
from herwa_web import texts as web_texts
from herwa_web.components.confirmation import confirmation
from herwa_web.components.controls import icon
from herwa_web.components.guild_frame import guild_page
from herwa_web.components.message_row import message_row
from herwa_web.components.status_views import empty_state
from herwa_web.navigation import EXPORTS_ITEM
from herwa_web.pages.exports import texts
from herwa_web.pages.exports.state import ExportsState
from herwa_web.pages.exports.view_models import ExportRow, PreviewBar

STATE: Any = ExportsState
WATCH_INTERVAL_SECONDS = 2


def exports_page() -> rx.Component:
    """Render the exports page."""
    return guild_page(
        ExportsState,
        EXPORTS_ITEM,
        rx.el.div(
            rx.el.button(
                icon("plus", 16),
                texts.NEW_EXPORT,
                type="button",
                class_name="button main",
                on_click=ExportsState.open_form,
                custom_attrs={"data-key": "N"},
            ),
            class_name="filter-row end",
        ),
        rx.cond(ExportsState.creating, _form()),
        rx.cond(
            ExportsState.rows.length() > 0,
            rx.el.section(
                rx.el.ul(rx.foreach(ExportsState.rows, _row), class_name="settings"),
                class_name="panel",
                aria_label=EXPORTS_ITEM.label,
            ),
            rx.cond(
                ExportsState.creating, rx.fragment(), empty_state("package", texts.NO_EXPORTS, texts.NO_EXPORTS_HINT)
            ),
        ),
        rx.el.section(
            rx.el.ul(
                message_row(texts.MESSAGES, texts.MESSAGES_HINT, ExportsState),
                class_name="settings",
            ),
            class_name="panel",
            aria_label=texts.MESSAGES,
        ),
        rx.cond(
            ExportsState.is_watching,
            rx.el.div(
                rx.el.button(
                    on_click=ExportsState.refresh,
                    custom_attrs={"data-every": str(WATCH_INTERVAL_SECONDS)},
                    tab_index=-1,
                ),
                hidden=True,
            ),
        ),
        lead=texts.LEAD,
        has_offer=True,
    )


def _row(row: rx.Var[ExportRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.h3(row.label),
                rx.el.span(row.state, class_name="badge " + row.tone),
                class_name="setting-title",
            ),
            rx.el.p(rx.foreach(row.facts, rx.el.span), class_name="about facts"),
            rx.cond(
                row.percent >= 0,
                rx.el.progress(value=row.percent, max=100, aria_label=row.label, class_name="progress"),
            ),
            rx.cond(row.note != "", rx.el.p(row.note, class_name="about numbers")),
            *(_question(action, row) for action in texts.QUESTIONS),
            class_name="setting-text",
        ),
        rx.el.div(
            rx.cond(
                row.is_ready,
                rx.fragment(
                    _action(texts.DOWNLOAD, "download", row, STATE.download(row.key), main=True),
                    _action(texts.DELETE, "trash-2", row, STATE.ask_first("delete", row.key)),
                ),
            ),
            rx.cond(
                row.is_running,
                rx.fragment(
                    rx.cond(
                        row.is_paused,
                        _action(texts.RESUME, "play", row, STATE.resume(row.key)),
                        _action(texts.PAUSE, "pause", row, STATE.pause(row.key)),
                    ),
                    _action(web_texts.CANCEL, "x", row, STATE.ask_first("cancel", row.key)),
                ),
            ),
            class_name="row-tools",
        ),
        class_name="setting",
    )


def _question(action: str, row: Any) -> rx.Component:
    return rx.cond(
        ExportsState.question == action + ":" + row.key,
        confirmation(
            texts.QUESTIONS[action],
            texts.CONFIRM[action],
            on_confirm=ExportsState.confirm,
            on_cancel=ExportsState.close_question,
            is_working=ExportsState.working,
        ),
    )


def _action(label: str, tag: str, row: Any, on_click: Any, *, main: bool = False) -> rx.Component:
    return rx.el.button(
        icon(tag, 15),
        label,
        type="button",
        aria_label=label + ": " + row.label,
        class_name="button small main" if main else "button small",
        on_click=on_click,
    )


def _form() -> rx.Component:
    return rx.el.section(
        rx.el.h2(texts.NEW_EXPORT),
        _choices(texts.DATA, *(_data_choice(data_set) for data_set in texts.DATA_SETS)),
        _choices(texts.FORMAT, *(_format_choice(export_format) for export_format in texts.FORMATS)),
        rx.el.div(
            rx.el.label(
                texts.PERIOD,
                rx.el.select(
                    *(rx.el.option(label, value=days) for days, label in texts.PERIODS.items()),
                    value=ExportsState.period,
                    on_change=lambda value: STATE.choose("period", value),
                ),
                class_name="field",
            ),
            rx.cond(
                ExportsState.period == texts.CUSTOM,
                rx.fragment(
                    _day_field(texts.FIRST_DAY, "first_day", ExportsState.first_day),
                    _day_field(texts.LAST_DAY, "last_day", ExportsState.last_day),
                ),
            ),
            rx.el.label(
                texts.CHANNEL,
                rx.el.select(
                    rx.el.option(texts.ALL_CHANNELS, value=""),
                    rx.foreach(ExportsState.channels, lambda option: rx.el.option(option.label, value=option.value)),
                    value=ExportsState.channel,
                    on_change=lambda value: STATE.choose("channel", value),
                ),
                class_name="field",
            ),
            class_name="form-grid",
        ),
        rx.cond(
            ExportsState.can_see_members,
            _choice(
                "checkbox",
                texts.MEMBERS,
                texts.MEMBERS_HINT,
                checked=ExportsState.with_members,
                on_change=STATE.choose("members", ""),
            ),
        ),
        _preview(),
        rx.cond(ExportsState.form_error != "", rx.el.p(ExportsState.form_error, class_name="effect red", role="alert")),
        rx.el.div(
            rx.el.button(web_texts.CANCEL, type="button", class_name="button", on_click=ExportsState.close_form),
            rx.el.button(
                texts.START,
                type="button",
                class_name="button main",
                on_click=ExportsState.start_export,
                disabled=ExportsState.working
                | ExportsState.counting
                | (ExportsState.data_sets.length() == 0)
                | (ExportsState.preview.summary == "")
                | (ExportsState.preview.refusal != ""),
            ),
            class_name="form-actions",
        ),
        class_name="panel form-panel",
        aria_label=texts.NEW_EXPORT,
    )


def _day_field(label: str, field: str, value: Any) -> rx.Component:
    return rx.el.label(
        label,
        rx.el.input(type="date", value=value, on_change=lambda day: STATE.choose(field, day)),
        class_name="field",
    )


def _preview() -> rx.Component:
    preview = ExportsState.preview
    return rx.el.div(
        rx.cond(
            ExportsState.counting,
            rx.el.p(texts.COUNTING, class_name="about"),
            rx.fragment(
                rx.el.p(preview.summary, class_name="numbers"),
                rx.el.ul(rx.foreach(preview.bars, _bar), class_name="export-bars"),
                rx.cond(preview.border != "", rx.el.p(preview.border, class_name="about")),
            ),
        ),
        rx.cond(preview.refusal != "", rx.el.p(icon("sparkles", 15), preview.refusal, class_name="effect amber")),
        class_name="export-preview",
        role="status",
    )


def _bar(bar: rx.Var[PreviewBar]) -> rx.Component:
    return rx.el.li(
        rx.el.span(bar.label),
        rx.el.span(
            rx.el.span(style={"width": bar.share.to_string() + "%"}), class_name="export-bar", aria_hidden="true"
        ),
        rx.el.span(bar.rows, class_name="about numbers"),
    )


def _choices(label: str, *choices: rx.Component) -> rx.Component:
    return rx.el.fieldset(rx.el.legend(label), rx.el.div(*choices, class_name="radio-cards"), class_name="places")


def _data_choice(data_set: DataSet) -> rx.Component:
    title, hint = texts.DATA_SETS[data_set]
    return _choice(
        "checkbox",
        title,
        hint,
        checked=ExportsState.data_sets.contains(data_set.value),
        on_change=STATE.choose("data", data_set.value),
        needs_premium=data_set is not DataSet.SUMMARIES,
    )


def _format_choice(export_format: ExportFormat) -> rx.Component:
    title, hint = texts.FORMATS[export_format]
    return _choice(
        "radio",
        title,
        hint,
        checked=ExportsState.export_format == export_format.value,
        on_change=STATE.choose("format", export_format.value),
        needs_premium=export_format is not ExportFormat.CSV,
    )


def _choice(
    kind: str, title: str, hint: str, *, checked: Any, on_change: Any, needs_premium: bool = False
) -> rx.Component:
    badge = (
        (rx.cond(ExportsState.has_history, rx.fragment(), rx.el.span(texts.PREMIUM, class_name="badge amber")),)
        if needs_premium
        else ()
    )
    return rx.el.label(
        rx.el.input(type=kind, checked=checked, on_change=on_change, class_name="radio"),
        rx.el.span(rx.el.strong(title, " ", *badge), rx.el.span(hint, class_name="about")),
        class_name="radio-card",
    )
