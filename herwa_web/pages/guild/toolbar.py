"""Top bar of a guild's page: name, live counters, and the controls of the view."""

from typing import Any

import reflex as rx

from herwa_web.components.controls import avatar, icon, key_hint, link, popover, popover_trigger, search_box
from herwa_web.pages.guild.links import COMPARISON_LABELS, RANGE_KEYS
from herwa_web.pages.guild.state import OverviewState
from herwa_web.pages.guild.view_models import ChannelView

LIVE_INTERVAL_SECONDS = 3
REFRESH_INTERVAL_SECONDS = 15


def toolbar() -> rx.Component:
    """Render the top bar and its popovers."""
    return rx.fragment(
        rx.el.header(
            rx.cond(
                OverviewState.server.id != "",
                rx.fragment(
                    _server_header(),
                    rx.cond(
                        OverviewState.phase != "refused",
                        rx.el.div(
                            _filter_button(),
                            _period_buttons(),
                            _dates_button(),
                            _comparison_button(),
                            class_name="tools",
                        ),
                    ),
                ),
            ),
            class_name="topbar",
        ),
        _dates_popover(),
        _comparison_popover(),
        _channel_popover(),
        _poll_timers(),
    )


def bottom_items() -> tuple[rx.Component, ...]:
    """Render the items of this page in the bottom bar on phones."""
    return (
        link(icon("chart-line", 20), "Overview", href="", aria_current="page"),
        rx.cond(
            OverviewState.phase != "refused",
            rx.fragment(
                popover_trigger("dates", icon("calendar-days", 20), "Dates", class_name=""),
                popover_trigger(
                    "filter", icon("list-filter", 20), "Filter", class_name="", on_click=OverviewState.load_channels
                ),
            ),
        ),
    )


def _server_header() -> rx.Component:
    return rx.el.div(
        avatar(OverviewState.server.picture, OverviewState.server.hue, OverviewState.server.initial, size=36),
        rx.el.div(
            rx.el.h1(rx.el.bdi(OverviewState.server.name), custom_attrs={"dir": "auto"}),
            rx.cond(OverviewState.phase != "refused", _live_counters()),
            style={"minWidth": "0"},
        ),
        class_name="place",
    )


def _live_counters() -> rx.Component:
    """Render the members who are online and in voice now."""
    return rx.el.div(
        rx.cond(
            OverviewState.in_voice != "",
            rx.fragment(
                rx.el.span(class_name="pulse", aria_hidden="true"),
                rx.cond(
                    OverviewState.online != "",
                    rx.el.span(rx.el.b(OverviewState.online, id="online"), " online ·"),
                ),
                rx.el.span(rx.el.b(OverviewState.in_voice, id="in-voice"), " in voice"),
            ),
            rx.cond(OverviewState.phase == "ready", rx.el.span("waiting for the bot")),
        ),
        class_name="live numbers",
        aria_label="Now",
    )


def _filter_button() -> rx.Component:
    return popover_trigger(
        "filter",
        icon("list-filter", 16),
        rx.el.span("Filter", class_name="wide"),
        class_name="button",
        on_click=OverviewState.load_channels,
        aria_label="Narrow to a channel",
        attrs={"data-key": "/"},
    )


def _period_buttons() -> rx.Component:
    return rx.el.div(
        *(
            link(
                icon(tag, 17),
                href=OverviewState.hrefs[name],
                letter=letter,
                tip=tip,
                aria_label=tip,
                aria_disabled=OverviewState.hrefs[name] == "",
                class_name="button square",
            )
            for name, tag, letter, tip in (
                ("previous", "chevron-left", "ArrowLeft", "One period back"),
                ("next", "chevron-right", "ArrowRight", "One period on"),
            )
        ),
        class_name="joined phone-kept",
    )


def _dates_button() -> rx.Component:
    return popover_trigger(
        "dates",
        icon("calendar-days", 16),
        rx.el.span(OverviewState.overview.range_title),
        icon("chevron-down", 15),
        class_name="button",
        aria_label="Choose the dates",
        attrs={"data-key": "C"},
    )


def _comparison_button() -> rx.Component:
    return popover_trigger(
        "compare",
        icon("git-compare-arrows", 16),
        rx.el.span(
            rx.match(
                OverviewState.overview.comparison,
                ("previous", "vs previous period"),
                ("year", "vs a year before"),
                ("custom", "vs own dates"),
                "Compare",
            ),
            class_name="wide",
        ),
        class_name="button",
        aria_label="Choose what to compare with",
    )


def _dates_popover() -> rx.Component:
    overview = OverviewState.overview
    return popover(
        "dates",
        "Dates",
        *(
            link(
                preset.label,
                key_hint(letter),
                href=OverviewState.hrefs[f"range_{preset.name.lower()}"],
                letter=letter,
                class_name="choice",
                aria_current=overview.range_key == preset.value,
            )
            for preset, letter in RANGE_KEYS.items()
        ),
        rx.el.hr(),
        rx.el.form(
            _date_field("from", "From", overview.first_day),
            _date_field("to", "To", overview.last_day),
            rx.el.button("Show these dates", type="submit", class_name="button main", custom_attrs={"data-closes": ""}),
            on_submit=OverviewState.pick_dates,
            key=f"{overview.first_day}{overview.last_day}",
            class_name="dates-form",
        ),
        rx.el.p("Days as in ", overview.zone, ", today included.", class_name="footnote"),
    )


def _date_field(name: str, label: str, value: Any) -> rx.Component:
    return rx.el.label(
        label, rx.el.input(type="date", name=name, default_value=value, required=True), class_name="field"
    )


def _comparison_popover() -> rx.Component:
    return popover(
        "compare",
        "Compare with",
        *(
            link(
                label,
                *((key_hint("X"),) if comparison == "off" else ()),
                href=OverviewState.hrefs[f"compare_{comparison}"],
                class_name="choice",
                aria_current=OverviewState.overview.comparison == comparison.value,
            )
            for comparison, label in COMPARISON_LABELS.items()
        ),
        link("Compare or not", href=OverviewState.hrefs["compare"], letter="X", hidden=True),
        rx.cond(
            OverviewState.overview.comparison_title != "",
            rx.el.p("Compared with ", OverviewState.overview.comparison_title, ".", class_name="footnote"),
        ),
    )


def _channel_popover() -> rx.Component:
    return popover(
        "filter",
        "Narrow to a channel",
        search_box("filter", "Find a channel"),
        link(icon("globe", 17), "The whole server", href=OverviewState.hrefs["all_channels"], class_name="choice"),
        rx.foreach(OverviewState.channels, _channel_option),
    )


def _channel_option(channel: ChannelView) -> rx.Component:
    return link(
        rx.cond(channel.is_voice, icon("volume-2", 17), icon("hash", 17)),
        rx.el.span(rx.el.bdi(channel.name), class_name="name"),
        rx.el.span(rx.el.bdi(channel.category), class_name="end change"),
        href=channel.href,
        class_name="choice",
        aria_current=channel.selected,
    )


def _poll_timers() -> rx.Component:
    """Render hidden buttons that herwa.js clicks periodically while the page is visible.

    `data-every` is the interval in seconds.
    """
    return rx.el.div(
        rx.el.button(
            on_click=OverviewState.poll_live, custom_attrs={"data-every": str(LIVE_INTERVAL_SECONDS)}, tab_index=-1
        ),
        rx.el.button(
            on_click=OverviewState.refresh, custom_attrs={"data-every": str(REFRESH_INTERVAL_SECONDS)}, tab_index=-1
        ),
        hidden=True,
    )
