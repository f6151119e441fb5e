"""The tests of rules: list and form."""

from typing import Any

import reflex as rx

from herwa_web.components.controls import icon, icon_button
from herwa_web.pages.rules import texts
from herwa_web.pages.rules.rule_form import EVERYONE_VALUE
from herwa_web.pages.rules.rule_tests import TestRow
from herwa_web.pages.rules.state import RulesState

STATE: Any = RulesState


def tests_panel() -> rx.Component:
    """Render the tests, each with its result, and the form of a new one."""
    return rx.fragment(
        rx.cond(
            RulesState.tests.length() > 0,
            rx.el.section(
                rx.el.ul(rx.foreach(RulesState.tests, _test), class_name="settings"),
                class_name="panel",
                aria_label=texts.TABS["tests"],
            ),
            rx.el.section(
                icon("flask-conical", 28),
                rx.el.h2(texts.NO_TESTS),
                rx.el.p(texts.NO_TESTS_HINT),
                class_name="blank empty-note",
            ),
        ),
        _form(),
    )


def _test(test: rx.Var[TestRow]) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.cond(test.passes, icon("check", 16), icon("x", 16)),
            rx.el.span(rx.cond(test.passes, texts.PASSES, texts.FAILS), class_name="unseen"),
            class_name=rx.cond(test.passes, "effect-mark good", "effect-mark bad"),
        ),
        rx.el.div(
            rx.el.h3(rx.el.bdi(test.name)),
            rx.el.p(rx.el.bdi(test.sentence), class_name="about"),
            class_name="setting-text",
        ),
        icon_button("trash-2", texts.DELETE_TEST, on_click=STATE.remove_test(test.key)),
        class_name="setting",
    )


def _form() -> rx.Component:
    return rx.el.form(
        rx.el.h2(texts.NEW_TEST),
        rx.el.div(
            _field(texts.TEST_NAME, rx.el.input(name="name", max_length=80, placeholder=texts.TEST_PLACEHOLDER)),
            _field(
                texts.WHO,
                rx.el.select(
                    rx.el.option(texts.WITHOUT_ROLES, value=EVERYONE_VALUE),
                    rx.foreach(RulesState.role_options, lambda option: rx.el.option(option.label, value=option.value)),
                    name="who",
                ),
            ),
            _field(
                texts.EFFECT,
                rx.el.select(
                    rx.el.option(texts.MAY, value="allow"), rx.el.option(texts.MAY_NOT, value="deny"), name="effect"
                ),
            ),
            _field(
                texts.COMMAND,
                rx.el.select(
                    rx.foreach(
                        RulesState.command_options, lambda option: rx.el.option(option.label, value=option.value)
                    ),
                    name="what",
                ),
            ),
            class_name="form-grid four",
        ),
        rx.cond(RulesState.test_error != "", rx.el.p(RulesState.test_error, class_name="effect red", role="alert")),
        rx.el.div(rx.el.button(texts.ADD_TEST, type="submit", class_name="button main"), class_name="form-actions"),
        on_submit=RulesState.add_test,
        reset_on_submit=True,
        class_name="panel form-panel",
        aria_label=texts.NEW_TEST,
    )


def _field(label: str, control: rx.Component) -> rx.Component:
    return rx.el.label(label, control, class_name="field")
