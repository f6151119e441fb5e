"""A switch."""

from typing import Any

import reflex as rx


def switch(on: Any, label: Any, **props: Any) -> rx.Component:
    """Render a switch. `label` is its accessible name: the setting stands beside it."""
    return rx.el.button(type="button", role="switch", aria_checked=on, aria_label=label, class_name="switch", **props)
