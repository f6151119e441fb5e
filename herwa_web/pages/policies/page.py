"""The pages `/privacy`, `/terms` and `/data`: public, complete in the built HTML except for the operator's contact."""

from collections.abc import Iterable

import reflex as rx

from herwa_shared.privacy.collected_data import COLLECTED_DATA, INTENTS, NEVER_COLLECTED, IntentSpec
from herwa_shared.privacy.retention import RETENTION_RULES
from herwa_web.components.policy_links import REPORT_ANCHOR, policy_links
from herwa_web.layout import wordmark
from herwa_web.pages.policies import texts
from herwa_web.pages.policies.state import PolicyState


def privacy_policy_page() -> rx.Component:
    """Render what is stored about people, who sees it and how they end it."""
    return _policy_page(
        texts.PRIVACY,
        texts.PRIVACY_LEAD,
        rx.el.dl(
            *(
                rx.el.div(rx.el.dt(question), rx.el.dd(reply), class_name="panel")
                for question, reply in texts.QUESTIONS
            ),
            class_name="policy-questions",
        ),
        _never_section(),
        *(_section(section) for section in texts.PRIVACY_SECTIONS),
    )


def terms_page() -> rx.Component:
    """Render the terms of use."""
    return _policy_page(texts.TERMS, texts.TERMS_LEAD, *(_section(section) for section in texts.TERMS_SECTIONS))


def data_page() -> rx.Component:
    """Render what is collected, why, from which intent and how long: the tables that the code declares."""
    return _policy_page(
        texts.DATA,
        texts.DATA_LEAD,
        _table(
            texts.COLLECTED,
            (texts.WHAT, texts.WHY, texts.SOURCE),
            ((row.data, row.purpose, row.source_title) for row in COLLECTED_DATA),
            about=texts.COLLECTED_HINT,
        ),
        _never_section(),
        _table(
            texts.HOW_LONG,
            (texts.KEPT_DATA, texts.PERIOD),
            ((_capitalize(rule.data), _capitalize(rule.period)) for rule in RETENTION_RULES),
        ),
        _table(
            texts.INTENTS,
            (texts.INTENT, texts.PURPOSE, texts.WITHOUT),
            ((_intent_title(spec), spec.purpose, spec.without) for spec in INTENTS.values()),
            about=texts.INTENTS_HINT,
        ),
    )


def _policy_page(title: str, lead: str, *content: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.header(rx.el.a(wordmark(), to="/", class_name="brand")),
        rx.el.main(
            rx.el.h1(title),
            rx.el.p(lead, class_name="lead"),
            *content,
            _report_section(),
            id="content",
            class_name="policy",
        ),
        rx.el.footer(*policy_links()),
        class_name="landing",
    )


def _section(section: texts.PolicySection) -> rx.Component:
    return rx.el.section(
        rx.el.h2(section.title),
        *(rx.el.p(paragraph) for paragraph in section.paragraphs),
        *((rx.el.ul(*(rx.el.li(point) for point in section.points)),) if section.points else ()),
        *((rx.el.p(rx.el.a(section.link[0], to=section.link[1])),) if section.link else ()),
    )


def _never_section() -> rx.Component:
    return _section(texts.PolicySection(texts.NEVER, points=tuple(map(_capitalize, NEVER_COLLECTED))))


def _table(
    title: str, columns: tuple[str, ...], rows: Iterable[tuple[str | rx.Component, ...]], *, about: str = ""
) -> rx.Component:
    return rx.el.section(
        rx.el.h2(title),
        *((rx.el.p(about),) if about else ()),
        rx.el.div(
            rx.el.table(
                rx.el.thead(rx.el.tr(*(rx.el.th(column, scope="col") for column in columns))),
                rx.el.tbody(
                    *(
                        rx.el.tr(
                            rx.el.th(first, scope="row"),
                            *(
                                rx.el.td(cell, custom_attrs={"data-label": column})
                                for column, cell in zip(columns[1:], others, strict=True)
                            ),
                        )
                        for first, *others in rows
                    )
                ),
            ),
            class_name="panel policy-table",
            role="region",
            aria_label=title,
        ),
    )


def _intent_title(spec: IntentSpec) -> rx.Component:
    return rx.fragment(
        spec.title,
        *((" ", rx.el.span(texts.PRIVILEGED, class_name="badge")) if spec.is_privileged else ()),
        *(
            (rx.cond(PolicyState.counts_lengths, "", rx.el.span(texts.OPTIONAL_OFF, class_name="badge green")),)
            if spec.is_optional
            else ()
        ),
    )


def _report_section() -> rx.Component:
    """Render how to reach the operator; a static page would not know the settings of this copy."""
    return rx.el.section(
        rx.el.h2(texts.REPORT_TITLE),
        rx.el.p(texts.REPORT_TEXT),
        rx.cond(
            PolicyState.is_loaded,
            rx.fragment(
                rx.el.p(
                    rx.el.b(texts.OPERATOR),
                    " ",
                    rx.cond(PolicyState.operator != "", rx.el.bdi(PolicyState.operator), texts.UNKNOWN_OPERATOR),
                ),
                rx.cond(
                    PolicyState.contact != "",
                    rx.el.p(
                        rx.el.b(texts.CONTACT),
                        " ",
                        rx.el.a(PolicyState.contact, href=PolicyState.contact_url, reload_document=True),
                    ),
                    rx.fragment(rx.el.p(texts.NO_CONTACT), rx.el.p(texts.OPERATOR_HINT, class_name="note")),
                ),
            ),
        ),
        id=REPORT_ANCHOR,
    )


def _capitalize(text: str) -> str:
    """Begin a text with a capital letter and leave the others."""
    return f"{text[:1].upper()}{text[1:]}"
