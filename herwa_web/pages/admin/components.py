"""Components of several pages of the operator's panel."""

from typing import Any

import reflex as rx

from herwa_web import texts as web_texts
from herwa_web.pages.admin import texts as panel_texts


def panel(title: str, *content: rx.Component, about: str = "", layout: str = "") -> rx.Component:
    """Render a panel with a heading and a sentence about it. `layout` is another class."""
    return rx.el.section(
        rx.el.div(rx.el.h2(title), *((rx.el.p(about, class_name="about"),) if about else ()), class_name="panel-head"),
        *content,
        class_name=f"panel {layout}".strip(),
        aria_label=title,
    )


def meter(percent: Any, tone: Any = "") -> rx.Component:
    """Render a bar that is filled to `percent`; the text beside it says the number."""
    return rx.el.span(rx.el.span(style={"width": f"{percent}%"}), class_name="meter " + tone, aria_hidden="true")


def rows_or(rows: Any, render: Any, empty_text: str) -> rx.Component:
    """Render rows as a list, or a text if there are none."""
    return rx.cond(
        rows.length() > 0,
        rx.el.ul(rx.foreach(rows, render), class_name="settings"),
        rx.el.p(empty_text, class_name="about padded"),
    )


def field(label: str, control: rx.Component) -> rx.Component:
    """Render a field of a form under its label."""
    return rx.el.label(label, control, class_name="field")


def submit(label: str, is_working: Any, *, tone: str = "main") -> rx.Component:
    """Render the button that submits a form; its `tone` is main or danger."""
    return rx.el.div(
        rx.el.button(label, type="submit", class_name=f"button {tone}", disabled=is_working), class_name="form-actions"
    )


def text_row(row: Any) -> rx.Component:
    """Render a `TextRow`: a line with a title, a badge and facts."""
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.h3(rx.el.bdi(row.label)),
                rx.cond(row.badge != "", rx.el.span(row.badge, class_name="badge " + row.tone)),
                class_name="setting-title",
            ),
            rx.el.p(rx.foreach(row.facts, rx.el.span), class_name="about facts"),
            class_name="setting-text",
        ),
        class_name="setting",
    )


def share_bar(bar: Any) -> rx.Component:
    """Render a `ShareBar`: a label, a text and a bar."""
    return rx.el.li(rx.el.span(bar.label), rx.el.span(bar.text, class_name="numbers end"), meter(bar.percent))


def effect_question(effects: Any, label: str, *, save: Any, cancel: Any, is_working: Any) -> rx.Component:
    """Show what a change does, with a button that cancels, which has the focus, and one that saves."""
    return rx.el.div(
        rx.el.strong(panel_texts.EFFECT),
        rx.el.ul(rx.foreach(effects, rx.el.li), class_name="effects"),
        rx.el.div(
            rx.el.button(web_texts.CANCEL, type="button", class_name="button small", on_click=cancel, auto_focus=True),
            rx.el.button(label, type="button", class_name="button small main", on_click=save, disabled=is_working),
            class_name="form-actions start",
        ),
        class_name="confirm",
        role="alert",
    )
