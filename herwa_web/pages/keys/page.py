"""API keys page: keys, the form of a new one, a secret that is shown once."""

from typing import Any

import reflex as rx

from herwa_shared.catalog import DEFAULT_SCOPES, SCOPES, ScopeSpec
from herwa_web import texts as web_texts
from herwa_web.components.confirmation import confirmation
from herwa_web.components.controls import icon, sparkline
from herwa_web.components.guild_frame import guild_page
from herwa_web.components.status_views import empty_state
from herwa_web.navigation import KEYS_ITEM
from herwa_web.pages.keys import texts
from herwa_web.pages.keys.state import KeysState
from herwa_web.pages.keys.usage_panel import usage_panel
from herwa_web.pages.keys.view_models import SPARKLINE_HEIGHT, KeyRow

STATE: Any = KeysState


def keys_page() -> rx.Component:
    """Render the API keys page."""
    return guild_page(
        KeysState,
        KEYS_ITEM,
        rx.el.div(
            rx.el.p(
                rx.el.span(KeysState.allowance), rx.el.span(KeysState.test_allowance), class_name="about facts numbers"
            ),
            rx.el.button(
                icon("plus", 16),
                texts.NEW_KEY,
                type="button",
                class_name="button main",
                on_click=KeysState.open_form,
                disabled=~(KeysState.has_free_live_key | KeysState.has_free_test_key),
                custom_attrs={"data-key": "N"},
            ),
            class_name="filter-row",
        ),
        rx.cond(KeysState.limit_hint != "", rx.el.p(icon("info", 15), KeysState.limit_hint, class_name="effect")),
        rx.cond(KeysState.secret != "", _secret()),
        rx.cond(KeysState.creating, _form()),
        rx.cond(
            KeysState.valid_keys.length() > 0,
            _list(KEYS_ITEM.label, KeysState.valid_keys),
            rx.cond(
                KeysState.creating | (KeysState.ended_keys.length() > 0),
                rx.fragment(),
                empty_state("key-round", texts.NO_KEYS, texts.NO_KEYS_HINT),
            ),
        ),
        rx.cond(
            KeysState.ended_keys.length() > 0,
            rx.el.details(
                rx.el.summary(texts.ENDED_KEYS, class_name="details-title"),
                _list(texts.ENDED_KEYS, KeysState.ended_keys),
            ),
        ),
        lead=texts.LEAD,
        has_offer=True,
    )


def _list(label: str, rows: Any) -> rx.Component:
    return rx.el.section(
        rx.el.h2(label, class_name="unseen"),
        rx.el.ul(rx.foreach(rows, _row), class_name="settings"),
        class_name="panel",
        aria_label=label,
    )


def _row(row: rx.Var[KeyRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.h3(rx.el.bdi(row.name)),
                rx.el.code(row.hint),
                rx.cond(row.is_test, rx.el.span(texts.TEST, class_name="badge")),
                rx.cond(row.state != "", rx.el.span(row.state, class_name="badge " + row.tone)),
                class_name="setting-title",
            ),
            rx.el.p(rx.foreach(row.facts, rx.el.span), class_name="about facts"),
            rx.cond(
                row.usage != "",
                rx.el.div(
                    sparkline(row.line, row.area, height=SPARKLINE_HEIGHT),
                    rx.el.span(row.usage, class_name="about numbers"),
                    class_name="key-usage",
                ),
            ),
            rx.el.div(rx.foreach(row.scopes, lambda scope: rx.el.span(scope, class_name="badge")), class_name="uses"),
            rx.cond(KeysState.usage_key == row.key, usage_panel()),
            rx.cond(KeysState.action == "rotate:" + row.key, _rotate_form()),
            rx.cond(
                KeysState.action == "revoke:" + row.key,
                confirmation(
                    texts.REVOKE_QUESTION,
                    texts.REVOKE,
                    on_confirm=KeysState.revoke_key,
                    on_cancel=KeysState.cancel_action,
                    is_working=KeysState.working,
                ),
            ),
            class_name="setting-text",
        ),
        rx.el.div(
            _usage_button(row),
            rx.cond(row.is_valid & row.can_rotate, _action_button("rotate", "refresh-cw", texts.ROTATE, row)),
            rx.cond(row.is_valid, _action_button("revoke", "ban", texts.REVOKE, row)),
            class_name="row-tools",
        ),
        class_name="setting",
    )


def _usage_button(row: Any) -> rx.Component:
    is_open = KeysState.usage_key == row.key
    return rx.el.button(
        icon("activity", 15),
        rx.cond(is_open, texts.HIDE_REQUESTS, texts.SHOW_REQUESTS),
        type="button",
        aria_label=rx.cond(
            is_open,
            texts.format_action_label(texts.HIDE_REQUESTS, row.name),
            texts.format_action_label(texts.SHOW_REQUESTS, row.name),
        ),
        aria_expanded=is_open,
        class_name="button small",
        on_click=STATE.toggle_usage(row.key),
    )


