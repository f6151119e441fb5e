"""The editor of a rule: one sentence, part by part."""

import reflex as rx

from herwa_web.pages.rules import texts
from herwa_web.pages.rules.rule_form import ONLY
from herwa_web.pages.rules.selects import what_select, where_select, who_select
from herwa_web.pages.rules.state import RulesState


def rule_editor() -> rx.Component:
    """Render the editor. A submit adds the rule to the unsaved changes."""
    form = RulesState.form
    return rx.el.form(
        rx.el.h2(rx.cond(form.rule_id == "", texts.NEW_RULE, texts.EDIT_RULE)),
        rx.el.input(type="hidden", name="rule_id", value=form.rule_id),
        rx.el.div(
            _field(texts.WHO, who_select(form.who, form.who_label, auto_focus=True)),
            _field(
                texts.EFFECT,
                rx.el.select(
                    rx.el.option(texts.MAY, value="allow"),
                    rx.el.option(texts.MAY_NOT, value="deny"),
                    rx.el.option(texts.MAY_ALONE, value=ONLY),
                    name="effect",
                    default_value=form.effect,
                ),
            ),
            _field(texts.WHAT, what_select(form.what, form.what_label)),
            _field(texts.WHERE, where_select(form.where, form.where_label)),
            _field(texts.UNTIL, rx.el.input(type="datetime-local", name="until", default_value=form.until)),
            _field(texts.WHY, rx.el.input(type="text", name="note", max_length=200, default_value=form.note)),
            class_name="form-grid",
        ),
        rx.cond(RulesState.form_error != "", rx.el.p(RulesState.form_error, class_name="effect red", role="alert")),
        rx.el.div(
            rx.el.button(texts.CLOSE_EDITOR, type="button", class_name="button", on_click=RulesState.close_editor),
            rx.el.button(texts.ADD_TO_CHANGES, type="submit", class_name="button main"),
            class_name="form-actions",
        ),
        on_submit=RulesState.put_rule,
        class_name="panel form-panel",
        key=form.serial,
        aria_label=texts.EDIT_RULE,
    )


def _field(label: str, control: rx.Component) -> rx.Component:
    return rx.el.label(label, control, class_name="field")
