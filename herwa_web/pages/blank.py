"""A page of one word: the least that a page of this build can cost, against which `benchmarks/page.py` measures."""

import reflex as rx

ROUTE = "/blank"
NOT_FOR_SEARCHERS = [{"name": "robots", "content": "noindex"}]


def blank() -> rx.Component:
    """No state, no frame, nothing that loads."""
    return rx.el.p("Herwa")
