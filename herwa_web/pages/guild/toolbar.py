"""Top bar of a guild's page: name, live counters, and the controls of the view."""

from collections.abc import Callable
from typing import Any

import reflex as rx

from herwa_shared.dashboard_params import ComparisonMode
from herwa_web import texts
from herwa_web.components.controls import avatar, icon, key_hint, link, popover, popover_trigger, search_box
from herwa_web.components.status_views import skeleton
from herwa_web.layout_state import LayoutState
from herwa_web.navigation import EXPORTS_ITEM
from herwa_web.pages.guild.channel_icon import channel_icon, name_parts
from herwa_web.pages.guild.channel_views import ChannelView
from herwa_web.pages.guild.links import RANGE_KEYS
from herwa_web.pages.guild.state import OverviewState

LIVE_INTERVAL_SECONDS = 3
REFRESH_INTERVAL_SECONDS = 15


def toolbar() -> rx.Component:
    """Render the top bar and its popovers."""
    return rx.fragment(
        rx.el.header(
            rx.cond(
                LayoutState.server.id != "",
                _server_header(),
                rx.cond(
                    OverviewState.phase == "loading",
                    _header_skeleton(),
                    rx.el.div(rx.el.h1(texts.OVERVIEW), class_name="place"),
                ),
            ),
            rx.match(
                OverviewState.phase,
                ("loading", _tools_skeleton()),
                ("ready", _tools()),
                ("new", _tools()),
                ("no_channel", _tools()),
                ("failed", rx.cond(OverviewState.overview.range_title != "", _tools())),
                rx.fragment(),
            ),
            class_name="topbar with-tools",
        ),
        _dates_popover(),
        _comparison_popover(),
        _channel_popover(),
        _poll_timers(),
    )


def _tools() -> rx.Component:
    return rx.el.div(
        _period_buttons(), _dates_button(), _comparison_button(), _filter_button(), _export_link(), class_name="tools"
    )


def _header_skeleton() -> rx.Component:
    return rx.el.div(
        skeleton("36px", "36px", borderRadius="30%"), skeleton("150px", "18px"), class_name="place", aria_hidden="true"
    )


def _tools_skeleton() -> rx.Component:
    return rx.el.div(
        *(skeleton(width, "36px", borderRadius="10px") for width in ("72px", "150px", "110px", "80px")),
        class_name="tools",
        aria_hidden="true",
    )


def _server_header() -> rx.Component:
    return rx.el.div(
        avatar(LayoutState.server.picture, LayoutState.server.hue, LayoutState.server.initial, size=36),
        rx.el.div(
            rx.el.h1(rx.el.bdi(LayoutState.server.name), custom_attrs={"dir": "auto"}),
            _live_counters(),
            style={"minWidth": "0"},
        ),
        class_name="place",
    )


def _live_counters() -> rx.Component:
    """Render the members who are online and in voice now. Without a connection it shows `OFFLINE` instead."""
    has_data = (OverviewState.phase == "ready") | (OverviewState.phase == "new") | (OverviewState.phase == "no_channel")
    return rx.el.div(
        rx.cond((OverviewState.in_voice != "") | has_data, rx.el.span(class_name="pulse", aria_hidden="true")),
        rx.cond(
            OverviewState.in_voice != "",
            rx.el.span(
                rx.cond(
                    OverviewState.online != "",
                    rx.fragment(rx.el.b(OverviewState.online, id="online"), f" {texts.ONLINE} · "),
                ),
                rx.el.b(OverviewState.in_voice, id="in-voice"),
                f" {texts.IN_VOICE}",
                class_name="when-online",
            ),
            rx.cond(has_data, rx.el.span(texts.BOT_OFFLINE, class_name="when-online")),
        ),
        rx.el.span(texts.OFFLINE, class_name="when-offline"),
        class_name=rx.cond(OverviewState.in_voice != "", "live numbers", "live numbers waiting"),
        role="group",
        aria_label=texts.LIVE_COUNTERS,
    )


def _filter_button() -> rx.Component:
    return popover_trigger(
        "filter",
        icon("list-filter", 16),
        rx.el.span(texts.FILTER, class_name="wide"),
        class_name="button",
        on_click=OverviewState.load_channels,
        aria_label=texts.FILTER_BY_CHANNEL,
        attrs={"data-key": "/"},
    )


def _export_link() -> rx.Component:
    return link(
        icon(EXPORTS_ITEM.icon, 16),
        href=OverviewState.hrefs["export"],
        tip=texts.EXPORT_VIEW,
        aria_label=texts.EXPORT_VIEW,
        class_name="button square",
    )


def _period_buttons() -> rx.Component:
    return rx.el.div(
        *(
            link(
                icon(tag, 17),
                href=OverviewState.hrefs[name],
                letter=letter,
                tip=tip,
                aria_label=label,
                aria_disabled=OverviewState.hrefs[name] == "",
                class_name="button square",
            )
            for name, tag, letter, label, tip in (
                ("previous", "chevron-left", "ArrowLeft", texts.PREVIOUS_PERIOD, texts.PREVIOUS_PERIOD_TIP),
                ("next", "chevron-right", "ArrowRight", texts.NEXT_PERIOD, texts.NEXT_PERIOD_TIP),
            )
        ),
        class_name="joined",
    )


