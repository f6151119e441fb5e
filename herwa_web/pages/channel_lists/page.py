"""Channel lists page: where commands, features and modules work."""

from typing import Any

import reflex as rx

from herwa_web import texts as web_texts
from herwa_web.components.controls import icon, icon_button
from herwa_web.components.guild_frame import guild_page
from herwa_web.components.save_bar import save_bar
from herwa_web.components.status_views import empty_state
from herwa_web.navigation import CHANNELS_ITEM
from herwa_web.pages.channel_lists import texts
from herwa_web.pages.channel_lists.state import ChannelListsState
from herwa_web.pages.channel_lists.view_models import ListCard, PlaceChoice

STATE: Any = ChannelListsState


def channel_lists_page() -> rx.Component:
    """Render the channel lists page."""
    return guild_page(
        ChannelListsState,
        CHANNELS_ITEM,
        rx.el.div(
            rx.el.button(
                icon("plus", 16),
                texts.NEW_LIST,
                type="button",
                class_name="button main",
                on_click=STATE.open_editor(""),
                custom_attrs={"data-key": "N"},
            ),
            class_name="filter-row end",
        ),
        rx.cond(ChannelListsState.editing, _editor()),
        rx.cond(
            ChannelListsState.cards.length() > 0,
            rx.el.section(
                rx.el.ul(rx.foreach(ChannelListsState.cards, _card), class_name="settings"),
                class_name="panel",
                aria_label=CHANNELS_ITEM.label,
            ),
            rx.cond(ChannelListsState.editing, rx.fragment(), empty_state("hash", texts.NO_LISTS, texts.NO_LISTS_HINT)),
        ),
        save_bar(ChannelListsState),
        lead=texts.LEAD,
    )


def _card(card: rx.Var[ListCard]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(
                rx.el.bdi(card.label),
                rx.cond(card.state != "", rx.el.span(card.state, class_name="badge " + card.tone)),
                class_name=rx.cond(card.is_deleted, "setting-title gone", "setting-title"),
            ),
            rx.el.div(
                rx.foreach(card.places, lambda place: rx.el.span(rx.el.bdi(place), class_name="badge")),
                class_name="uses",
            ),
            class_name="setting-text",
        ),
        rx.el.div(
            icon_button("pencil", texts.EDIT, on_click=STATE.open_editor(card.key)),
            icon_button("trash-2", texts.DELETE, on_click=STATE.delete_list(card.key)),
            class_name="row-tools",
        ),
        class_name="setting",
    )


def _editor() -> rx.Component:
    return rx.el.form(
        rx.el.h2(rx.cond(ChannelListsState.edited == "", texts.NEW_LIST, texts.EDIT_LIST)),
        rx.cond(
            ChannelListsState.edited == "",
            rx.el.label(texts.WHAT, _what_select(), class_name="field"),
            rx.el.p(rx.el.bdi(ChannelListsState.edited_label), class_name="setting-title"),
        ),
        rx.el.fieldset(
            rx.el.legend(texts.PLACES),
            rx.el.div(rx.foreach(ChannelListsState.choices, _choice), class_name="place-choices"),
            class_name="places",
        ),
        rx.cond(
            ChannelListsState.form_error != "",
            rx.el.p(ChannelListsState.form_error, class_name="effect red", role="alert"),
        ),
        rx.el.div(
            rx.el.button(web_texts.CANCEL, type="button", class_name="button", on_click=ChannelListsState.close_editor),
            rx.el.button(texts.REVIEW, type="submit", class_name="button main"),
            class_name="form-actions",
        ),
        on_submit=ChannelListsState.put_list,
        class_name="panel form-panel",
        key=ChannelListsState.serial,
        aria_label=texts.EDIT_LIST,
    )


def _what_select() -> rx.Component:
    return rx.el.select(
        _group(texts.COMMANDS, ChannelListsState.command_options),
        _group(texts.FEATURES, ChannelListsState.feature_options),
        _group(texts.MODULES, ChannelListsState.module_options),
        rx.el.option(texts.EVERYTHING, value="everything:"),
        name="what",
    )


def _group(label: str, options: Any) -> rx.Component:
    return rx.el.optgroup(
        rx.foreach(options, lambda option: rx.el.option(option.label, value=option.value)), label=label
    )


def _choice(choice: rx.Var[PlaceChoice]) -> rx.Component:
    return rx.el.label(
        rx.el.input(type="checkbox", name=choice.field, default_checked=choice.checked, class_name="radio"),
        rx.el.bdi(choice.label),
        rx.cond(choice.is_category, rx.el.span(texts.CATEGORY, class_name="badge")),
        class_name="place-choice",
    )
