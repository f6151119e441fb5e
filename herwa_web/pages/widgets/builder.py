"""The controls of the builder: what the widget shows, how it looks, who may embed it."""

from collections.abc import Mapping
from typing import Any

import reflex as rx

from herwa_shared.services.widget_settings import MAX_NAME_LENGTH, MAX_RADIUS
from herwa_web.components.controls import icon
from herwa_web.components.setting_rows import setting_row
from herwa_web.components.switch import switch
from herwa_web.pages.target_options import Option
from herwa_web.pages.widgets import texts
from herwa_web.pages.widgets.state import WidgetsState
from herwa_web.pages.widgets.view_models import MetricChoice

STATE: Any = WidgetsState
VALUES: Any = WidgetsState.builder_values
DEBOUNCE_MILLISECONDS = 250


def builder_controls() -> rx.Component:
    """Render the controls for the selected widget."""
    return rx.el.section(
        rx.el.div(rx.el.h2(texts.TITLE), class_name="panel-head"),
        rx.cond(
            WidgetsState.field_error != "",
            rx.el.p(icon("circle-alert", 15), WidgetsState.field_error, class_name="effect red", role="alert"),
        ),
        rx.el.ul(
            setting_row(
                texts.FIELDS["is_on"],
                "",
                switch(VALUES.is_on, texts.FIELDS["is_on"], on_click=WidgetsState.toggle_visible),
            ),
            rx.cond(WidgetsState.is_page, rx.fragment(), _widget_rows()),
            rx.cond(WidgetsState.is_page | (VALUES.template != "channels"), _metrics_row(), _channels_row()),
            setting_row(texts.FIELDS["days"], "", _segments("days", texts.DAYS, VALUES.days)),
            setting_row(
                texts.FIELDS["color_scheme"], "", _segments("color_scheme", texts.SCHEMES, VALUES.color_scheme)
            ),
            setting_row(texts.FIELDS["accent"], "", _accent()),
            setting_row(texts.FIELDS["background"], "", _background()),
            setting_row(texts.FIELDS["radius"], "", _radius()),
            setting_row(texts.FIELDS["size"], "", _segments("size", texts.SIZES, VALUES.size)),
            setting_row(
                texts.FIELDS["number_format"],
                "",
                _segments("number_format", texts.NUMBER_FORMATS, VALUES.number_format),
            ),
            setting_row(
                texts.FIELDS["invite"],
                texts.INVITE_HINT,
                _text_input("invite", VALUES.invite, placeholder=texts.INVITE_PLACEHOLDER, max_length=80),
            ),
            rx.cond(WidgetsState.is_page, rx.fragment(), _sites_row()),
            class_name="settings",
        ),
        class_name="panel widget-controls",
        aria_label=texts.TITLE,
        key=WidgetsState.selected,
    )


def _widget_rows() -> rx.Component:
    return rx.fragment(
        setting_row(
            texts.FIELDS["name"],
            texts.NAME_HINT,
            _text_input("name", VALUES.name, max_length=MAX_NAME_LENGTH),
        ),
        rx.el.li(
            rx.el.h3(texts.FIELDS["template"]),
            rx.el.div(
                *(_template(key, label, tag) for key, (label, tag) in texts.TEMPLATES.items()),
                class_name="widget-templates",
                role="group",
                aria_label=texts.FIELDS["template"],
            ),
            class_name="setting stacked",
        ),
    )


def _template(key: str, label: str, tag: str) -> rx.Component:
    return rx.el.button(
        icon(tag, 22),
        rx.el.span(label),
        type="button",
        aria_pressed=VALUES.template == key,
        on_click=STATE.put_value("template", key),
    )


def _metrics_row() -> rx.Component:
    return rx.el.li(
        rx.el.div(rx.el.h3(texts.FIELDS["metrics"]), rx.el.p(texts.METRICS_HINT, class_name="about")),
        rx.el.div(
            rx.foreach(WidgetsState.metrics, _metric),
            class_name="widget-choices",
            role="group",
            aria_label=texts.FIELDS["metrics"],
        ),
        class_name="setting stacked",
    )


def _metric(choice: rx.Var[MetricChoice]) -> rx.Component:
    return rx.el.button(
        rx.cond(choice.position != "", rx.el.span(choice.position, class_name="badge", aria_hidden="true")),
        choice.label,
        type="button",
        aria_pressed=choice.position != "",
        class_name="button small",
        on_click=STATE.toggle_item("metrics", choice.key),
    )


