"""Channels as the page shows them: name, icon, and what tells them from others of the same name."""

from collections.abc import Iterable
from dataclasses import dataclass

from herwa_shared.dashboard_query import DashboardQuery
from herwa_shared.services.channels import ChannelInfo
from herwa_web import texts
from herwa_web.pages.guild.links import link_to_channel


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel in the filter menu or in the chip of the filter.

    `kind` is a value of `ChannelKind`. `place` is its category or creation date if other channels have the same name.
    """

    name: str = ""
    kind: str = ""
    place: str = ""
    is_deleted: bool = False
    href: str = ""
    selected: bool = False


def build_channel_options(channels: Iterable[ChannelInfo], view: DashboardQuery) -> list[ChannelView]:
    """Build the options of the channel filter, each with its category.

    Of the deleted channels only the selected one is an option.
    """
    return [
        build_channel_view(channel, view, place=describe_place(channel) or channel.category or "")
        for channel in channels
        if not channel.is_deleted or channel.id == view.channel_id
    ]


def build_channel_view(channel: ChannelInfo | None, view: DashboardQuery, *, place: str | None = None) -> ChannelView:
    """Build the view of a channel; an empty one for None."""
    if channel is None:
        return ChannelView()
    return ChannelView(
        name=channel.name,
        kind=channel.kind,
        place=describe_place(channel) if place is None else place,
        is_deleted=channel.is_deleted,
        href=link_to_channel(view, channel.id),
        selected=channel.id == view.channel_id,
    )


def describe_place(channel: ChannelInfo) -> str:
    """Return what tells a channel from others of its name; an empty string if its name is unique."""
    if channel.is_name_unique:
        return ""
    return texts.describe_channel_place(channel.category, None if channel.is_place_unique else channel.created_at)


def format_name(channel: ChannelInfo) -> str:
    """Format the name of a channel for a sentence."""
    return texts.format_channel_name(channel.name, channel.kind)
