"""The top bar of a guild's page: who it is, how many are there now, and what the page shows of it."""

from typing import Any

import reflex as rx

from herwa_web.components.controls import face, find, icon, key, link, opener, sheet
from herwa_web.pages.guild.links import COMPARISONS, RANGE_KEYS
from herwa_web.pages.guild.state import Overview
from herwa_web.pages.guild.view_models import PlaceShown

FOLLOW_SECONDS = 3
REFRESH_SECONDS = 15


def toolbar() -> rx.Component:
    """The whole bar, and the sheets that it opens."""
    return rx.fragment(
        rx.el.header(
            rx.cond(
                Overview.server.id != "",
                rx.fragment(
                    _place(),
                    rx.cond(
                        Overview.phase != "refused",
                        rx.el.div(_filter(), _step(), _dates(), _compare(), class_name="tools"),
                    ),
                ),
            ),
            class_name="topbar",
        ),
        _dates_sheet(),
        _compare_sheet(),
        _filter_sheet(),
        _clocks(),
    )


def foot() -> tuple[rx.Component, ...]:
    """What a phone has at hand."""
    return (
        link(icon("chart-line", 20), "Overview", href="", aria_current="page"),
        rx.cond(
            Overview.phase != "refused",
            rx.fragment(
                opener("dates", icon("calendar-days", 20), "Dates", class_name=""),
                opener("filter", icon("list-filter", 20), "Filter", class_name="", on_click=Overview.list_places),
            ),
        ),
    )


def _place() -> rx.Component:
    return rx.el.div(
        face(Overview.server.picture, Overview.server.hue, Overview.server.initial, size=36),
        rx.el.div(
            rx.el.h1(rx.el.bdi(Overview.server.name), custom_attrs={"dir": "auto"}),
            rx.cond(Overview.phase != "refused", _now()),
            style={"minWidth": "0"},
        ),
        class_name="place",
    )


def _now() -> rx.Component:
    """How many are there at this moment."""
    return rx.el.div(
        rx.cond(
            Overview.in_voice != "",
            rx.fragment(
                rx.el.span(class_name="pulse", aria_hidden="true"),
                rx.cond(
                    Overview.online != "",
                    rx.el.span(rx.el.b(Overview.online, id="online"), " online ·"),
                ),
                rx.el.span(rx.el.b(Overview.in_voice, id="in-voice"), " in voice"),
            ),
            rx.cond(Overview.phase == "ready", rx.el.span("waiting for the bot")),
        ),
        class_name="live numbers",
        aria_label="Now",
    )


def _filter() -> rx.Component:
    return opener(
        "filter",
        icon("list-filter", 16),
        rx.el.span("Filter", class_name="wide"),
        class_name="button",
        on_click=Overview.list_places,
        aria_label="Narrow to a channel",
        attrs={"data-key": "/"},
    )


def _step() -> rx.Component:
    return rx.el.div(
        *(
            link(
                icon(tag, 17),
                href=Overview.hrefs[name],
                letter=letter,
                tip=tip,
                aria_label=tip,
                aria_disabled=Overview.hrefs[name] == "",
                class_name="button square",
            )
            for name, tag, letter, tip in (
                ("sooner", "chevron-left", "ArrowLeft", "One period back"),
                ("later", "chevron-right", "ArrowRight", "One period on"),
            )
        ),
        class_name="joined phone-kept",
    )


def _dates() -> rx.Component:
    return opener(
        "dates",
        icon("calendar-days", 16),
        rx.el.span(Overview.laid.range_title),
        icon("chevron-down", 15),
        class_name="button",
        aria_label="Choose the dates",
        attrs={"data-key": "C"},
    )


def _compare() -> rx.Component:
    return opener(
        "compare",
        icon("git-compare-arrows", 16),
        rx.el.span(
            rx.match(
                Overview.laid.compare,
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


def _dates_sheet() -> rx.Component:
    laid = Overview.laid
    return sheet(
        "dates",
        "Dates",
        *(
            link(
                one.label,
                key(letter),
                href=Overview.hrefs[f"range_{one.name.lower()}"],
                letter=letter,
                class_name="choice",
                aria_current=laid.range == one.value,
            )
            for one, letter in RANGE_KEYS.items()
        ),
        rx.el.hr(),
        rx.el.form(
            _date("from", "From", laid.first),
            _date("to", "To", laid.last),
            rx.el.button("Show these dates", type="submit", class_name="button main", custom_attrs={"data-closes": ""}),
            on_submit=Overview.pick_dates,
            key=f"{laid.first}{laid.last}",
            class_name="dates-form",
        ),
        rx.el.p("Days as in ", laid.zone, ", today included.", class_name="footnote"),
    )


def _date(name: str, label: str, value: Any) -> rx.Component:
    return rx.el.label(
        label, rx.el.input(type="date", name=name, default_value=value, required=True), class_name="field"
    )


def _compare_sheet() -> rx.Component:
    return sheet(
        "compare",
        "Compare with",
        *(
            link(
                label,
                *((key("X"),) if name == "off" else ()),
                href=Overview.hrefs[f"compare_{name}"],
                class_name="choice",
                aria_current=Overview.laid.compare == name.value,
            )
            for name, label in COMPARISONS.items()
        ),
        link("Compare or not", href=Overview.hrefs["compare"], letter="X", hidden=True),
        rx.cond(
            Overview.laid.compare_title != "",
            rx.el.p("Compared with ", Overview.laid.compare_title, ".", class_name="footnote"),
        ),
    )


def _filter_sheet() -> rx.Component:
    return sheet(
        "filter",
        "Narrow to a channel",
        find("filter", "Find a channel"),
        link(icon("globe", 17), "The whole server", href=Overview.hrefs["whole"], class_name="choice"),
        rx.foreach(Overview.places, _place_choice),
    )


def _place_choice(place: PlaceShown) -> rx.Component:
    return link(
        rx.cond(place.voice, icon("volume-2", 17), icon("hash", 17)),
        rx.el.span(rx.el.bdi(place.name), class_name="name"),
        rx.el.span(rx.el.bdi(place.within), class_name="end change"),
        href=place.href,
        class_name="choice",
        aria_current=place.chosen,
    )


def _clocks() -> rx.Component:
    """Buttons that the page itself presses from time to time, while somebody looks."""
    return rx.el.div(
        rx.el.button(on_click=Overview.follow, custom_attrs={"data-every": str(FOLLOW_SECONDS)}, tab_index=-1),
        rx.el.button(on_click=Overview.refresh, custom_attrs={"data-every": str(REFRESH_SECONDS)}, tab_index=-1),
        hidden=True,
    )
