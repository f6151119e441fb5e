"""Views for each status of a page: loading, empty, not found, access denied, failed, stale."""

from typing import Any

import reflex as rx

from herwa_web.components.controls import icon, link


def skeleton(width: str, height: str, **style: str) -> rx.Component:
    """Render a gray placeholder for content that is still loading."""
    return rx.el.div(class_name="bone", style={"width": width, "height": height, **style})


def empty_state(
    icon_tag: str, title: Any, *paragraphs: Any, actions: tuple[rx.Component, ...] = (), full_page: bool = False
) -> rx.Component:
    """Render a message in place of a page's content: icon, title, paragraphs, actions."""
    return rx.el.section(
        rx.el.div(icon(icon_tag, 28), class_name="sign"),
        rx.el.h2(title),
        *(rx.el.p(paragraph) for paragraph in paragraphs),
        rx.el.div(*actions, class_name="actions"),
        class_name="alone full" if full_page else "alone",
    )


def not_found(title: Any) -> rx.Component:
    """Render the view for a server that is not accessible, unknown, or whose id is malformed."""
    return empty_state(
        "search-x",
        title,
        "It may be that the address is wrong, or that you manage this server with another account.",
        actions=(link("All my servers", href="/", class_name="button main"),),
    )


def access_denied(headline: Any, remedy: Any, retry: Any) -> rx.Component:
    """Render the guardrail's refusal: its reason (`headline`) and who can change it (`remedy`)."""
    return empty_state(
        "shield-off",
        "This page is not open to you right now",
        headline,
        remedy,
        actions=(
            rx.el.button(icon("rotate-cw", 16), "Look again", type="button", class_name="button main", on_click=retry),
            link("All my servers", href="/", class_name="button"),
        ),
    )


def load_error_view(text: Any, retry: Any) -> rx.Component:
    """Render the view for a failed load without older data to show."""
    return empty_state(
        "cloud-off",
        "The numbers cannot be shown right now",
        text,
        actions=(
            rx.el.button(icon("rotate-cw", 16), "Try again", type="button", class_name="button main", on_click=retry),
            link("All my servers", href="/", class_name="button"),
        ),
    )


def stale_banner(age: Any, reason: Any, retry: Any) -> rx.Component:
    """Render the banner above stale data: its age and the reason."""
    return rx.el.div(
        icon("clock-alert", 18),
        rx.el.span("Numbers ", age, ". ", reason),
        rx.el.button("Try again", type="button", class_name="button small", on_click=retry),
        role="status",
        class_name="banner",
    )
