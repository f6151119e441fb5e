"""The page of every unknown route, for visitors and logged-in users alike."""

import reflex as rx

from herwa_web import texts
from herwa_web.components.controls import icon
from herwa_web.components.policy_links import policy_links
from herwa_web.components.status_views import empty_state
from herwa_web.layout import wordmark


def not_found_page() -> rx.Component:
    """Render the page. It needs no data; the server responds with status 404 (serving/static_files.py)."""
    return rx.el.div(
        rx.el.header(rx.el.a(wordmark(), to="/", class_name="brand")),
        rx.el.main(
            empty_state(
                "map-pin-off",
                texts.PAGE_NOT_FOUND,
                texts.PAGE_NOT_FOUND_HINT,
                actions=(rx.el.a(icon("house", 17), texts.HOME_PAGE, to="/", class_name="button main large"),),
                full_page=True,
            ),
            id="content",
        ),
        rx.el.footer(*policy_links()),
        class_name="landing",
    )
