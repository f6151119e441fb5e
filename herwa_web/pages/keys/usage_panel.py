"""The use of one API key: requests by endpoint, and the last requests."""

from typing import Any

import reflex as rx

from herwa_web.pages.keys import texts
from herwa_web.pages.keys.state import KeysState
from herwa_web.pages.keys.usage_views import EndpointRow, LoggedRequestRow
from herwa_web.pages.keys.view_models import USAGE_DAYS


def usage_panel() -> rx.Component:
    """Render the use of the key whose row is open."""
    return rx.cond(
        (KeysState.endpoints.length() > 0) | (KeysState.last_requests.length() > 0),
        rx.el.div(
            _table(
                texts.format_by_endpoint(USAGE_DAYS),
                (texts.ENDPOINT, texts.REQUESTS, texts.FAILED, texts.AVERAGE),
                rx.foreach(KeysState.endpoints, _endpoint),
            ),
            _table(
                texts.LAST_REQUESTS,
                (texts.TIME, texts.ENDPOINT, texts.RESULT, texts.DURATION),
                rx.foreach(KeysState.last_requests, _request),
            ),
            class_name="usage",
        ),
        rx.el.p(texts.NO_REQUESTS, class_name="about"),
    )


def _table(title: str, columns: tuple[str, ...], rows: Any) -> rx.Component:
    return rx.fragment(
        rx.el.h4(title),
        rx.el.div(
            rx.el.table(
                rx.el.thead(rx.el.tr(*(rx.el.th(column, scope="col") for column in columns))), rx.el.tbody(rows)
            ),
            class_name="plain-table",
            tab_index=0,
            role="region",
            aria_label=title,
        ),
    )


def _endpoint(row: rx.Var[EndpointRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(rx.el.code(row.endpoint), scope="row"),
        rx.el.td(row.requests, class_name="numbers"),
        rx.el.td(row.failed, class_name="numbers"),
        rx.el.td(row.average, class_name="numbers"),
    )


def _request(row: rx.Var[LoggedRequestRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(row.time, class_name="numbers"),
        rx.el.th(rx.el.code(row.endpoint), scope="row"),
        rx.el.td(rx.el.span(row.result, class_name="badge " + row.tone)),
        rx.el.td(row.duration, class_name="numbers"),
    )
