"""Access rules page: rules, matrix, Try it, templates, requests, and the editor."""

from typing import Any

import reflex as rx

from herwa_web.components.controls import icon, icon_button, letter_avatar, link
from herwa_web.components.guild_frame import guild_page
from herwa_web.components.save_bar import save_bar
from herwa_web.components.status_views import empty_state
from herwa_web.navigation import RULES_ITEM
from herwa_web.pages.rules import texts
from herwa_web.pages.rules.editor import rule_editor
from herwa_web.pages.rules.matrix import rule_matrix
from herwa_web.pages.rules.rights import rights_table
from herwa_web.pages.rules.state import RulesState
from herwa_web.pages.rules.tests_panel import tests_panel
from herwa_web.pages.rules.trial_form import trial_panel
from herwa_web.pages.rules.view_models import RequestRow, RuleRow

STATE: Any = RulesState


def rules_page() -> rx.Component:
    """Render the access rules page."""
    return guild_page(
        RulesState,
        RULES_ITEM,
        rx.el.div(_tabs(), _new_rule_button(), class_name="filter-row"),
        rx.cond(RulesState.editing, rule_editor()),
        rx.match(
            RulesState.tab,
            ("matrix", rule_matrix()),
            ("rights", rights_table()),
            ("try", trial_panel()),
            ("templates", _templates()),
            ("tests", tests_panel()),
            ("requests", _requests()),
            _rules(),
        ),
        save_bar(RulesState),
        lead=texts.LEAD,
    )


def _tabs() -> rx.Component:
    return rx.el.nav(
        *(
            link(
                {"requests": RulesState.requests_label, "tests": RulesState.tests_label}.get(name, label),
                href=RulesState.tab_hrefs[name],
                aria_current=rx.cond(RulesState.tab == name, "true", "false"),
            )
            for name, label in texts.TABS.items()
        ),
        class_name="segments wrapping",
        aria_label=RULES_ITEM.label,
    )


def _new_rule_button() -> rx.Component:
    return rx.el.button(
        icon("plus", 16),
        texts.NEW_RULE,
        type="button",
        class_name="button main",
        on_click=STATE.open_editor(""),
        custom_attrs={"data-key": "N"},
    )


def _rules() -> rx.Component:
    return rx.fragment(
        rx.cond(
            RulesState.rules.length() > 0,
            rx.el.section(
                rx.el.ol(rx.foreach(RulesState.rules, _rule), class_name="settings"),
                class_name="panel",
                aria_label=texts.TABS["rules"],
            ),
            empty_state("shield-check", texts.NO_RULES, texts.NO_RULES_HINT),
        ),
        rx.el.dl(
            *(rx.el.div(rx.el.dt(name), rx.el.dd(order)) for name, order in texts.PRECEDENCE),
            class_name="precedence",
        ),
    )


def _rule(rule: rx.Var[RuleRow]) -> rx.Component:
    return rx.el.li(
        rx.cond(
            rule.allow,
            _effect_mark("check", texts.ALLOWED, "good"),
            _effect_mark("ban", texts.BLOCKED, "bad"),
        ),
        rx.el.div(
            rx.el.p(
                rx.el.bdi(rule.sentence),
                rx.cond(rule.state != "", rx.el.span(rule.state, class_name="badge " + rule.tone)),
                class_name=rx.cond(rule.is_deleted, "setting-title gone", "setting-title"),
            ),
            rx.cond(rule.note != "", rx.el.p(rx.el.bdi(rule.note), class_name="about")),
            class_name="setting-text",
        ),
        rx.el.div(
            icon_button("pencil", texts.EDIT, on_click=STATE.open_editor(rule.key)),
            icon_button(
                "trash-2",
                texts.DELETE,
                on_click=STATE.delete_rule(rule.key),
            ),
            class_name="row-tools",
        ),
        class_name="setting",
    )


def _effect_mark(tag: str, label: str, tone: str) -> rx.Component:
    return rx.el.span(icon(tag, 16), rx.el.span(label, class_name="unseen"), class_name=f"effect-mark {tone}")


def _templates() -> rx.Component:
    return rx.el.form(
        rx.el.p(texts.TEMPLATE_HINT, class_name="about"),
        rx.el.fieldset(
            *(
                rx.el.label(
                    rx.el.input(
                        type="radio", name="template", value=name, default_checked=position == 0, class_name="radio"
                    ),
                    rx.el.span(rx.el.strong(label), rx.el.span(description, class_name="about")),
                    class_name="radio-card",
                )
                for position, (name, (label, description)) in enumerate(texts.TEMPLATES.items())
            ),
            rx.el.legend(texts.TABS["templates"], class_name="unseen"),
            class_name="radio-cards",
        ),
        rx.el.div(
            rx.el.label(
                texts.TEMPLATE_ROLE,
                rx.el.select(
                    rx.foreach(RulesState.role_options, lambda option: rx.el.option(option.label, value=option.value)),
                    name="role",
                ),
                class_name="field",
            ),
            rx.el.button(texts.APPLY_TEMPLATE, type="submit", class_name="button main"),
            class_name="filter-form",
        ),
        rx.cond(RulesState.form_error != "", rx.el.p(RulesState.form_error, class_name="effect red", role="alert")),
        on_submit=RulesState.use_template,
        class_name="panel form-panel",
    )


def _requests() -> rx.Component:
    return rx.cond(
        RulesState.requests.length() > 0,
        rx.el.section(
            rx.el.ul(rx.foreach(RulesState.requests, _request), class_name="settings"),
            class_name="panel",
            aria_label=texts.TABS["requests"],
        ),
        empty_state("inbox", texts.REQUESTS_EMPTY, texts.REQUESTS_EMPTY_HINT),
    )


def _request(request: rx.Var[RequestRow]) -> rx.Component:
    return rx.el.li(
        letter_avatar(235, request.member[0], size=30),
        rx.el.div(
            rx.el.p(rx.el.bdi(request.member), class_name="setting-title"),
            rx.el.p(rx.el.bdi(request.detail), class_name="about"),
            class_name="setting-text",
        ),
        rx.el.div(
            rx.el.button(
                texts.DECLINE,
                type="button",
                class_name="button small",
                on_click=STATE.decide_request(request.key, False),
            ),
            rx.el.button(
                texts.ALLOW_DAY,
                type="button",
                class_name="button small main",
                on_click=STATE.decide_request(request.key, True),
            ),
            class_name="row-tools",
        ),
        class_name="setting",
    )
