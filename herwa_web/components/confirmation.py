"""A question before something that cannot be undone."""

from typing import Any

import reflex as rx

from herwa_web import texts


def confirmation(question: Any, label: str, *, on_confirm: Any, on_cancel: Any, is_working: Any) -> rx.Component:
    """Ask a question, with a button that cancels, which has the focus, and one that confirms."""
    return rx.el.div(
        rx.el.p(question, role="alert"),
        rx.el.div(
            rx.el.button(texts.CANCEL, type="button", class_name="button small", on_click=on_cancel, auto_focus=True),
            rx.el.button(
                label, type="button", class_name="button small danger", on_click=on_confirm, disabled=is_working
            ),
            class_name="form-actions start",
        ),
        class_name="confirm",
    )