def _channels_row() -> rx.Component:
    return rx.el.li(
        rx.el.div(rx.el.h3(texts.FIELDS["channel_ids"]), rx.el.p(texts.CHANNELS_HINT, class_name="about")),
        rx.el.ul(rx.foreach(WidgetsState.channels, _channel), class_name="chips"),
        rx.el.select(
            rx.el.option(texts.ADD_CHANNEL, value=""),
            rx.foreach(WidgetsState.other_channels, lambda option: rx.el.option(option.label, value=option.value)),
            value="",
            on_change=lambda value: STATE.toggle_item("channel_ids", value),
            aria_label=texts.ADD_CHANNEL,
        ),
        class_name="setting stacked",
    )


def _channel(option: rx.Var[Option]) -> rx.Component:
    return _chip(option.label, texts.REMOVE_CHANNEL, STATE.toggle_item("channel_ids", option.value))


def _sites_row() -> rx.Component:
    return rx.el.li(
        rx.el.div(rx.el.h3(texts.FIELDS["sites"]), rx.el.p(texts.SITES_HINT, class_name="about")),
        rx.cond(
            WidgetsState.sites.length() > 0,
            rx.el.ul(
                rx.foreach(WidgetsState.sites, lambda site: _chip(site, texts.REMOVE_SITE, STATE.remove_site(site))),
                class_name="chips",
            ),
        ),
        rx.el.form(
            rx.el.input(
                name="site", placeholder=texts.SITE_PLACEHOLDER, aria_label=texts.FIELDS["sites"], max_length=200
            ),
            rx.el.button(texts.ADD_SITE, type="submit", class_name="button small"),
            on_submit=WidgetsState.add_site,
            class_name="widget-inline",
            key="sites " + WidgetsState.serial,
        ),
        class_name="setting stacked",
    )


def _chip(label: Any, remove: str, on_click: Any) -> rx.Component:
    return rx.el.li(
        rx.el.bdi(label, class_name="name"),
        rx.el.button(icon("x", 14), type="button", aria_label=f"{remove} {label}", on_click=on_click),
        class_name="chip",
    )


def _segments(field: str, labels: Mapping[str, str], value: Any) -> rx.Component:
    return rx.el.div(
        *(
            rx.el.button(label, type="button", aria_pressed=value == key, on_click=STATE.put_value(field, key))
            for key, label in labels.items()
        ),
        class_name="segments",
        role="group",
        aria_label=texts.FIELDS[field],
    )


def _accent() -> rx.Component:
    return rx.el.div(
        _color_input("accent", VALUES.accent),
        rx.el.button(
            texts.THEME_COLOR,
            type="button",
            aria_pressed=~VALUES.is_own_accent,
            class_name="button small",
            on_click=STATE.put_value("accent", ""),
        ),
        class_name="widget-inline",
    )


def _background() -> rx.Component:
    return rx.el.div(
        rx.cond(VALUES.background_kind == "own", _color_input("background", VALUES.background)),
        rx.el.select(
            *(rx.el.option(label, value=kind) for kind, label in texts.BACKGROUNDS.items()),
            value=VALUES.background_kind,
            on_change=lambda kind: STATE.put_value("background_kind", kind),
            aria_label=texts.FIELDS["background"],
        ),
        class_name="widget-inline",
    )


def _radius() -> rx.Component:
    return rx.el.div(
        rx.el.input(
            type="range",
            min="0",
            max=str(MAX_RADIUS),
            default_value=VALUES.radius,
            on_change=lambda value: STATE.put_value("radius", value).debounce(DEBOUNCE_MILLISECONDS),
            aria_label=texts.FIELDS["radius"],
            key="radius " + WidgetsState.serial,
        ),
        rx.el.output(VALUES.radius, " px", class_name="numbers"),
        class_name="widget-inline",
    )


def _color_input(field: str, value: Any) -> rx.Component:
    return rx.el.input(
        type="color",
        default_value=value,
        on_change=lambda color: STATE.put_value(field, color).debounce(DEBOUNCE_MILLISECONDS),
        aria_label=texts.FIELDS[field],
        key=f"{field} " + WidgetsState.serial,
        class_name="widget-color",
    )


def _text_input(field: str, value: Any, **props: Any) -> rx.Component:
    return rx.el.input(
        default_value=value,
        on_change=lambda text: STATE.put_value(field, text).debounce(2 * DEBOUNCE_MILLISECONDS),
        aria_label=texts.FIELDS[field],
        key=f"{field} " + WidgetsState.serial,
        **props,
    )
