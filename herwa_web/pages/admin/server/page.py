"""One server in the operator's panel: tier, usage, keys, errors, audit log, notes."""

from typing import Any

import reflex as rx

from herwa_shared.catalog import Limit
from herwa_web import texts as web_texts
from herwa_web.components.controls import icon
from herwa_web.pages.admin import texts as panel_texts
from herwa_web.pages.admin.components import field, meter, panel, rows_or, submit, text_row
from herwa_web.pages.admin.frame import SERVERS_ITEM, panel_page
from herwa_web.pages.admin.server import texts
from herwa_web.pages.admin.server.state import LIMIT_PREFIX, AdminServerState
from herwa_web.pages.admin.server.view_models import OverrideRow, PeriodBar, TextRow, UsageBar

STATE: Any = AdminServerState
VIEW: Any = AdminServerState.view


def server_page() -> rx.Component:
    """Render the page."""
    return panel_page(
        AdminServerState,
        SERVERS_ITEM,
        rx.el.p(
            rx.el.code(VIEW.id),
            rx.foreach(VIEW.facts, rx.el.span),
            rx.foreach(VIEW.trouble, lambda text: rx.el.span(text, class_name="badge amber")),
            class_name="about facts",
        ),
        rx.el.div(
            _tier_panel(),
            panel(
                texts.USAGE,
                rx.el.ul(rx.foreach(VIEW.usage, _usage), class_name="usage-bars"),
                about=texts.USAGE_HINT,
            ),
            _overrides_panel(),
            _view_panel(),
            _notes_panel(),
            panel(texts.KEYS, rows_or(VIEW.api_keys, text_row, texts.NO_KEYS)),
            panel(texts.ERRORS, rows_or(VIEW.errors, text_row, texts.NO_ERRORS)),
            class_name="panels two",
        ),
        panel(texts.ENTRIES, rows_or(VIEW.log, text_row, texts.NO_ENTRIES)),
        title=VIEW.name,
    )


def _tier_panel() -> rx.Component:
    return panel(
        texts.TIER,
        rx.el.p(rx.el.strong(VIEW.tier), " ", rx.el.span(VIEW.tier_end, class_name="about"), class_name="tier-now"),
        rx.cond(
            VIEW.periods.length() > 0,
            rx.el.ul(rx.foreach(VIEW.periods, _period), class_name="periods", aria_label=texts.HISTORY),
            rx.el.p(texts.NO_HISTORY, class_name="about padded"),
        ),
        rx.el.form(
            rx.el.div(
                field(
                    texts.ACT,
                    rx.el.select(*(rx.el.option(label, value=act) for act, label in texts.ACTS.items()), name="act"),
                ),
                field(texts.TIER, _select("tier", STATE.tiers)),
                _days_field(),
                _reason_field(),
                class_name="form-grid",
            ),
            submit(texts.SAVE, STATE.working),
            on_submit=STATE.change_tier,
            key=STATE.serial + "tier",
            class_name="panel-form",
            aria_label=texts.TIER,
        ),
    )


def _period(period: rx.Var[PeriodBar]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.strong(period.label),
            rx.el.span(period.state, class_name="badge " + period.tone),
            rx.el.span(period.source, class_name="badge " + period.source_tone),
            rx.el.span(rx.el.bdi(period.detail), class_name="about"),
            class_name="setting-title",
        ),
        rx.el.span(
            rx.el.span(style={"marginLeft": f"{period.start}%", "width": f"{period.width}%"}),
            class_name="meter " + period.tone,
            aria_hidden="true",
        ),
    )


def _usage(usage: rx.Var[UsageBar]) -> rx.Component:
    return rx.el.li(
        rx.el.span(usage.label),
        rx.el.span(usage.hint, class_name="about"),
        rx.cond(usage.note != "", rx.el.span(usage.note, class_name="badge green")),
        rx.el.span(usage.text, class_name="numbers end"),
        meter(usage.percent, usage.tone),
    )


