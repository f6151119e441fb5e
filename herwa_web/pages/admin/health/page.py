"""The health page of the operator's panel."""

from typing import Any

import reflex as rx

from herwa_web.components.controls import icon, link
from herwa_web.pages.admin.components import panel, rows_or, share_bar, text_row
from herwa_web.pages.admin.frame import HEALTH_ITEM, panel_page
from herwa_web.pages.admin.health import texts
from herwa_web.pages.admin.health.state import AdminHealthState, PipelineStep, ShardTile, SlowRow
from herwa_web.pages.admin.server.view_models import TextRow

STATE: Any = AdminHealthState
VIEW: Any = AdminHealthState.view
REFRESH_INTERVAL_SECONDS = 3


def health_page() -> rx.Component:
    """Render the page."""
    return panel_page(
        AdminHealthState,
        HEALTH_ITEM,
        rx.el.section(
            rx.cond(
                VIEW.problems.length() > 0,
                rx.el.p(icon("triangle-alert", 20), VIEW.summary, class_name="health-summary red"),
                rx.el.p(icon("circle-check", 20), VIEW.summary, class_name="health-summary green"),
            ),
            rx.el.ul(rx.foreach(VIEW.problems, rx.el.li), class_name="health-problems"),
            class_name="panel",
            role="status",
        ),
        panel(
            texts.PIPELINE,
            rx.el.ol(rx.foreach(VIEW.steps, _step), class_name="phases"),
        ),
        rx.el.div(
            panel(texts.PROCESSES, rx.el.ul(rx.foreach(VIEW.processes, text_row), class_name="settings")),
            panel(
                texts.SHARDS,
                rx.cond(
                    VIEW.shards.length() > 0,
                    rx.el.ul(rx.foreach(VIEW.shards, _shard), class_name="shards"),
                    rx.el.p(texts.NO_SHARDS, class_name="about padded"),
                ),
            ),
            panel(texts.STORES, rx.el.ul(rx.foreach(VIEW.sizes, share_bar), class_name="usage-bars")),
            panel(texts.ERRORS, rows_or(VIEW.errors, text_row, texts.NO_ERRORS)),
            panel(texts.SLOW, rows_or(VIEW.slow, _slow, texts.NO_SLOW)),
            class_name="panels two",
        ),
        panel(texts.JOBS, rows_or(VIEW.jobs, _job, texts.NO_JOBS), layout="two-columns"),
        refresh_seconds=REFRESH_INTERVAL_SECONDS,
    )


def _step(step: rx.Var[PipelineStep]) -> rx.Component:
    return rx.el.li(
        rx.el.span(step.label, class_name="label"),
        rx.el.span(step.text, class_name="numbers"),
        rx.el.span(step.note, class_name="about numbers " + step.tone),
    )


def _shard(shard: rx.Var[ShardTile]) -> rx.Component:
    return rx.el.li(
        rx.el.span(shard.id, class_name="numbers"),
        rx.el.span(shard.text, class_name="numbers"),
        rx.el.span(shard.tip, class_name="unseen"),
        class_name="shard " + shard.tone,
        custom_attrs={"data-tip": shard.tip},
    )


def _slow(slow: rx.Var[SlowRow]) -> rx.Component:
    return rx.el.li(
        link(slow.label, href=slow.href), rx.el.span(slow.text, class_name="about numbers"), class_name="setting"
    )


def _job(row: rx.Var[TextRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.h3(row.label),
                rx.cond(row.badge != "", rx.el.span(row.badge, class_name="badge " + row.tone)),
                class_name="setting-title",
            ),
            rx.el.p(rx.foreach(row.facts, rx.el.span), class_name="about facts"),
            class_name="setting-text",
        ),
        rx.el.button(
            icon("play", 14),
            texts.RUN_NOW,
            type="button",
            class_name="button small",
            aria_label=f"{texts.RUN_NOW}: {row.label}",
            on_click=STATE.run_job(row.key),
        ),
        class_name="setting",
    )
