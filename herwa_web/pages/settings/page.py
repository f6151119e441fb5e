"""Settings page: time, data about members, support channels, requests for access."""

from typing import Any

import reflex as rx

from herwa_shared.services.guild_settings import GuildSetting
from herwa_web.components.controls import icon
from herwa_web.components.guild_frame import guild_page
from herwa_web.components.message_row import message_row
from herwa_web.components.save_bar import save_bar
from herwa_web.components.setting_rows import setting_panel, setting_row
from herwa_web.navigation import SETTINGS_ITEM
from herwa_web.pages.settings import texts
from herwa_web.pages.settings.state import SettingsState
from herwa_web.pages.settings.view_models import ChannelChip, list_zone_groups

STATE: Any = SettingsState
"""The state without its type: mypy does not know that handlers can be called with arguments."""


def settings_page() -> rx.Component:
    """Render the settings page."""
    return guild_page(
        SettingsState,
        SETTINGS_ITEM,
        rx.el.div(_time_panel(), _audience_panel(), _tickets_panel(), _requests_panel(), class_name="setting-panels"),
        save_bar(SettingsState),
        lead=texts.LEAD,
    )


def _time_panel() -> rx.Component:
    return setting_panel(
        texts.TIME_AND_WEEKS,
        setting_row(texts.TIME_ZONE, texts.TIME_ZONE_HINT, _zone_select(), note=SettingsState.zone_hint),
        setting_row(
            texts.WEEK_START,
            texts.WEEK_START_HINT,
            rx.el.div(
                *(_choice(GuildSetting.WEEK_START, value, label) for value, label in texts.WEEK_STARTS.items()),
                class_name="segments",
                role="group",
                aria_label=texts.WEEK_START,
            ),
        ),
    )


def _choice(setting: GuildSetting, value: str, label: str) -> rx.Component:
    return rx.el.button(
        label,
        type="button",
        aria_pressed=SettingsState.week_start == value,
        on_click=STATE.put_value(setting.value, value),
    )


def _zone_select() -> rx.Component:
    return rx.el.select(
        rx.cond(
            SettingsState.unlisted_zone != "",
            rx.el.option(SettingsState.unlisted_zone, value=SettingsState.unlisted_zone),
        ),
        *(
            rx.el.optgroup(*(rx.el.option(option.label, value=option.value) for option in options), label=region)
            for region, options in list_zone_groups()
        ),
        value=SettingsState.time_zone,
        on_change=lambda value: STATE.put_value(GuildSetting.TIME_ZONE.value, value),
        aria_label=texts.TIME_ZONE,
    )


def _audience_panel() -> rx.Component:
    return setting_panel(
        texts.MEMBER_DATA,
        rx.el.li(
            rx.el.div(
                rx.el.h3(texts.AUDIENCE), rx.el.p(texts.AUDIENCE_HINT, class_name="about"), class_name="setting-text"
            ),
            rx.el.div(
                *(_audience_card(value, *words) for value, words in texts.AUDIENCES.items()),
                role="radiogroup",
                aria_label=texts.AUDIENCE,
                class_name="radio-cards",
            ),
            class_name="setting stacked",
        ),
    )


def _audience_card(value: str, title: str, text: str) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="radio",
            name="audience",
            checked=SettingsState.audience == value,
            on_change=lambda _checked: STATE.put_value(GuildSetting.MEMBER_AUDIENCE.value, value),
            class_name="radio",
        ),
        rx.el.span(rx.el.strong(title), rx.el.span(text, class_name="about")),
        class_name="radio-card",
    )


def _tickets_panel() -> rx.Component:
    return setting_panel(
        texts.TICKETS,
        rx.el.li(
            rx.el.p(texts.TICKETS_HINT, class_name="about"),
            rx.cond(
                SettingsState.support_channels.length() > 0,
                rx.el.ul(rx.foreach(SettingsState.support_channels, _chip), class_name="chips"),
                rx.el.p(texts.NO_SUPPORT_CHANNELS, class_name="about"),
            ),
            rx.el.select(
                rx.el.option(texts.ADD_CHANNEL, value=""),
                rx.foreach(SettingsState.other_channels, lambda option: rx.el.option(option.label, value=option.value)),
                value="",
                on_change=STATE.mark_channel,
                aria_label=texts.ADD_CHANNEL,
            ),
            class_name="setting stacked",
        ),
    )


def _chip(chip: rx.Var[ChannelChip]) -> rx.Component:
    return rx.el.li(
        rx.el.bdi(chip.label, class_name="name"),
        rx.cond(chip.is_deleted, rx.el.span(texts.DELETED, class_name="change")),
        rx.el.button(
            icon("x", 14),
            type="button",
            aria_label=f"{texts.REMOVE_CHANNEL} {chip.label}",
            on_click=STATE.unmark_channel(chip.key),
        ),
        class_name=rx.cond(chip.is_new, "chip new", "chip"),
    )


def _requests_panel() -> rx.Component:
    return setting_panel(
        texts.REQUESTS,
        setting_row(
            texts.REQUEST_CHANNEL,
            texts.REQUEST_CHANNEL_HINT,
            rx.el.select(
                rx.el.option(texts.NO_CHANNEL, value=""),
                rx.foreach(
                    SettingsState.request_channels, lambda option: rx.el.option(option.label, value=option.value)
                ),
                value=SettingsState.request_channel,
                on_change=lambda value: STATE.put_value(GuildSetting.REQUEST_CHANNEL.value, value),
                aria_label=texts.REQUEST_CHANNEL,
            ),
        ),
        message_row(texts.MESSAGES, texts.MESSAGES_HINT, SettingsState),
    )
