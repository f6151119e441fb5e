"""Page with a form for reports of leaked API keys. It needs neither a log-in nor a script: the API handles the form."""

import reflex as rx

from herwa_web.components.controls import icon
from herwa_web.components.policy_links import policy_links
from herwa_web.layout import wordmark
from herwa_web.pages.leaked_key import texts

ROUTE = "/leaked-key"
FORM_URL = "/api/leaked-keys/form"


class NativeForm(rx.el.Div):
    """A form that the browser submits. Reflex's own form keeps the browser from it."""

    tag = "form"


def leaked_key_page() -> rx.Component:
    """Render the page."""
    return rx.el.div(
        rx.el.header(rx.el.a(wordmark(), to="/", class_name="brand")),
        rx.el.main(
            rx.el.section(
                rx.el.div(icon("key-round", 28), class_name="sign"),
                rx.el.h1(texts.TITLE),
                rx.el.p(texts.LEAD),
                NativeForm.create(
                    rx.el.label(
                        texts.LABEL,
                        rx.el.textarea(
                            name="text",
                            rows="4",
                            required=True,
                            max_length=10_000,
                            spell_check=False,
                            auto_complete="off",
                            placeholder=texts.PLACEHOLDER,
                        ),
                        class_name="field",
                    ),
                    rx.el.button(texts.REVOKE, type="submit", class_name="button main large"),
                    custom_attrs={"action": FORM_URL, "method": "post"},
                    class_name="report-form",
                ),
                class_name="alone full",
            ),
            id="content",
        ),
        rx.el.footer(*policy_links()),
        class_name="landing",
    )