def _dates_button() -> rx.Component:
    return popover_trigger(
        "dates",
        icon("calendar-days", 16),
        rx.el.span(OverviewState.overview.range_title, class_name="name"),
        icon("chevron-down", 15),
        class_name="button shrinking",
        aria_label=texts.format_dates_label(OverviewState.overview.range_title),
        attrs={"data-key": "C"},
    )


def _comparison_button() -> rx.Component:
    return popover_trigger(
        "compare",
        icon("git-compare-arrows", 16),
        rx.el.span(_match_comparison(str), class_name="wide"),
        class_name="button",
        aria_label=_match_comparison(texts.format_comparison_label),
    )


def _match_comparison(format_text: Callable[[str], str]) -> rx.Var[str]:
    """Select the text of the current comparison."""
    text: rx.Var[str] = rx.match(
        OverviewState.overview.comparison,
        *((mode, format_text(label)) for mode, label in texts.COMPARISON_BUTTONS.items()),
        format_text(texts.COMPARE),
    )
    return text


def _dates_popover() -> rx.Component:
    overview = OverviewState.overview
    return popover(
        "dates",
        texts.DATES,
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
        _dates_form(overview.first_day, overview.last_day, OverviewState.pick_dates),
        rx.el.p(overview.zone_hint, " ", texts.TODAY_INCLUDED, class_name="footnote"),
    )


def _dates_form(first_day: Any, last_day: Any, on_submit: Any) -> rx.Component:
    return rx.el.form(
        _date_field("from", texts.FROM, first_day),
        _date_field("to", texts.TO, last_day),
        rx.el.button(texts.APPLY, type="submit", class_name="button main", custom_attrs={"data-closes": ""}),
        on_submit=on_submit,
        key=f"{first_day}{last_day}",
        class_name="dates-form",
    )


def _date_field(name: str, label: str, value: Any) -> rx.Component:
    return rx.el.label(
        label, rx.el.input(type="date", name=name, default_value=value, required=True), class_name="field"
    )


def _comparison_popover() -> rx.Component:
    overview = OverviewState.overview
    return popover(
        "compare",
        texts.COMPARE_WITH,
        *(
            link(
                label,
                *((key_hint("X"),) if comparison == ComparisonMode.OFF else ()),
                href=OverviewState.hrefs[f"compare_{comparison}"],
                class_name="choice",
                aria_current=overview.comparison == comparison,
            )
            for comparison, label in texts.COMPARISONS.items()
        ),
        link(texts.TOGGLE_COMPARISON, href=OverviewState.hrefs["compare"], letter="X", hidden=True),
        rx.el.hr(),
        rx.el.h2(
            texts.CUSTOM_DATES,
            class_name="choice-title",
            aria_current=overview.comparison == ComparisonMode.CUSTOM.value,
        ),
        _dates_form(overview.base_first_day, overview.base_last_day, OverviewState.pick_comparison),
        rx.cond(
            overview.comparison_problem != "",
            rx.el.p(overview.comparison_problem, class_name="footnote"),
            rx.cond(
                overview.comparison_title != "",
                rx.el.p(texts.describe_comparison(overview.comparison_title), class_name="footnote"),
            ),
        ),
    )


def _channel_popover() -> rx.Component:
    return popover(
        "filter",
        texts.FILTER_BY_CHANNEL,
        search_box("filter", texts.FIND_CHANNEL),
        link(
            icon("globe", 17),
            texts.ALL_CHANNELS,
            href=OverviewState.hrefs["all_channels"],
            class_name="choice",
            aria_current=OverviewState.overview.channel.name == "",
        ),
        rx.foreach(OverviewState.channels, _channel_option),
    )


def _channel_option(channel: ChannelView) -> rx.Component:
    return link(
        channel_icon(channel.kind),
        *name_parts(channel.name, mark=rx.cond(channel.is_deleted, texts.DELETED, "")),
        rx.el.bdi(channel.place, class_name="end change"),
        href=channel.href,
        class_name="choice",
        aria_current=channel.selected,
    )


def _poll_timers() -> rx.Component:
    """Render hidden controls that herwa.js clicks: buttons periodically, and a link when its URL changes.

    `data-every` is the interval of a button in seconds, `data-go` the URL of the link.
    """
    return rx.el.div(
        rx.el.button(
            on_click=OverviewState.poll_live, custom_attrs={"data-every": str(LIVE_INTERVAL_SECONDS)}, tab_index=-1
        ),
        rx.el.button(
            on_click=OverviewState.refresh, custom_attrs={"data-every": str(REFRESH_INTERVAL_SECONDS)}, tab_index=-1
        ),
        link(href=OverviewState.target, attrs={"data-go": OverviewState.target}, tab_index=-1),
        hidden=True,
    )
