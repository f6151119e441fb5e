"""Features page: modules with their features, what each needs, and switches."""

from typing import Any

import reflex as rx

from herwa_web.components.controls import icon
from herwa_web.components.guild_frame import guild_page
from herwa_web.components.save_bar import save_bar
from herwa_web.components.switch import switch
from herwa_web.navigation import FEATURES_ITEM
from herwa_web.pages.features import texts
from herwa_web.pages.features.state import FeaturesState
from herwa_web.pages.features.view_models import FeatureRow, ModuleCard

STATE: Any = FeaturesState
"""The state without its type: mypy does not know that handlers can be called with arguments."""


def features_page() -> rx.Component:
    """Render the features page."""
    return guild_page(
        FeaturesState,
        FEATURES_ITEM,
        rx.el.div(rx.foreach(FeaturesState.modules, _module), class_name="modules"),
        save_bar(FeaturesState),
        lead=texts.LEAD,
        has_offer=True,
    )


def _module(module: rx.Var[ModuleCard]) -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.div(rx.el.h2(module.label), rx.el.p(module.sentence, class_name="about")),
            rx.cond(
                module.has_switch,
                switch(module.on, module.switch_label, on_click=STATE.toggle_module(module.key)),
            ),
            class_name="panel-head setting-head",
        ),
        rx.el.ul(rx.foreach(module.features, _feature), class_name="settings"),
        class_name="panel",
    )


def _feature(feature: rx.Var[FeatureRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.h3(feature.label),
                rx.el.span(feature.tier, class_name="badge"),
                rx.cond(feature.note != "", _note(feature)),
                class_name="setting-title",
            ),
            rx.el.p(feature.sentence, class_name="about"),
            rx.cond(feature.detail != "", rx.el.p(feature.detail, class_name="about")),
            rx.el.div(
                rx.foreach(feature.uses, rx.el.code),
                rx.cond(feature.usage != "", rx.el.span(feature.usage, class_name="change numbers")),
                class_name="uses",
            ),
            class_name="setting-text",
        ),
        switch(
            feature.on,
            feature.label,
            on_click=STATE.toggle_feature(feature.key),
            disabled=feature.locked,
        ),
        class_name="setting",
    )


def _note(feature: Any) -> rx.Component:
    return rx.el.span(icon("lock", 12), feature.note, class_name="badge " + feature.tone)
