"""Channels as elements of the page: the icon of their kind, and the name with what tells it from others."""

from typing import Any

import reflex as rx

from herwa_shared.services.channels import ChannelKind
from herwa_web import texts
from herwa_web.components.controls import icon

ICONS = {
    ChannelKind.VOICE: "volume-2",
    ChannelKind.ANNOUNCEMENT: "megaphone",
    ChannelKind.STAGE: "radio",
    ChannelKind.FORUM: "messages-square",
    ChannelKind.MEDIA: "images",
}


def channel_icon(kind: Any, size: int = 17) -> rx.Component:
    """Render the icon of a kind of channel, and its name for screen readers."""
    return rx.el.span(
        rx.match(kind, *((name.value, icon(tag, size)) for name, tag in ICONS.items()), icon("hash", size)),
        rx.match(
            kind,
            *((name.value, rx.el.span(texts.CHANNEL_KINDS[name], class_name="unseen")) for name in ICONS),
            rx.fragment(),
        ),
        class_name="channel-sign",
    )


def name_parts(name: Any, place: Any = "", mark: Any = "") -> tuple[rx.Component, ...]:
    """Render a name; beside it the channel's category if its name is not unique, and a mark such as `deleted`."""
    return (
        rx.el.bdi(name, class_name="name"),
        rx.cond(place != "", rx.el.bdi(place, class_name="origin")),
        rx.cond(mark != "", rx.el.span(mark, class_name="mark")),
    )
