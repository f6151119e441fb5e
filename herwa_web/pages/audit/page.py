"""Audit log page: filters, entries with their values before and after, undo."""

from typing import Any

import reflex as rx

from herwa_web.components.controls import icon, letter_avatar, link
from herwa_web.components.guild_frame import guild_page
from herwa_web.components.status_views import empty_state
from herwa_web.navigation import AUDIT_ITEM
from herwa_web.pages.audit import texts
from herwa_web.pages.audit.state import AuditState
from herwa_web.pages.audit.view_models import EntryRow

STATE: Any = AuditState


def audit_page() -> rx.Component:
    """Render the audit log page."""
    return guild_page(
        AuditState,
        AUDIT_ITEM,
        _filters(),
        rx.cond(
            AuditState.rows.length() > 0,
            rx.el.section(
                rx.el.ol(rx.foreach(AuditState.rows, _entry), class_name="log"),
                _pages(),
                class_name="panel",
                aria_label=AUDIT_ITEM.label,
            ),
            rx.cond(
                AuditState.is_filtered | (AuditState.newest_href != ""),
                empty_state("search-x", texts.NO_MATCHES, texts.NO_MATCHES_HINT),
                empty_state("history", texts.NO_ENTRIES, texts.NO_ENTRIES_HINT),
            ),
        ),
        rx.el.div(link(href=AuditState.target, attrs={"data-go": AuditState.target}, tab_index=-1), hidden=True),
        lead=texts.LEAD,
    )


def _filters() -> rx.Component:
    return rx.el.div(
        rx.el.nav(
            rx.foreach(
                AuditState.kinds,
                lambda kind: link(kind.label, href=kind.href, aria_current=rx.cond(kind.selected, "true", "false")),
            ),
            class_name="segments wrapping",
            aria_label=texts.KIND,
        ),
        rx.el.form(
            rx.el.label(
                texts.ACTOR,
                rx.el.select(
                    rx.foreach(
                        AuditState.actors,
                        lambda actor: rx.el.option(actor.label, value=actor.value, selected=actor.selected),
                    ),
                    name="actor",
                ),
                class_name="field",
            ),
            _day_field(texts.FROM, "from", AuditState.first_day),
            _day_field(texts.TO, "to", AuditState.last_day),
            rx.el.button(texts.APPLY, type="submit", class_name="button"),
            rx.cond(AuditState.is_filtered, link(texts.CLEAR, href=AuditState.clear_href, class_name="button plain")),
            on_submit=AuditState.apply_filters,
            class_name="filter-form",
            aria_label=texts.FILTERS,
        ),
        class_name="filter-row",
    )


def _day_field(label: str, name: str, value: Any) -> rx.Component:
    return rx.el.label(label, rx.el.input(type="date", name=name, default_value=value, key=value), class_name="field")


def _entry(row: rx.Var[EntryRow]) -> rx.Component:
    return rx.fragment(
        rx.cond(row.day != "", rx.el.li(rx.el.h2(row.day), class_name="log-day")),
        rx.el.li(
            rx.el.details(
                rx.el.summary(
                    letter_avatar(row.hue, row.initial, size=28),
                    rx.el.span(rx.el.bdi(row.actor, class_name="name"), " ", rx.el.bdi(row.sentence)),
                    rx.cond(row.note != "", rx.el.span(row.note, class_name="badge")),
                    rx.el.span(row.source, class_name="origin"),
                    rx.el.time(row.time, class_name="numbers"),
                    icon("chevron-down", 16),
                ),
                rx.el.dl(
                    rx.el.dt(texts.BEFORE),
                    rx.el.dd(rx.el.bdi(row.before)),
                    rx.el.dt(texts.AFTER),
                    rx.el.dd(rx.el.bdi(row.after)),
                    rx.cond(row.reason != "", rx.fragment(rx.el.dt(texts.REASON), rx.el.dd(rx.el.bdi(row.reason)))),
                    rx.el.dt(row.number),
                    rx.el.dd(row.moment, class_name="numbers"),
                ),
            ),
            rx.cond(
                row.can_undo,
                rx.el.button(
                    icon("undo-2", 15),
                    texts.UNDO,
                    type="button",
                    class_name="button small",
                    on_click=STATE.undo_entry(row.id),
                ),
            ),
            class_name="log-entry",
        ),
    )


def _pages() -> rx.Component:
    return rx.cond(
        (AuditState.older_href != "") | (AuditState.newest_href != ""),
        rx.el.div(
            rx.cond(AuditState.newest_href != "", link(texts.NEWEST, href=AuditState.newest_href, class_name="button")),
            rx.cond(AuditState.older_href != "", link(texts.OLDER, href=AuditState.older_href, class_name="button")),
            class_name="log-pages",
        ),
    )