def _action_button(action: str, tag: str, label: str, row: Any) -> rx.Component:
    return rx.el.button(
        icon(tag, 15),
        label,
        type="button",
        aria_label=texts.format_action_label(label, row.name),
        class_name="button small",
        on_click=STATE.start_action(action, row.key),
    )


def _rotate_form() -> rx.Component:
    return rx.el.form(
        rx.el.label(
            texts.ROTATE_QUESTION,
            rx.el.select(
                *(rx.el.option(label, value=hours) for hours, label in texts.OVERLAPS.items()),
                name="overlap",
                default_value="24",
                auto_focus=True,
            ),
            class_name="question",
        ),
        rx.el.div(
            rx.el.button(web_texts.CANCEL, type="button", class_name="button small", on_click=KeysState.cancel_action),
            rx.el.button(texts.ROTATE, type="submit", class_name="button small main", disabled=KeysState.working),
            class_name="form-actions start",
        ),
        on_submit=KeysState.rotate_key,
        class_name="confirm",
    )


def _secret() -> rx.Component:
    return rx.el.section(
        rx.el.h2(rx.el.bdi(KeysState.secret_title)),
        rx.el.p(icon("triangle-alert", 15), texts.COPY_NOW, class_name="effect amber"),
        _copy_row(KeysState.secret),
        rx.el.p(texts.TRY_IT, class_name="about"),
        _copy_row(KeysState.curl_command),
        rx.el.div(
            rx.el.a(
                texts.DOCUMENTATION,
                href="/api/openapi.json",
                target="_blank",
                rel="noopener",
                reload_document=True,
                class_name="button",
            ),
            rx.el.button(texts.DONE, type="button", class_name="button main", on_click=KeysState.close_secret),
            class_name="form-actions",
        ),
        class_name="panel form-panel secret",
        aria_label=texts.COPY_NOW,
    )


def _copy_row(text: Any) -> rx.Component:
    return rx.el.div(
        rx.el.code(text, class_name="copied-text"),
        rx.el.button(
            icon("copy", 15),
            texts.COPY,
            type="button",
            class_name="button small",
            custom_attrs={"data-copy": text, "data-copied": texts.COPIED},
        ),
        class_name="copy-row",
    )


def _form() -> rx.Component:
    return rx.el.form(
        rx.el.h2(texts.NEW_KEY),
        rx.el.div(
            _field(
                texts.NAME,
                rx.el.input(
                    name="name", placeholder=texts.NAME_PLACEHOLDER, max_length=80, required=True, auto_focus=True
                ),
            ),
            _field(
                texts.EXPIRES,
                rx.el.select(
                    *(rx.el.option(label, value=days) for days, label in texts.EXPIRIES.items()),
                    name="expiry",
                    default_value="365",
                ),
            ),
            _field(texts.NETWORKS, rx.el.input(name="networks", placeholder=texts.NETWORKS_PLACEHOLDER)),
            class_name="form-grid",
        ),
        rx.el.p(texts.NETWORKS_HINT, class_name="about"),
        rx.el.fieldset(
            rx.el.legend(texts.KIND),
            rx.el.div(
                _kind("live", KeysState.has_free_live_key, is_default=KeysState.has_free_live_key),
                _kind(texts.TEST, KeysState.has_free_test_key, is_default=~KeysState.has_free_live_key),
                class_name="radio-cards",
            ),
            class_name="places",
        ),
        rx.el.fieldset(
            rx.el.legend(texts.SCOPES),
            rx.el.div(*(_scope(spec) for spec in SCOPES.values()), class_name="radio-cards"),
            class_name="places",
        ),
        rx.cond(KeysState.form_error != "", rx.el.p(KeysState.form_error, class_name="effect red", role="alert")),
        rx.el.div(
            rx.el.button(web_texts.CANCEL, type="button", class_name="button", on_click=KeysState.close_form),
            rx.el.button(texts.CREATE, type="submit", class_name="button main", disabled=KeysState.working),
            class_name="form-actions",
        ),
        on_submit=KeysState.create_key,
        class_name="panel form-panel",
        key=KeysState.serial,
        aria_label=texts.NEW_KEY,
    )


def _kind(kind: str, is_free: Any, *, is_default: Any) -> rx.Component:
    title, description = texts.KINDS[kind]
    return rx.el.label(
        rx.el.input(
            type="radio", name="kind", value=kind, default_checked=is_default, disabled=~is_free, class_name="radio"
        ),
        rx.el.span(rx.el.strong(title), rx.el.span(description, class_name="about")),
        class_name="radio-card",
    )


def _scope(spec: ScopeSpec) -> rx.Component:
    requires = f" {texts.REQUIRES}: {SCOPES[spec.requires].title}." if spec.requires else ""
    return rx.el.label(
        rx.el.input(
            type="checkbox", name=f"scope:{spec.key}", default_checked=spec.key in DEFAULT_SCOPES, class_name="radio"
        ),
        rx.el.span(rx.el.strong(spec.title), rx.el.span(f"{spec.description}.{requires}", class_name="about")),
        class_name="radio-card",
    )


def _field(label: str, control: rx.Component) -> rx.Component:
    return rx.el.label(label, control, class_name="field")