def _overrides_panel() -> rx.Component:
    return panel(
        texts.OVERRIDES,
        rows_or(VIEW.overrides, _override, texts.NO_OVERRIDES),
        rx.el.form(
            rx.el.div(
                field(
                    texts.WHAT,
                    rx.el.select(
                        rx.el.optgroup(
                            rx.foreach(STATE.features, lambda option: rx.el.option(option.label, value=option.value)),
                            label=texts.FEATURES,
                        ),
                        rx.el.optgroup(
                            *(
                                rx.el.option(texts.LIMIT_TITLES[limit], value=f"{LIMIT_PREFIX}{limit.value}")
                                for limit in Limit
                            ),
                            label=texts.LIMITS,
                        ),
                        name="what",
                    ),
                ),
                field(texts.VALUE, rx.el.input(name="value", input_mode="numeric", placeholder=texts.VALUE_HINT)),
                _days_field(),
                _reason_field(),
                class_name="form-grid",
            ),
            submit(texts.ADD, STATE.working),
            on_submit=STATE.add_override,
            key=STATE.serial + "override",
            class_name="panel-form",
            aria_label=texts.OVERRIDES,
        ),
    )


def _override(row: rx.Var[OverrideRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.h3(row.label),
                rx.el.span(row.state, class_name="badge " + row.tone),
                class_name="setting-title",
            ),
            rx.el.p(rx.el.bdi(row.detail), class_name="about"),
            rx.cond((STATE.ending != "") & (STATE.ending == row.key), _end_form()),
            class_name="setting-text",
        ),
        rx.cond(
            row.key != "",
            rx.el.button(
                texts.END,
                type="button",
                class_name="button small",
                aria_label=f"{texts.END}: {row.label}",
                on_click=STATE.start_ending(row.key),
            ),
        ),
        class_name="setting",
    )


def _end_form() -> rx.Component:
    return rx.el.form(
        rx.el.label(
            texts.END_QUESTION,
            rx.el.input(name="reason", max_length=200, required=True, auto_focus=True),
            class_name="question",
        ),
        rx.el.div(
            rx.el.button(web_texts.CANCEL, type="button", class_name="button small", on_click=STATE.start_ending("")),
            rx.el.button(texts.END, type="submit", class_name="button small danger", disabled=STATE.working),
            class_name="form-actions start",
        ),
        on_submit=STATE.end_override,
        class_name="confirm",
    )


def _view_panel() -> rx.Component:
    return panel(
        texts.VIEW_AS,
        rx.el.form(
            _reason_field(),
            rx.el.div(
                rx.el.button(texts.STOP_VIEW, type="button", class_name="button", on_click=STATE.stop_view),
                rx.el.button(
                    icon("eye", 16),
                    texts.START_VIEW,
                    type="submit",
                    class_name="button main",
                    disabled=STATE.working,
                ),
                class_name="form-actions",
            ),
            on_submit=STATE.start_view,
            class_name="panel-form",
            aria_label=texts.VIEW_AS,
        ),
        about=texts.VIEW_HINT,
    )


def _notes_panel() -> rx.Component:
    return panel(
        texts.NOTES,
        rows_or(VIEW.notes, _note, texts.NO_NOTES),
        rx.el.form(
            field(texts.NOTE, rx.el.textarea(name="text", max_length=500, required=True, rows="2")),
            submit(texts.ADD, STATE.working),
            on_submit=STATE.add_note,
            key=STATE.serial + "note",
            class_name="panel-form",
            aria_label=texts.NOTES,
        ),
        about=texts.NOTES_HINT,
    )


def _note(row: rx.Var[TextRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(rx.el.bdi(row.label)),
            rx.el.p(rx.foreach(row.facts, rx.el.span), class_name="about facts"),
            class_name="setting-text",
        ),
        rx.el.button(
            icon("trash-2", 15),
            type="button",
            class_name="button plain small square",
            aria_label=f"{texts.DELETE}: {row.label}",
            on_click=STATE.delete_note(row.key),
        ),
        class_name="setting",
    )


def _days_field() -> rx.Component:
    return field(
        panel_texts.DAYS,
        rx.el.input(name="days", type="number", min=1, max=3650, placeholder=panel_texts.DAYS_HINT),
    )


def _reason_field() -> rx.Component:
    return field(
        panel_texts.REASON,
        rx.el.input(name="reason", max_length=200, required=True, placeholder=panel_texts.REASON_HINT),
    )


def _select(name: str, options: Any) -> rx.Component:
    return rx.el.select(
        rx.foreach(options, lambda option: rx.el.option(option.label, value=option.value, selected=option.selected)),
        name=name,
    )
