"""The save bar: unsaved changes and whom they affect, conflicts, and the confirmation of a save."""

from typing import Any

import reflex as rx

from herwa_web.components.controls import icon, icon_button
from herwa_web.saving import texts
from herwa_web.saving.view_models import ChangeView, ConflictView
from herwa_web.texts import CLOSE


def save_bar(state: Any) -> rx.Component:
    """Render the save bar of a page. `state` is its state, a `SettingsPageState`."""
    return rx.el.div(
        rx.match(
            state.conflicts.length() > 0,
            (True, _conflicts(state)),
            rx.cond(
                state.changes.length() > 0,
                _unsaved(state),
                rx.cond(state.saved_text != "", _saved(state)),
            ),
        ),
        class_name="save-area",
    )


def _unsaved(state: Any) -> rx.Component:
    return rx.el.section(
        rx.el.ul(rx.foreach(state.changes, lambda change: _change(state, change)), class_name="save-list"),
        rx.foreach(state.effects, lambda effect: rx.el.p(icon("users", 15), rx.el.span(effect), class_name="effect")),
        _error(state),
        rx.el.div(
            rx.el.strong(state.change_count),
            rx.el.button(
                texts.DISCARD,
                type="button",
                class_name="button",
                on_click=state.discard,
                disabled=state.saving,
            ),
            rx.el.button(
                rx.cond(state.saving, texts.SAVING, texts.SAVE),
                type="button",
                class_name="button main",
                on_click=state.save,
                disabled=state.saving,
            ),
            class_name="save-actions",
        ),
        class_name="save-bar",
        aria_label=texts.UNSAVED_CHANGES,
        aria_busy=state.saving,
    )


def _change(state: Any, change: rx.Var[ChangeView]) -> rx.Component:
    return rx.el.li(
        rx.el.bdi(change.label, class_name="name"),
        rx.el.span(
            rx.cond(
                change.before != "",
                rx.fragment(rx.el.del_(rx.el.bdi(change.before)), icon("arrow-right", 14)),
            ),
            rx.el.ins(rx.el.bdi(change.after)),
            class_name="diff",
        ),
        icon_button("x", texts.REMOVE_CHANGE, on_click=state.discard_change(change.key)),
    )


def _conflicts(state: Any) -> rx.Component:
    return rx.el.section(
        rx.el.p(icon("git-merge-conflict", 17), rx.el.strong(texts.CONFLICT_TITLE), class_name="effect amber"),
        rx.el.ul(rx.foreach(state.conflicts, _conflict), class_name="save-list"),
        rx.el.div(
            rx.el.button(texts.KEEP_THEIRS, type="button", class_name="button", on_click=state.keep_theirs),
            rx.el.button(texts.USE_MINE, type="button", class_name="button main", on_click=state.use_mine),
            class_name="save-actions",
        ),
        class_name="save-bar",
        aria_label=texts.CONFLICT_TITLE,
    )


def _conflict(conflict: rx.Var[ConflictView]) -> rx.Component:
    return rx.el.li(
        rx.el.bdi(conflict.label, class_name="name"),
        rx.el.span(
            rx.el.del_(rx.el.bdi(conflict.before)),
            icon("arrow-right", 14),
            rx.el.bdi(conflict.theirs),
            rx.el.span("(", rx.el.bdi(conflict.author), ")", class_name="change"),
            class_name="diff",
        ),
        rx.el.span(f"{texts.YOURS}: ", rx.el.ins(rx.el.bdi(conflict.yours)), class_name="diff"),
    )


def _saved(state: Any) -> rx.Component:
    return rx.el.section(
        rx.el.div(
            icon("check", 17),
            rx.el.strong(state.saved_text),
            rx.cond(
                state.can_undo,
                rx.el.button(
                    icon("undo-2", 16),
                    texts.UNDO,
                    type="button",
                    class_name="button",
                    on_click=state.undo_save,
                    disabled=state.saving,
                ),
            ),
            icon_button("x", CLOSE, on_click=state.close_saved),
            class_name="save-actions",
        ),
        _error(state),
        class_name="save-bar saved",
        aria_label=texts.SAVE,
    )


def _error(state: Any) -> rx.Component:
    return rx.cond(
        state.save_error != "",
        rx.el.p(icon("circle-alert", 15), rx.el.span(state.save_error), class_name="effect red"),
    )
