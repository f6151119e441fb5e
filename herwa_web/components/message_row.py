"""The switch of a manager's own direct messages about a topic of a server."""

from typing import Any

import reflex as rx

from herwa_web.components.controls import icon, link
from herwa_web.components.policy_links import OWN_DATA_URL
from herwa_web.components.setting_rows import setting_row
from herwa_web.components.switch import switch
from herwa_web.pages.own_data import texts


def message_row(title: str, hint: str, state: Any) -> rx.Component:
    """Render the switch, and why no message arrives if the user has switched off all direct messages.

    `state` has the vars `is_subscribed` and `is_muted`, and the handler `toggle_messages`.
    """
    warning = rx.el.p(
        icon("circle-alert", 15),
        rx.el.span(texts.ALL_MESSAGES_OFF, " ", link(texts.TITLE, href=OWN_DATA_URL)),
        class_name="effect amber",
    )
    return setting_row(
        title,
        hint,
        switch(state.is_subscribed, title, on_click=state.toggle_messages),
        warning=rx.cond(state.is_subscribed & state.is_muted, warning),
    )
