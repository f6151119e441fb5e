"""Page Widgets: the list of widgets, the public page, and the builder with its preview."""

from typing import Any

import reflex as rx

from herwa_web.components.confirmation import confirmation
from herwa_web.components.controls import icon, sparkline
from herwa_web.components.guild_frame import guild_page
from herwa_web.components.save_bar import save_bar
from herwa_web.components.status_views import empty_state
from herwa_web.navigation import WIDGETS_ITEM
from herwa_web.pages.widgets import texts
from herwa_web.pages.widgets.builder import builder_controls
from herwa_web.pages.widgets.state import WidgetsState
from herwa_web.pages.widgets.view_models import SPARKLINE_HEIGHT, PreviewView, SnippetView, WidgetRow

STATE: Any = WidgetsState
"""The state without its type: mypy does not know that handlers can be called with arguments."""


def widgets_page() -> rx.Component:
    """Render the page Widgets."""
    return guild_page(
        WidgetsState,
        WIDGETS_ITEM,
        rx.el.div(
            rx.el.p(WidgetsState.allowance, class_name="change numbers"),
            rx.el.button(
                icon("plus", 16),
                texts.NEW_WIDGET,
                type="button",
                class_name="button main",
                on_click=WidgetsState.add_widget,
                disabled=(WidgetsState.limit_hint != "") | WidgetsState.working,
                custom_attrs={"data-key": "N"},
            ),
            class_name="filter-row",
        ),
        rx.cond(WidgetsState.limit_hint != "", rx.el.p(icon("info", 15), WidgetsState.limit_hint, class_name="effect")),
        rx.cond(
            WidgetsState.rows.length() > 0,
            _list(texts.WIDGETS, WidgetsState.rows),
            empty_state("panels-top-left", texts.NO_WIDGETS, texts.NO_WIDGETS_HINT),
        ),
        _public_page(),
        rx.cond(WidgetsState.selected != "", _builder()),
        rx.cond(
            WidgetsState.revoked_rows.length() > 0,
            rx.el.details(
                rx.el.summary(texts.REVOKED_WIDGETS, class_name="details-title"),
                _list(texts.REVOKED_WIDGETS, WidgetsState.revoked_rows),
            ),
        ),
        save_bar(WidgetsState),
        lead=texts.LEAD,
        has_offer=True,
    )


def _list(label: str, rows: Any) -> rx.Component:
    return rx.el.section(
        rx.el.h2(label, class_name="unseen"),
        rx.el.ul(rx.foreach(rows, _row), class_name="settings"),
        class_name="panel",
        aria_label=label,
    )


def _row(row: rx.Var[WidgetRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.h3(rx.el.bdi(row.name)),
                rx.el.span(row.about, class_name="badge"),
                rx.el.span(row.state, class_name="badge " + row.tone),
                class_name="setting-title",
            ),
            rx.el.div(
                rx.cond(row.line != "", sparkline(row.line, row.area, height=SPARKLINE_HEIGHT)),
                rx.el.span(row.uses, class_name="about numbers"),
                class_name="key-usage",
            ),
            rx.cond(
                WidgetsState.revoking == row.key,
                confirmation(
                    texts.REVOKE_QUESTION,
                    texts.REVOKE,
                    on_confirm=WidgetsState.revoke_widget,
                    on_cancel=WidgetsState.cancel_revoke,
                    is_working=WidgetsState.working,
                ),
            ),
            class_name="setting-text",
        ),
        rx.cond(
            row.is_revoked,
            rx.fragment(),
            rx.el.div(
                _row_button("pencil", texts.EDIT, row, STATE.select_widget(row.key), WidgetsState.selected == row.key),
                _row_button("ban", texts.REVOKE, row, STATE.start_revoke(row.key), WidgetsState.revoking == row.key),
                class_name="row-tools",
            ),
        ),
        class_name=rx.cond(WidgetsState.selected == row.key, "setting selected", "setting"),
    )


def _row_button(tag: str, label: str, row: Any, on_click: Any, is_pressed: Any) -> rx.Component:
    return rx.el.button(
        icon(tag, 15),
        label,
        type="button",
        aria_label=texts.format_action_label(label, row.name),
        aria_pressed=is_pressed,
        class_name="button small",
        on_click=on_click,
    )


