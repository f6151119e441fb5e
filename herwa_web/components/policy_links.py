"""Links to the pages about privacy and terms, for the footers of all pages."""

import reflex as rx

from herwa_web.pages.policies import texts

PRIVACY_URL, TERMS_URL, DATA_URL = "/privacy", "/terms", "/data"
OWN_DATA_URL = "/account/data"
REPORT_ANCHOR = "report"
REPORT_URL = f"{TERMS_URL}#{REPORT_ANCHOR}"


def policy_links() -> tuple[rx.Component, ...]:
    """Render the links: privacy, terms, what is counted, report a problem."""
    return (
        rx.el.a(texts.PRIVACY, to=PRIVACY_URL),
        rx.el.a(texts.TERMS, to=TERMS_URL),
        rx.el.a(texts.DATA, to=DATA_URL),
        rx.el.a(texts.REPORT, to=REPORT_URL),
    )
