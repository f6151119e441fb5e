"""Panels with settings: a title, and rows with a control each."""

from typing import Any

import reflex as rx


def setting_panel(title: str, *rows: rx.Component, about: str = "", is_long: bool = False) -> rx.Component:
    """Render a panel of settings under a heading; the rows are list items. `is_long`: they scroll in the panel."""
    return rx.el.section(
        rx.el.div(rx.el.h2(title), *((rx.el.p(about, class_name="about"),) if about else ()), class_name="panel-head"),
        rx.el.ul(
            *rows,
            class_name="settings scrolling" if is_long else "settings",
            **({"tab_index": 0, "aria_label": title} if is_long else {}),
        ),
        class_name="panel",
        aria_label=title,
    )


def setting_row(
    title: Any, hint: Any, control: rx.Component, *, note: Any = None, warning: rx.Component | None = None
) -> rx.Component:
    """Render a setting: what it is, a sentence about it, its control, a note about its present value, a warning."""
    return rx.el.li(
        rx.el.div(
            rx.el.h3(title),
            rx.el.p(hint, class_name="about"),
            *(() if note is None else (rx.el.p(note, class_name="about numbers"),)),
            *(() if warning is None else (warning,)),
            class_name="setting-text",
        ),
        control,
        class_name="setting",
    )