def _public_page() -> rx.Component:
    return rx.el.section(
        rx.el.ul(
            rx.el.li(
                rx.el.div(
                    rx.el.div(
                        rx.el.h3(texts.PUBLIC_PAGE),
                        rx.el.span(WidgetsState.page_state, class_name="badge " + WidgetsState.page_tone),
                        class_name="setting-title",
                    ),
                    rx.el.p(texts.PUBLIC_PAGE_HINT, class_name="about"),
                    class_name="setting-text",
                ),
                rx.el.div(
                    rx.cond(
                        WidgetsState.page_key == "",
                        rx.el.button(
                            texts.SET_UP_PAGE, type="button", class_name="button small", on_click=WidgetsState.add_page
                        ),
                        rx.fragment(
                            rx.cond(
                                WidgetsState.page_tone == "green",
                                rx.el.a(
                                    icon("external-link", 15),
                                    texts.OPEN_PAGE,
                                    href=WidgetsState.page_url,
                                    target="_blank",
                                    rel="noopener",
                                    class_name="button small",
                                ),
                            ),
                            rx.el.button(
                                icon("pencil", 15),
                                texts.EDIT,
                                type="button",
                                aria_label=texts.format_action_label(texts.EDIT, texts.PUBLIC_PAGE),
                                aria_pressed=WidgetsState.selected == WidgetsState.page_key,
                                class_name="button small",
                                on_click=STATE.select_widget(WidgetsState.page_key),
                            ),
                        ),
                    ),
                    class_name="row-tools",
                ),
                class_name="setting",
            ),
            class_name="settings",
        ),
        class_name="panel",
        aria_label=texts.PUBLIC_PAGE,
    )


def _builder() -> rx.Component:
    return rx.el.div(
        builder_controls(),
        rx.el.div(
            _preview(), _visible(), rx.cond(WidgetsState.is_page, rx.fragment(), _code()), class_name="widget-side"
        ),
        class_name="widget-builder",
    )


def _preview() -> rx.Component:
    return rx.el.section(
        rx.el.div(rx.el.h2(texts.PREVIEW), class_name="panel-head"),
        rx.el.div(rx.foreach(WidgetsState.previews, _picture), class_name="widget-previews"),
        rx.foreach(
            WidgetsState.warnings,
            lambda warning: rx.el.p(icon("triangle-alert", 15), warning, class_name="effect amber", role="status"),
        ),
        rx.cond(
            WidgetsState.numbers_error != "",
            rx.el.p(icon("info", 15), WidgetsState.numbers_error, class_name="effect amber"),
        ),
        class_name="panel",
        aria_label=texts.PREVIEW,
    )


def _picture(view: rx.Var[PreviewView]) -> rx.Component:
    return rx.el.figure(
        rx.el.div(
            rx.foreach(view.sources, lambda source: rx.el.img(src=source, alt=view.alt)), class_name="widget-page"
        ),
        rx.el.figcaption(view.label),
        class_name="widget-preview " + view.kind,
    )


def _visible() -> rx.Component:
    return rx.el.section(
        rx.el.div(rx.el.h2(texts.VISIBLE), class_name="panel-head"),
        rx.el.ul(
            rx.foreach(WidgetsState.facts, lambda fact: rx.el.li(icon("eye", 14), rx.el.bdi(fact))),
            class_name="widget-facts",
        ),
        rx.el.p(icon("eye-off", 14), texts.VISIBLE_ALWAYS, class_name="effect"),
        rx.cond(
            WidgetsState.is_page,
            rx.fragment(),
            rx.el.p(
                icon("globe", 14),
                rx.el.span(
                    WidgetsState.sites_fact,
                    rx.cond(WidgetsState.sites.length() > 0, " " + texts.IMAGES_ANYWHERE, ""),
                ),
                class_name="effect",
            ),
        ),
        class_name="panel widget-visible",
        aria_label=texts.VISIBLE,
    )


def _code() -> rx.Component:
    return rx.el.section(
        rx.el.div(rx.el.h2(texts.CODE), rx.el.p(texts.SNIPPETS_HINT, class_name="about"), class_name="panel-head"),
        rx.el.ul(rx.foreach(WidgetsState.snippets, _snippet), class_name="widget-snippets"),
        class_name="panel widget-code",
        aria_label=texts.CODE,
    )


def _snippet(snippet: rx.Var[SnippetView]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.h3(snippet.label),
            rx.el.p(snippet.about, class_name="about"),
            rx.el.button(
                icon("copy", 15),
                texts.COPY,
                type="button",
                aria_label=texts.format_action_label(texts.COPY, snippet.label),
                class_name="button small",
                custom_attrs={"data-copy": snippet.code, "data-copied": texts.COPIED},
            ),
            class_name="widget-snippet-head",
        ),
        rx.el.code(snippet.code, class_name="copied-text"),
    )
