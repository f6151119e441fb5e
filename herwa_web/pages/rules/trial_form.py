"""Try it: the question, the verdict and every step."""

from typing import Any

import reflex as rx

from herwa_web.components.controls import icon
from herwa_web.pages.rules import texts
from herwa_web.pages.rules.selects import channel_select, subject_select
from herwa_web.pages.rules.state import RulesState
from herwa_web.pages.rules.trial import RoleVerdict, TraceStep


def trial_panel() -> rx.Component:
    """Render the form and the result of a trial."""
    return rx.fragment(
        rx.el.form(
            rx.el.p(texts.TRY_HINT, class_name="about"),
            rx.el.div(
                _field(texts.WHO, subject_select()),
                _field(
                    texts.COMMAND_TO_TRY,
                    rx.el.select(
                        rx.foreach(
                            RulesState.trial_commands,
                            lambda option: rx.el.option(option.label, value=option.value),
                        ),
                        name="command",
                    ),
                ),
                _field(texts.CHANNEL_TO_TRY, channel_select()),
                rx.el.button(texts.TRY, type="submit", class_name="button main"),
                class_name="form-grid trial",
            ),
            rx.cond(
                RulesState.trial_error != "", rx.el.p(RulesState.trial_error, class_name="effect red", role="alert")
            ),
            on_submit=RulesState.try_command,
            class_name="panel form-panel",
        ),
        rx.cond(RulesState.trial.verdict != "", _result()),
    )


def _result() -> rx.Component:
    trial = RulesState.trial
    return rx.el.section(
        rx.el.h2(
            rx.cond(trial.allowed, icon("circle-check", 20), icon("ban", 20)),
            rx.el.bdi(trial.verdict),
            class_name=rx.cond(trial.allowed, "verdict good", "verdict bad"),
        ),
        rx.cond(
            trial.roles.length() > 0,
            rx.el.ul(rx.foreach(trial.roles, _role), class_name="trace"),
            rx.el.ol(rx.foreach(trial.steps, _step), class_name="trace"),
        ),
        class_name="panel",
    )


def _role(role: rx.Var[RoleVerdict]) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.cond(role.allowed, icon("check", 16), icon("ban", 16)),
            rx.el.span(rx.cond(role.allowed, texts.ALLOWED, texts.BLOCKED), class_name="unseen"),
            class_name=rx.cond(role.allowed, "effect-mark good", "effect-mark bad"),
        ),
        rx.el.span(
            rx.el.strong(rx.el.bdi(role.label)), rx.el.bdi(role.reason, class_name="about"), class_name="setting-text"
        ),
        rx.el.span(role.members, class_name="origin"),
    )


def _step(step: rx.Var[TraceStep]) -> rx.Component:
    return rx.el.li(
        rx.el.span(step.number, class_name="numbers"),
        rx.el.span(step.mark, class_name="mark-sign " + step.tone, aria_hidden="true"),
        rx.el.span(
            rx.el.strong(step.step),
            rx.el.bdi(step.detail, class_name="about"),
            class_name="setting-text",
        ),
        rx.el.span(step.outcome, class_name="origin"),
        class_name=rx.cond(step.decides, "decides", ""),
        aria_current=rx.cond(step.decides, "true", "false"),
    )


def _field(label: str, control: Any) -> rx.Component:
    return rx.el.label(label, control, class_name="field")
