"""The offer to buy a tier in Discord."""

import reflex as rx

from herwa_web.components.controls import icon
from herwa_web.layout_state import LayoutState


def offer_banner() -> rx.Component:
    """Render the offer above a page that shows what the tier lacks; nothing if no tier is for sale."""
    return rx.cond(
        LayoutState.offer.href != "",
        rx.el.div(
            icon("gem", 18),
            rx.el.span(LayoutState.offer.sentence),
            offer_link("button small"),
            class_name="banner calm offer",
        ),
    )


def offer_link(class_name: str) -> rx.Component:
    """Render the link to the store in a new tab; nothing if no tier is for sale."""
    return rx.cond(
        LayoutState.offer.href != "",
        rx.el.a(
            LayoutState.offer.label,
            icon("external-link", 14),
            href=LayoutState.offer.href,
            target="_blank",
            rel="noopener noreferrer",
            class_name=class_name,
        ),
    )
