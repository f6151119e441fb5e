"""Views for each status of a page: loading, empty, not found, access denied, failed, stale."""

from typing import Any

import reflex as rx

from herwa_web import texts
from herwa_web.components.controls import icon, link
from herwa_web.components.offer import offer_link


def skeleton(width: str, height: str, **style: str) -> rx.Component:
    """Render a gray placeholder for content that is still loading."""
    return rx.el.div(class_name="bone", style={"width": width, "height": height, **style})


def empty_state(
    icon_tag: str,
    title: Any,
    *paragraphs: Any,
    actions: tuple[rx.Component, ...] = (),
    full_page: bool = False,
) -> rx.Component:
    """Render a message in place of a page's content: icon, title, paragraphs, actions.

    `full_page` is for pages without a layout: the title is then the heading of the page.
    """
    heading = rx.el.h1 if full_page else rx.el.h2
    return rx.el.section(
        rx.el.div(icon(icon_tag, 28), class_name="sign"),
        heading(title),
        *(rx.el.p(paragraph) for paragraph in paragraphs),
        *((rx.el.div(*actions, class_name="actions"),) if actions else ()),
        class_name="alone full" if full_page else "alone",
    )


def server_not_found() -> rx.Component:
    """Render the view for a server that is not accessible, unknown, or whose id is malformed."""
    return empty_state(
        "search-x",
        texts.SERVER_NOT_FOUND,
        texts.SERVER_NOT_FOUND_HINT,
        actions=(link(texts.MY_SERVERS, href="/", class_name="button main"),),
    )


def access_denied(headline: Any, remedy: Any, retry: Any) -> rx.Component:
    """Render the guardrail's refusal: its reason (`headline`), who can change it (`remedy`), the tier to buy for it."""
    actions = (offer_link("button"), *_build_retry_actions(retry))
    return empty_state("shield-off", texts.ACCESS_DENIED, headline, remedy, actions=actions)


def load_error_view(text: Any, retry: Any) -> rx.Component:
    """Render the view for a failed load without older data to show."""
    return empty_state("cloud-off", texts.LOAD_FAILED, text, actions=_build_retry_actions(retry))


def stale_banner(time: Any, reason: Any, retry: Any) -> rx.Component:
    """Render the banner above stale data: its time and the reason."""
    return rx.el.div(
        icon("clock-alert", 18),
        rx.el.span(texts.describe_stale_data(time, reason)),
        rx.el.button(texts.TRY_AGAIN, type="button", class_name="button small", on_click=retry),
        role="status",
        class_name="banner",
    )


def _build_retry_actions(retry: Any) -> tuple[rx.Component, ...]:
    return (
        rx.el.button(icon("rotate-cw", 16), texts.TRY_AGAIN, type="button", class_name="button main", on_click=retry),
        link(texts.MY_SERVERS, href="/", class_name="button"),
    )
