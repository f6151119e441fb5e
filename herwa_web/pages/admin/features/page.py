"""Features in the operator's panel: kill switches with a reason that people see, lowest tiers."""

from typing import Any

import reflex as rx

from herwa_web import texts as web_texts
from herwa_web.pages.admin import texts as panel_texts
from herwa_web.pages.admin.components import effect_question, field
from herwa_web.pages.admin.features import texts
from herwa_web.pages.admin.features.state import MOVE, SWITCH, AdminFeaturesState, PanelFeatureRow
from herwa_web.pages.admin.frame import FEATURES_ITEM, panel_page

STATE: Any = AdminFeaturesState


def operator_features_page() -> rx.Component:
    """Render the page."""
    return panel_page(
        AdminFeaturesState,
        FEATURES_ITEM,
        rx.el.section(
            rx.el.h2(FEATURES_ITEM.label, class_name="unseen"),
            rx.el.ul(rx.foreach(STATE.rows, _row), class_name="settings"),
            class_name="panel",
            aria_label=FEATURES_ITEM.label,
        ),
        lead=texts.LEAD,
    )


def _row(row: rx.Var[PanelFeatureRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.h3(row.label),
                rx.el.code(row.key),
                rx.el.span(row.tier, class_name="badge"),
                rx.cond(row.switch != "", rx.el.span(texts.OFF, class_name="badge red")),
                class_name="setting-title",
            ),
            rx.cond(row.switch != "", rx.el.p(rx.el.bdi(row.switch), class_name="about")),
            rx.cond(STATE.action == f"{SWITCH}:" + row.key, _switch_form()),
            rx.cond(STATE.action == f"{MOVE}:" + row.key, _move_form()),
            class_name="setting-text",
        ),
        rx.el.div(
            _button(texts.MOVE, row, STATE.start_action(MOVE, row.key)),
            rx.cond(
                row.can_switch,
                rx.cond(
                    row.switch != "",
                    _button(texts.SWITCH_ON, row, STATE.switch_on(row.key)),
                    _button(texts.SWITCH_OFF, row, STATE.start_action(SWITCH, row.key)),
                ),
                rx.el.span(texts.ESSENTIAL, class_name="badge"),
            ),
            class_name="row-tools",
        ),
        class_name="setting",
    )


def _button(label: str, row: Any, on_click: Any) -> rx.Component:
    return rx.el.button(
        label, type="button", class_name="button small", aria_label=f"{label}: {row.label}", on_click=on_click
    )


def _switch_form() -> rx.Component:
    return rx.el.form(
        rx.el.label(
            texts.WHY,
            rx.el.input(name="reason", max_length=200, required=True, auto_focus=True, placeholder=texts.WHY_HINT),
            class_name="question",
        ),
        _form_buttons(texts.SWITCH_OFF, "button small danger"),
        on_submit=STATE.switch_off,
        class_name="confirm",
    )


def _move_form() -> rx.Component:
    return rx.cond(
        STATE.asking,
        effect_question(
            STATE.effects, texts.SAVE, save=STATE.save, cancel=STATE.start_action("", ""), is_working=STATE.working
        ),
        rx.el.form(
            rx.el.div(
                field(
                    texts.LOWEST_TIER,
                    rx.el.select(
                        rx.foreach(STATE.tiers, lambda option: rx.el.option(option.label, value=option.value)),
                        name="tier",
                        auto_focus=True,
                    ),
                ),
                field(
                    panel_texts.REASON,
                    rx.el.input(name="reason", max_length=200, required=True, placeholder=panel_texts.REASON_HINT),
                ),
                class_name="form-grid",
            ),
            _form_buttons(texts.SHOW_EFFECT, "button small main"),
            on_submit=STATE.preview,
            class_name="confirm",
        ),
    )


def _form_buttons(label: str, class_name: str) -> rx.Component:
    return rx.el.div(
        rx.el.button(web_texts.CANCEL, type="button", class_name="button small", on_click=STATE.start_action("", "")),
        rx.el.button(label, type="submit", class_name=class_name, disabled=STATE.working),
        class_name="form-actions start",
    )
