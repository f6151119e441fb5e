"""The editor of tiers in the operator's panel: features, limits, inheritance; the effect before a save."""

from typing import Any

import reflex as rx

from herwa_web.components.controls import link
from herwa_web.pages.admin import texts as panel_texts
from herwa_web.pages.admin.components import effect_question, field, panel, submit
from herwa_web.pages.admin.frame import TIERS_ITEM, panel_page
from herwa_web.pages.admin.tiers import texts
from herwa_web.pages.admin.tiers.state import AdminTiersState, FeatureBox, LimitField

STATE: Any = AdminTiersState
VIEW: Any = AdminTiersState.view


def tiers_page() -> rx.Component:
    """Render the page."""
    return panel_page(
        AdminTiersState,
        TIERS_ITEM,
        rx.el.nav(
            rx.foreach(
                STATE.tabs,
                lambda tab: link(tab.label, href=tab.href, aria_current=rx.cond(tab.selected, "true", "false")),
            ),
            class_name="segments wrapping",
            aria_label=TIERS_ITEM.label,
        ),
        rx.cond(
            STATE.asking,
            effect_question(STATE.effects, texts.SAVE, save=STATE.save, cancel=STATE.cancel, is_working=STATE.working),
        ),
        rx.el.form(
            panel(
                texts.FEATURES,
                rx.el.p(VIEW.servers, class_name="about padded"),
                rx.el.div(
                    field(
                        texts.INHERITS,
                        rx.el.select(
                            rx.foreach(
                                VIEW.parents,
                                lambda option: rx.el.option(option.label, value=option.value, selected=option.selected),
                            ),
                            name="inherits",
                        ),
                    ),
                    class_name="panel-form plain",
                ),
                rx.el.ul(rx.foreach(VIEW.features, _feature), class_name="check-grid"),
                about=texts.FEATURES_HINT,
            ),
            rx.cond(
                VIEW.can_be_sold,
                panel(
                    texts.SALE,
                    rx.el.div(
                        field(
                            texts.SKU,
                            rx.el.input(
                                name="sku",
                                input_mode="numeric",
                                max_length=19,
                                default_value=VIEW.sku,
                                placeholder=texts.SKU_PLACEHOLDER,
                            ),
                        ),
                        class_name="panel-form plain",
                    ),
                    about=texts.SALE_HINT,
                ),
            ),
            panel(
                texts.LIMITS,
                rx.el.div(rx.foreach(VIEW.limits, _limit), class_name="form-grid padded"),
                rx.el.div(
                    _reason_field(),
                    submit(texts.SHOW_EFFECT, STATE.working),
                    class_name="panel-form",
                ),
                about=texts.LIMITS_HINT,
            ),
            on_submit=STATE.preview,
            hidden=STATE.asking,
            key=VIEW.key,
            class_name="panels",
        ),
        _create_panel(),
        rx.cond(VIEW.can_delete, _delete_panel()),
        lead=texts.LEAD,
    )


def _create_panel() -> rx.Component:
    return panel(
        texts.NEW_TIER,
        rx.el.form(
            rx.el.div(
                field(texts.NAME, rx.el.input(name="title", max_length=64, required=True)),
                field(texts.KEY, rx.el.input(name="key", max_length=32, required=True, placeholder=texts.KEY_HINT)),
                field(
                    texts.ABOVE,
                    rx.el.select(
                        rx.foreach(
                            VIEW.others,
                            lambda option: rx.el.option(option.label, value=option.value, selected=option.selected),
                        ),
                        name="above",
                    ),
                ),
                class_name="form-grid",
            ),
            _reason_field(),
            submit(texts.CREATE, STATE.working),
            on_submit=STATE.create,
            reset_on_submit=True,
            class_name="panel-form",
            aria_label=texts.NEW_TIER,
        ),
        about=texts.NEW_TIER_HINT,
    )


def _delete_panel() -> rx.Component:
    return panel(
        texts.DELETE_TIER,
        rx.el.form(
            _reason_field(),
            submit(texts.DELETE, STATE.working, tone="danger"),
            on_submit=STATE.delete,
            reset_on_submit=True,
            class_name="panel-form",
            aria_label=texts.DELETE_TIER,
        ),
        about=texts.DELETE_HINT,
    )


def _reason_field() -> rx.Component:
    return field(
        panel_texts.REASON,
        rx.el.input(name="reason", max_length=200, required=True, placeholder=panel_texts.REASON_HINT),
    )


def _feature(box: rx.Var[FeatureBox]) -> rx.Component:
    return rx.el.li(
        rx.el.label(
            rx.el.input(
                type="checkbox", name=box.name, value="on", default_checked=box.checked, disabled=box.inherited
            ),
            box.label,
            rx.cond(box.inherited, rx.el.span(texts.INHERITED, class_name="badge")),
        )
    )


def _limit(entry: rx.Var[LimitField]) -> rx.Component:
    return rx.el.div(
        field(entry.label, rx.el.input(name=entry.name, input_mode="numeric", default_value=entry.value)),
        rx.cond(
            entry.can_inherit,
            rx.el.label(
                rx.el.input(type="checkbox", name=entry.inherit_name, value="on", default_checked=entry.inherited),
                texts.SAME_AS_PARENT,
                class_name="about check",
            ),
        ),
    )
